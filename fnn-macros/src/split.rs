//! `#[split(Features, Head, at = logits)]`: the layers before one, and those from it on, as networks of their own.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Token, parse_quote};

use crate::model;
use crate::report::{Errors, list, near};
use crate::shapes::Network;

/// Where a network is split, and what its parts are called.
#[derive(Clone)]
pub(crate) struct Split {
    first: Ident,
    second: Ident,
    at: Ident,
}

impl Parse for Split {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let first = input.parse()?;
        input.parse::<Token![,]>()?;
        let second = input.parse()?;
        input.parse::<Token![,]>()?;
        let key = input.call(Ident::parse_any)?;
        if key != "at" {
            return Err(syn::Error::new(key.span(), "expected `at = ` and the name of the second part's first layer"));
        }
        input.parse::<Token![=]>()?;
        let at = input.call(Ident::parse_any)?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { first, second, at })
    }
}

/// Take where a network is split out of its attributes.
pub(crate) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Split> {
    let mut splits =
        attributes.extract_if(.., |attribute| attribute.path().is_ident("split")).collect::<Vec<_>>().into_iter();
    let split = splits.next().map(|attribute| attribute.parse_args());
    for second in splits {
        errors.at(&second.meta, "a second `split`: a network is split at one layer");
    }
    match split? {
        Ok(split) => Some(split),
        Err(error) => {
            errors.push(syn::Error::new(
                error.span(),
                format!("{error}: a split is written `#[split(Features, Head, at = logits)]`"),
            ));
            None
        }
    }
}

/// A network is split at a layer that it has, and that isn't its first.
pub(crate) fn check(split: &Split, layers: &[model::Layer], errors: &mut Errors) {
    let names: Vec<_> = layers.iter().map(|layer| layer.name.unraw().to_string()).collect();
    let at = split.at.unraw().to_string();
    let message = match names.iter().position(|name| *name == at) {
        Some(0) => "nothing comes before the first layer: a network is split at a later one".to_string(),
        Some(_) => return,
        None => match near(&at, names.iter().map(String::as_str)) {
            Some(near) => format!("no layer is called `{at}`; did you mean `{near}`?"),
            None => format!("no layer is called `{at}`; there are {}", list(names.iter().map(String::as_str))),
        },
    };
    errors.at(&split.at, message);
}

/// The two parts of a network that is split, without what they have in common with it: constants, aliases, checks, and
/// the items of blocks.
pub(crate) fn parts(network: &Network) -> Option<[Network; 2]> {
    let Split { first, second, at } = network.header.split.as_ref()?;
    let index = network.layers.iter().position(|layer| layer.name.unraw() == at.unraw())?;
    let (before, after) = network.layers.split_at_checked(index)?;
    let (last, next) = (before.last()?, after.first()?);
    let whole = network.header.name.unraw();
    let part = |name: &Ident, text: String| {
        let mut header = network.header.clone();
        header.attributes.retain(|attribute| attribute.path().is_ident("derive"));
        header.attributes.insert(0, parse_quote!(#[doc = #text]));
        (header.name, header.split, header.quantizable) = (name.clone(), None, false);
        let kind = name.unraw().to_string();
        Network { header, kind, constants: Vec::new(), aliases: Vec::new(), checks: Vec::new(), ..network.clone() }
    };
    Some([
        Network {
            layers: before.to_vec(),
            output: last.output.clone(),
            exact_output: true,
            ..part(first, format!(" The layers of [`{whole}`] before `{at}`."))
        },
        Network {
            layers: after.to_vec(),
            input: next.input.clone(),
            ..part(second, format!(" The layers of [`{whole}`] from `{at}` on."))
        },
    ])
}
