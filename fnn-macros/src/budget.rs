//! `#[budget(flash = 64 KiB, ram = 8 KiB, macs = 100_000)]`: the limits of a network's cost; those of its folded and its
//! int8 form in `folded(…)` and `int8(…)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Meta, Token, parenthesized};

use crate::report::{Errors, const_check, either, near};
use crate::size::{Scope, Size};

/// A limited resource: its name, its constant, and the words for it in messages.
struct Resource {
    name: &'static str,
    constant: &'static str,
    takes: &'static str,
    counted: Counted,
}

/// A form of a network.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Declared,
    Folded,
    Int8,
}

impl Form {
    /// The forms with limits of their own in parentheses.
    const NAMED: [(&str, Self); 2] = [("folded", Self::Folded), ("int8", Self::Int8)];

    /// What can be limited.
    fn resources(self) -> &'static [Resource] {
        match self {
            Self::Declared => &DECLARED,
            Self::Folded => &FOLDED,
            Self::Int8 => &INT8,
        }
    }

    /// Its type, and the trait of a constant, if that isn't inherent.
    fn owner(self, fnn: &TokenStream, network: &TokenStream, constant: &str) -> TokenStream {
        let network = match self {
            Self::Declared => network.clone(),
            Self::Folded => quote!(<#network as #fnn::macro_support::FoldBatchNorm>::Folded),
            Self::Int8 => return quote!(<#fnn::macro_support::Quantized<#network>>),
        };
        let owner = match constant {
            "MACS" => quote!(Layer),
            "RAM_TRAINING_IN_PLACE" => quote!(TrainInPlace),
            _ => quote!(Network),
        };
        quote!(<#network as #fnn::macro_support::#owner>)
    }
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

const DECLARED: [Resource; 5] = [
    bytes("flash", "FLASH", "weights take"),
    bytes("ram", "RAM_INFERENCE", "inference takes"),
    bytes("ram_training", "RAM_TRAINING", "training takes"),
    bytes("ram_training_in_place", "RAM_TRAINING_IN_PLACE", "training in place takes"),
    Resource { counted: Counted::Macs, ..bytes("macs", "MACS", "forward pass takes") },
];
const FOLDED: [Resource; 3] = [
    bytes("flash", "FLASH", "folded weights take"),
    bytes("ram", "RAM_INFERENCE", "inference, folded, takes"),
    Resource { counted: Counted::Macs, ..bytes("macs", "MACS", "forward pass, folded, takes") },
];
const INT8: [Resource; 2] =
    [bytes("flash", "FLASH", "int8 weights take"), bytes("ram", "RAM_INFERENCE", "inference in int8 takes")];

const fn bytes(name: &'static str, constant: &'static str, takes: &'static str) -> Resource {
    Resource { name, constant, takes, counted: Counted::Bytes }
}

const UNITS: [(&str, u64); 3] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20)];

/// One limit of a budget.
pub(crate) struct Limit {
    form: Form,
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

/// A limit, or those of a form: `int8(flash = 24 KiB)`.
enum Written {
    One(Argument),
    Group(Ident, Punctuated<Argument, Token![,]>),
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let resource = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        Ok(Self { resource, value: input.parse()?, unit: input.parse()? })
    }
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek2(syn::token::Paren) {
            return input.parse().map(Self::One);
        }
        let (form, inside) = (input.call(Ident::parse_any)?, {
            let inside;
            parenthesized!(inside in input);
            inside
        });
        Punctuated::parse_terminated(&inside).map(|arguments| Self::Group(form, arguments))
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
        match list.parse_args_with(Punctuated::<Written, Token![,]>::parse_terminated) {
            Ok(written) => written.iter().for_each(|written| take_written(written, &mut limits, scope, errors)),
            Err(error) => errors.push(error),
        }
    }
    limits
}

/// Takes one limit, or a group.
fn take_written(written: &Written, limits: &mut Vec<Limit>, scope: &mut Scope, errors: &mut Errors) {
    let (form, arguments) = match written {
        Written::One(argument) => (Form::Declared, vec![argument]),
        Written::Group(name, arguments) => {
            let text = name.unraw().to_string();
            let Some((_, form)) = Form::NAMED.into_iter().find(|(form, _)| *form == text) else {
                let forms = either(Form::NAMED.iter().map(|(form, _)| *form));
                errors.at(name, format!("limits in parentheses are those of {forms}"));
                return;
            };
            if arguments.is_empty() {
                let example = format!("`{text}` needs limits, such as `{text}(flash = 24 KiB, ram = 8 KiB)`");
                errors.at(name, example);
            }
            (form, arguments.iter().collect())
        }
    };
    for argument in arguments {
        if let Some(limit) = limit(form, argument, scope, errors) {
            if limits.iter().any(|other| (other.form, other.resource.name) == (form, limit.resource.name)) {
                errors.at(&argument.resource, format!("duplicate limit for `{}`", limit.resource.name));
            }
            limits.push(limit);
        }
    }
}

/// Checks that a network with limits for its int8 form has one.
pub(crate) fn check(limits: &[Limit], quantizable: bool, errors: &mut Errors) {
    if let Some(limit) = limits.iter().find(|limit| limit.form == Form::Int8 && !quantizable) {
        errors.at(&limit.written, "a limit for int8 needs a network with `#[quantizable]`");
    }
}

/// Parses a limit; `None` if it is a mistake.
fn limit(form: Form, argument: &Argument, scope: &mut Scope, errors: &mut Errors) -> Option<Limit> {
    let Argument { resource: name, value, unit } = argument;
    let text = name.unraw().to_string();
    let resources = form.resources();
    let Some(resource) = resources.iter().find(|resource| resource.name == text) else {
        let message = match near(&text, resources.iter().map(|resource| resource.name)) {
            Some(near) => format!("there is no limit `{text}`; did you mean `{near}`?"),
            None => format!("a budget can limit {}", either(resources.iter().map(|resource| resource.name))),
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
    Some(Limit { form, resource, value: size, unit: factor, written })
}

impl Limit {
    /// The check that a network stays within it.
    pub(crate) fn check(&self, fnn: &TokenStream, network: &TokenStream) -> TokenStream {
        let Self { form, resource, value, unit, written } = self;
        let owner = form.owner(fnn, network, resource.constant);
        let constant = Ident::new(resource.constant, Span::call_site());
        let (takes, value) = (resource.takes, &value.tokens);
        let (counted, _) = resource.counted.names();
        let [needed, limit] = [quote!(#owner::#constant), quote!((#value))];
        let [needed, limit] = [needed, limit].map(|number| quote!(#number as ::core::primitive::u64));
        const_check(written, "check_budget", quote!(#takes, #counted, #needed, #limit * #unit))
    }
}
