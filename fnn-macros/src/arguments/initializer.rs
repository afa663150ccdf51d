//! How weights are initialized: one of the variants of `Initializer`, or any other expression.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Lit};

use super::Arguments;
use crate::report::{list, near};

/// The variants of `Initializer`.
pub(super) static INITIALIZERS: &[&str] =
    &["HeNormal", "HeUniform", "GlorotNormal", "GlorotUniform", "LeCunNormal", "LeCunUniform", "Constant"];

impl Arguments {
    /// The initializer, if present: its variants may be written without their type.
    pub(crate) fn initializer(&self, fnn: &TokenStream) -> Option<TokenStream> {
        let given = self.get("init")?;
        let variant = match given {
            Expr::Call(call) => &*call.func,
            given => given,
        };
        Some(match variant {
            Expr::Path(path) if INITIALIZERS.iter().any(|name| path.path.is_ident(name)) => {
                quote!(#fnn::macro_support::Initializer::#given)
            }
            _ => quote!(#given),
        })
    }
}

/// The message for an invalid initializer, as far as the macro can tell.
pub(super) fn mistake(initializer: &Expr) -> Option<String> {
    let (name, values) = match initializer {
        Expr::Path(path) => (path.path.get_ident()?, Vec::new()),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => (path.path.get_ident()?, call.args.iter().collect()),
            _ => return None,
        },
        Expr::Lit(_) => return Some(format!("an initializer must be one of {}", list(INITIALIZERS.iter().copied()))),
        _ => return None,
    };
    let text = name.to_string();
    if !INITIALIZERS.contains(&text.as_str()) {
        // In capitals, it is a constant of the user's, and in small letters only a function, which is called.
        let is_value = matches!(initializer, Expr::Path(_)) && text.starts_with(char::is_lowercase);
        let is_type = text.starts_with(char::is_uppercase) && text.contains(char::is_lowercase);
        if !is_value && !is_type {
            return None;
        }
        return Some(match near(&text.replace('_', ""), INITIALIZERS.iter().copied()) {
            Some(near) => format!("there is no initializer `{name}`; did you mean `{near}`?"),
            None => {
                format!("there is no initializer `{name}`; the initializers are {}", list(INITIALIZERS.iter().copied()))
            }
        });
    }
    match (text.as_str(), &values[..]) {
        ("Constant", [Expr::Lit(literal)]) if !matches!(literal.lit, Lit::Float(_)) => {
            Some("`Constant` takes a float, such as `Constant(0.5)`".into())
        }
        ("Constant", [_]) => None,
        ("Constant", _) => Some("`Constant` needs the value for every weight: `Constant(0.5)`".into()),
        (_, []) if !matches!(initializer, Expr::Call(_)) => None,
        (_, []) => Some(format!("`{name}` takes no arguments: write it without parentheses")),
        (_, _) => Some(format!("`{name}` takes no arguments")),
    }
}
