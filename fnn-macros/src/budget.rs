//! `#[budget(flash = 64 KiB, ram = 8 KiB, macs = 100_000)]`: what a network may cost at most.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Meta, Token};

use crate::report::{Errors, either, judge, near};
use crate::size::{Scope, Size};

/// What can be limited: its name, the constant that tells it, whether it is counted in bytes, and how a message calls it.
struct Resource {
    name: &'static str,
    constant: &'static str,
    bytes: bool,
    takes: &'static str,
}

const RESOURCES: [Resource; 4] = [
    Resource { name: "flash", constant: "FLASH", bytes: true, takes: "weights take" },
    Resource { name: "ram", constant: "RAM_INFERENCE", bytes: true, takes: "inference takes" },
    Resource { name: "ram_training", constant: "RAM_TRAINING", bytes: true, takes: "training takes" },
    Resource { name: "macs", constant: "MACS", bytes: false, takes: "forward pass takes" },
];

const UNITS: [(&str, usize); 3] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20)];

/// A limit of a budget.
pub(crate) struct Limit {
    resource: &'static Resource,
    value: Size,
    unit: usize,
    /// The argument, to point at.
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

/// Take a network's budget out of its attributes.
pub(crate) fn take(attributes: &mut Vec<Attribute>, scope: &mut Scope, errors: &mut Errors) -> Vec<Limit> {
    let mut limits: Vec<Limit> = Vec::new();
    for attribute in attributes.extract_if(.., |attribute| attribute.path().is_ident("budget")) {
        let Meta::List(list) = &attribute.meta else {
            errors.at(
                &attribute.meta,
                "a budget has limits, as `#[budget(flash = 64 KiB, ram = 8 KiB, macs = 100_000)]`",
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
                    errors.at(&argument.resource, format!("a second limit for `{}`", limit.resource.name));
                }
                limits.push(limit);
            }
        }
    }
    limits
}

/// A limit; nothing where it is a mistake.
fn limit(argument: &Argument, scope: &mut Scope, errors: &mut Errors) -> Option<Limit> {
    let Argument { resource: name, value, unit } = argument;
    let text = name.unraw().to_string();
    let Some(resource) = RESOURCES.iter().find(|resource| resource.name == text) else {
        let message = match near(&text, RESOURCES.iter().map(|resource| resource.name)) {
            Some(near) => format!("no budget has a limit for `{text}`; did you mean `{near}`?"),
            None => format!("a budget has limits for {}", either(RESOURCES.iter().map(|resource| resource.name))),
        };
        errors.at(name, message);
        return None;
    };
    let size = scope.size(value, "a limit", errors)?;
    let factor = match unit {
        None => 1,
        Some(unit) if !resource.bytes => {
            errors.at(unit, format!("`{}` is a count, without a unit", resource.name));
            return None;
        }
        Some(unit) => match UNITS.iter().find(|(name, _)| unit == name) {
            Some((_, factor)) => *factor,
            None => {
                errors.at(unit, format!("bytes are counted in {}", either(UNITS.iter().map(|(name, _)| *name))));
                return None;
            }
        },
    };
    let written = quote!(#name = #value #unit);
    Some(Limit { resource, value: size, unit: factor, written })
}

impl Limit {
    /// What judges whether a network keeps to it.
    pub(crate) fn check(&self, fnn: &TokenStream, network: &TokenStream) -> TokenStream {
        let Self { resource, value, unit, written } = self;
        let (constant, takes) = (Ident::new(resource.constant, proc_macro2::Span::call_site()), resource.takes);
        let value = value.tokens.to_token_stream();
        let counted = if resource.bytes { "bytes" } else { "multiply-accumulates" };
        let owner = if resource.bytes { quote!(Network) } else { quote!(Layer) };
        let needed = quote!(<#network as #fnn::#owner>::#constant);
        judge(written, "check_budget", quote!(#takes, #counted, #needed, (#value) * #unit))
    }
}
