//! `#[split(Features, Head, at = logits)]`: the layers before `logits`, and those from it on, as separate networks.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Token};

use crate::report::{Errors, list, near};

/// Where a network is split, and the names of its parts.
#[derive(Clone)]
pub(crate) struct Split {
    pub(crate) first: Ident,
    pub(crate) second: Ident,
    pub(crate) at: Ident,
    /// Whether the second part is trained with frozen statistics.
    pub(crate) frozen: bool,
}

impl Parse for Split {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let first = input.parse()?;
        input.parse::<Token![,]>()?;
        let second = input.parse()?;
        input.parse::<Token![,]>()?;
        let key = input.call(Ident::parse_any)?;
        if key != "at" {
            return Err(syn::Error::new(
                key.span(),
                "expected `at = ` and the name of the first layer of the second part",
            ));
        }
        input.parse::<Token![=]>()?;
        let at = input.call(Ident::parse_any)?;
        input.parse::<Option<Token![,]>>()?;
        let frozen = !input.is_empty();
        if frozen {
            let key = input.call(Ident::parse_any)?;
            let equals = input.parse::<Option<Token![=]>>()?;
            let value = input.call(Ident::parse_any)?;
            if key != "statistics" || equals.is_none() || value != "frozen" {
                return Err(syn::Error::new(key.span(), "expected `statistics = frozen` or the end of the attribute"));
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(Self { first, second, at, frozen })
    }
}

/// Removes the split from a network's attributes.
pub(crate) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Split> {
    let mut splits =
        attributes.extract_if(.., |attribute| attribute.path().is_ident("split")).collect::<Vec<_>>().into_iter();
    let split = splits.next().map(|attribute| attribute.parse_args());
    for second in splits {
        errors.at(&second.meta, "duplicate `split`: a network can be split at one layer only");
    }
    match split? {
        Ok(split) => Some(split),
        Err(error) => {
            errors
                .push(syn::Error::new(error.span(), format!("{error}: write `#[split(Features, Head, at = logits)]`")));
            None
        }
    }
}

/// Checks that the network `whole` is split at one of its layers, other than the first, into parts with names of their own.
pub(crate) fn check(split: &Split, whole: &Ident, names: &[String], errors: &mut Errors) {
    for (part, taken) in [(&split.first, None), (&split.second, Some(&split.first))] {
        if part == whole {
            errors.at(part, format!("`{part}` is the name of the whole network: its parts need other names"));
        } else if taken == Some(part) {
            errors.at(part, format!("both parts are called `{part}`: each needs a name of its own"));
        }
    }
    let at = split.at.unraw().to_string();
    let message = match names.iter().position(|name| *name == at) {
        Some(0) => "there is nothing before the first layer: split the network at a later one".to_string(),
        Some(_) => return,
        None => match near(&at, names.iter().map(String::as_str)) {
            Some(near) => format!("there is no layer `{at}`; did you mean `{near}`?"),
            None => format!("there is no layer `{at}`; the layers are {}", list(names.iter().map(String::as_str))),
        },
    };
    errors.at(&split.at, message);
}
