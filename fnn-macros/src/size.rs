//! The sizes of a shape: expressions, which the compiler computes.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{ConstParam, Expr, Generics, Lit, UnOp};

use crate::generated;
use crate::report::Errors;

/// One size of a shape: any const expression.
#[derive(Clone)]
pub(crate) struct Size {
    /// A literal, a const parameter, the name of a constant, or an expression of these.
    pub(crate) tokens: TokenStream,
    /// Its value, if the macro knows it.
    pub(crate) known: Option<usize>,
    /// Its text for humans.
    pub(crate) text: String,
    /// The user's tokens, for error spans.
    pub(crate) written: TokenStream,
}

impl Size {
    fn of(value: usize) -> Self {
        let value = proc_macro2::Literal::usize_unsuffixed(value);
        let (tokens, text) = (quote!(#value), value.to_string());
        Self { known: text.parse().ok(), written: tokens.clone(), tokens, text }
    }

    pub(crate) fn one() -> Self {
        Self::of(1)
    }

    pub(crate) fn zero() -> Self {
        Self::of(0)
    }

    /// A size in the output of a mistake. Its tokens never reach the expansion.
    pub(crate) fn unknown() -> Self {
        let unknown = Ident::new(UNKNOWN, Span::call_site());
        Self::hidden(unknown.into_token_stream())
    }

    /// A size that only the compiler knows.
    pub(crate) fn hidden(tokens: TokenStream) -> Self {
        Self { written: tokens.clone(), tokens, known: None, text: HIDDEN.into() }
    }

    /// The product of sizes.
    pub(crate) fn product(sizes: &[Self]) -> Self {
        if let [size] = sizes {
            return size.clone();
        }
        let factors = sizes.iter().map(|size| size.tokens.clone());
        let tokens = factors.reduce(|product, factor| quote!(#product * #factor)).unwrap_or_else(|| quote!(1));
        let factor = |size: &Self| if size.text.contains(' ') { format!("({})", size.text) } else { size.text.clone() };
        let texts: Vec<_> = sizes.iter().map(factor).collect();
        let known = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(size.known?));
        let text = known.map_or_else(|| texts.join("·"), |value| value.to_string());
        Self { written: tokens.clone(), tokens, known, text }
    }

    /// The sum of two sizes.
    pub(crate) fn sum(&self, other: &Self) -> Self {
        let (one, two) = (&self.tokens, &other.tokens);
        let known = self.known.and_then(|known| known.checked_add(other.known?));
        let text = known.map_or_else(|| format!("{} + {}", self.text, other.text), |value| value.to_string());
        let tokens = quote!((#one + #two));
        Self { written: tokens.clone(), tokens, known, text }
    }

    /// A call of a function of the library on sizes. `known` computes the result if all of them are known; it is used
    /// in tables only.
    pub(crate) fn call<const N: usize>(
        fnn: &TokenStream,
        function: &str,
        sizes: [&Self; N],
        known: impl FnOnce([usize; N]) -> Option<usize>,
    ) -> Self {
        let name = format_ident!("{function}");
        let arguments = sizes.iter().map(|size| &size.tokens);
        let tokens = quote!(#fnn::macro_support::#name(#(#arguments),*));
        let texts: Vec<_> = sizes.iter().map(|size| size.text.as_str()).collect();
        let values: Option<Vec<_>> = sizes.iter().map(|size| size.known).collect();
        let known = values.and_then(|values| known(values.try_into().ok()?));
        let text = known.map_or_else(|| format!("{function}({})", texts.join(", ")), |value| value.to_string());
        Self { written: tokens.clone(), tokens, known, text }
    }

    /// Whether two sizes have the same tokens, and so are equal for sure.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.tokens.to_string() == other.tokens.to_string() || (!self.is_hidden() && self.text == other.text)
    }

    /// Whether only the compiler knows it or a part of it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.text.contains(HIDDEN)
    }
}

/// The text of a size that only the compiler knows.
const HIDDEN: char = '?';

/// The largest size that may be written as a number: no product of a few of them, nor of one and the sizes around it,
/// overflows what the compiler computes with.
const LARGEST: usize = 1 << 24;

/// A placeholder for a size that depends on a mistake.
pub(crate) const UNKNOWN: &str = "__unknown";

/// The names that a declaration's expressions may use, and the constants generated for the expressions.
///
/// An expression is needed in many places. As a constant it is emitted once, so that a mistake in it gives one error.
pub(crate) struct Scope {
    pub(crate) network: Ident,
    parameters: Vec<ConstParam>,
    /// How many blocks enclose the current layers.
    pub(crate) depth: usize,
    /// The constants, as items.
    pub(crate) constants: Vec<TokenStream>,
}

impl Scope {
    pub(crate) fn new(network: &Ident, generics: &Generics) -> Self {
        let parameters = generics.const_params().cloned().collect();
        Self { network: network.clone(), parameters, depth: 0, constants: Vec::new() }
    }

    /// An expression as a size, called `what` in messages; reports a mistake and returns `None`.
    pub(crate) fn size(&mut self, expression: &Expr, what: &str, errors: &mut Errors) -> Option<Size> {
        self.whole(peel(expression), what, (LARGEST, "usize"), errors)
    }

    /// An expression as the limit of a budget, a whole number of this type.
    pub(crate) fn limit(&mut self, expression: &Expr, kind: &str, errors: &mut Errors) -> Option<Size> {
        self.whole(peel(expression), "a limit", (usize::MAX, kind), errors)
    }

    /// A whole number of this type, of at most `largest` where it is a literal.
    fn whole(
        &mut self,
        expression: &Expr,
        what: &str,
        (largest, kind): (usize, &str),
        errors: &mut Errors,
    ) -> Option<Size> {
        let size = |tokens: TokenStream, known: Option<usize>| {
            let written = expression.to_token_stream();
            let text = known.map_or_else(|| written.to_string(), |value| value.to_string());
            Some(Size { tokens, known, text, written })
        };
        if let Some(literal) = literal(expression) {
            return match literal {
                Lit::Int(value) if ["", kind].contains(&value.suffix()) && !is_negative(expression) => {
                    match value.base10_parse() {
                        Ok(known) if known <= largest => size(value.to_token_stream(), Some(known)),
                        _ => {
                            errors.at(expression, format!("{what} must be at most {largest}"));
                            None
                        }
                    }
                }
                _ => {
                    errors.at(expression, format!("{what} must be an integer of type `{kind}`, such as `128`"));
                    None
                }
            };
        }
        match self.parameter_in(&expression.to_token_stream()) {
            None => size(self.constant(expression, kind), None),
            Some(parameter) if !is_alone(expression) => {
                let name = &parameter.ident;
                errors.at(
                    expression,
                    format!(
                        "stable Rust cannot compute with the const parameter `{name}`: use it alone, and add another \
                         const parameter for the result"
                    ),
                );
                None
            }
            Some(parameter) if parameter.ty.to_token_stream().to_string() != "usize" => {
                let (name, kind) = (&parameter.ident, parameter.ty.to_token_stream());
                errors.at(expression, format!("{what} must be a `usize`, but `{name}` is a `{kind}`"));
                None
            }
            Some(_) => size(expression.to_token_stream(), None),
        }
    }

    /// An expression as a number, called `what` in messages; reports a mistake and returns `None`.
    pub(crate) fn number(&mut self, expression: &Expr, what: &str, errors: &mut Errors) -> Option<TokenStream> {
        let expression = peel(expression);
        match literal(expression) {
            Some(Lit::Float(value)) if matches!(value.suffix(), "" | "f64") => Some(expression.to_token_stream()),
            Some(_) => {
                errors.at(expression, format!("{what} must be a float of type `f64`, such as `0.5`"));
                None
            }
            None => Some(self.constant(expression, "f64")),
        }
    }

    /// The name of a constant of this value, with the span of the user's expression.
    fn constant(&mut self, expression: &Expr, kind: &str) -> TokenStream {
        let kind = Ident::new(kind, Span::call_site());
        let name = generated::part(&self.network, &(self.constants.len() + 1).to_string());
        self.constants.push(quote! {
            #[doc(hidden)]
            #[allow(non_upper_case_globals)]
            const #name: ::core::primitive::#kind = #expression;
        });
        let span = Span::call_site().located_at(expression.span());
        quote_spanned!(span=> #name)
    }

    /// The const parameters that some tokens mention.
    pub(crate) fn parameters_in(&self, tokens: &TokenStream) -> impl Iterator<Item = &ConstParam> {
        self.parameters.iter().filter(|parameter| mentions(tokens, &parameter.ident.to_string()))
    }

    /// The first of them.
    pub(crate) fn parameter_in(&self, tokens: &TokenStream) -> Option<&ConstParam> {
        self.parameters_in(tokens).next()
    }
}

/// Whether tokens mention a name, also as `r#name`.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    let name = name.trim_start_matches("r#");
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Ident(ident) => ident.unraw() == name,
        _ => false,
    })
}

/// An expression without the invisible groups that `macro_rules!` adds.
fn peel(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => peel(&group.expr),
        expression => expression,
    }
}

/// The literal that an expression is, or is the negative of.
fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(literal) => Some(&literal.lit),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => literal(&unary.expr),
        _ => None,
    }
}

fn is_negative(expression: &Expr) -> bool {
    matches!(expression, Expr::Unary(_))
}

/// Whether an expression is a name.
fn is_alone(expression: &Expr) -> bool {
    matches!(expression, Expr::Path(path) if path.path.get_ident().is_some())
}
