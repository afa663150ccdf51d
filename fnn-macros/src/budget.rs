//! `#[budget(flash = 64 KiB, ram = 8 KiB, macs = 100_000)]`: the limits of a network's cost.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Meta, Token};

use crate::report::{Errors, const_check, either, near};
use crate::size::{Scope, Size};

/// A limited resource: its name, its trait and constant, and the words for it in messages.
struct Resource {
    name: &'static str,
    owner: &'static str,
    constant: &'static str,
    takes: &'static str,
    counted: Counted,
}

/// The unit of a resource.
#[derive(PartialEq)]
enum Counted {
    /// Bytes, with a unit.
    Bytes,
    /// A count of multiply-accumulates.
    Macs,
}

impl Counted {
    /// Its name in messages, and the type of the constant.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Bytes => ("bytes", "usize"),
            Self::Macs => ("multiply-accumulates", "u64"),
        }
    }
}

const RESOURCES: [Resource; 5] = [
    bytes("flash", ("Network", "FLASH"), "weights take"),
    bytes("ram", ("Network", "RAM_INFERENCE"), "inference takes"),
    bytes("ram_training", ("Network", "RAM_TRAINING"), "training takes"),
    bytes("ram_training_in_place", ("TrainInPlace", "RAM_TRAINING_IN_PLACE"), "training in place takes"),
    Resource { counted: Counted::Macs, ..bytes("macs", ("Layer", "MACS"), "forward pass takes") },
];

const fn bytes(name: &'static str, (owner, constant): (&'static str, &'static str), takes: &'static str) -> Resource {
    Resource { name, owner, constant, takes, counted: Counted::Bytes }
}

const UNITS: [(&str, u64); 3] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20)];

/// One limit of a budget.
pub(crate) struct Limit {
    resource: &'static Resource,
    value: Size,
    unit: u64,
    /// The argument, for error spans.
    written: TokenStream,
}

/// `resource = value unit`, as it was written.
struct Argument {
    resource: Ident,
    value: Expr,
    unit: Option<Ident>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let resource = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        Ok(Self { resource, value: input.parse()?, unit: input.parse()? })
    }
}

/// Removes the budget from a network's attributes.
pub(crate) fn take(attributes: &mut Vec<Attribute>, scope: &mut Scope, errors: &mut Errors) -> Vec<Limit> {
    let mut limits: Vec<Limit> = Vec::new();
    for attribute in attributes.extract_if(.., |attribute| attribute.path().is_ident("budget")) {
        let Meta::List(list) = &attribute.meta else {
            errors.at(
                &attribute.meta,
                "a budget needs limits, such as `#[budget(flash = 64 KiB, ram = 8 KiB, macs = 100_000)]`",
            );
            continue;
        };
        let arguments = match list.parse_args_with(Punctuated::<Argument, Token![,]>::parse_terminated) {
            Ok(arguments) => arguments,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        for argument in arguments {
            if let Some(limit) = limit(&argument, scope, errors) {
                if limits.iter().any(|other| other.resource.name == limit.resource.name) {
                    errors.at(&argument.resource, format!("duplicate limit for `{}`", limit.resource.name));
                }
                limits.push(limit);
            }
        }
    }
    limits
}

/// Parses a limit; `None` if it is a mistake.
fn limit(argument: &Argument, scope: &mut Scope, errors: &mut Errors) -> Option<Limit> {
    let Argument { resource: name, value, unit } = argument;
    let text = name.unraw().to_string();
    let Some(resource) = RESOURCES.iter().find(|resource| resource.name == text) else {
        let message = match near(&text, RESOURCES.iter().map(|resource| resource.name)) {
            Some(near) => format!("there is no limit `{text}`; did you mean `{near}`?"),
            None => format!("a budget can limit {}", either(RESOURCES.iter().map(|resource| resource.name))),
        };
        errors.at(name, message);
        return None;
    };
    let size = scope.limit(value, resource.counted.names().1, errors)?;
    let factor = match unit {
        None => 1,
        Some(unit) if resource.counted == Counted::Macs => {
            errors.at(unit, format!("`{}` is a count and takes no unit", resource.name));
            return None;
        }
        Some(unit) => match UNITS.iter().find(|(name, _)| unit == name) {
            Some((_, factor)) => *factor,
            None => {
                errors.at(unit, format!("the unit must be {}", either(UNITS.iter().map(|(name, _)| *name))));
                return None;
            }
        },
    };
    let written = quote!(#name = #value #unit);
    Some(Limit { resource, value: size, unit: factor, written })
}

impl Limit {
    /// The check that a network stays within it.
    pub(crate) fn check(&self, fnn: &TokenStream, network: &TokenStream) -> TokenStream {
        let Self { resource, value, unit, written } = self;
        let [owner, constant] = [resource.owner, resource.constant].map(|name| Ident::new(name, Span::call_site()));
        let (takes, value) = (resource.takes, &value.tokens);
        let (counted, _) = resource.counted.names();
        let [needed, limit] = [quote!(<#network as #fnn::macro_support::#owner>::#constant), quote!((#value))];
        let [needed, limit] = [needed, limit].map(|number| quote!(#number as ::core::primitive::u64));
        const_check(written, "check_budget", quote!(#takes, #counted, #needed, #limit * #unit))
    }
}
