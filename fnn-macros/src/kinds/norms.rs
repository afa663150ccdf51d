//! Normalisations.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Built, Kind, Role};
use crate::arguments::{ArgumentType, Arguments, Number, Parameter, keyword, required};
use crate::flow::{Flow, Site};
use crate::report::judge;
use crate::size::Size;

const EPSILON: Parameter = keyword("epsilon", ArgumentType::Number);
const AXES: Parameter = keyword("axes", ArgumentType::Count);

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "BatchNorm",
        example: "BatchNorm(epsilon = 1e-5, momentum = 0.1)",
        rank: None,
        parameters: &[EPSILON, keyword("momentum", ArgumentType::Number)],
        role: Role::Affine,
        build: batch_norm,
    },
    Kind {
        name: "LayerNorm",
        example: "LayerNorm(epsilon = 1e-5)",
        rank: None,
        parameters: &[EPSILON, AXES],
        role: Role::Weightless,
        build: |site, arguments, flow| {
            let (part, mut built) = of_parts(site, arguments, flow, &quote!(LayerNorm), 1e-5);
            built.weights.extend([part.clone(), part]);
            built
        },
    },
    Kind {
        name: "RmsNorm",
        example: "RmsNorm(epsilon = 1e-5)",
        rank: None,
        parameters: &[EPSILON, AXES],
        role: Role::Weightless,
        build: |site, arguments, flow| {
            let (part, mut built) = of_parts(site, arguments, flow, &quote!(RmsNorm), 0.0);
            built.weights.push(part);
            built
        },
    },
    Kind {
        name: "GroupNorm",
        example: "GroupNorm(8)",
        rank: None,
        parameters: &[required("groups", "its number of groups", ArgumentType::Size), EPSILON],
        role: Role::Weightless,
        build: group_norm,
    },
];

/// A number as a const generic, with a check that it is above 0 where it is given.
fn number(site: &Site<'_>, arguments: &Arguments, name: &str, default: f64) -> (TokenStream, TokenStream) {
    let (fnn, layer) = (site.fnn, site.name);
    match arguments.number(name) {
        None => (quote!({ #fnn::macro_support::bits(#default) }), TokenStream::new()),
        Some(Number { tokens, written }) => (
            quote!({ #fnn::macro_support::bits(#tokens) }),
            judge(written, "check_positive", quote!(#layer, #name, #tokens)),
        ),
    }
}

/// `BatchNorm`: any shape with channels.
fn batch_norm(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let (epsilon, check) = number(site, arguments, "epsilon", 1e-5);
    let (momentum, other) = number(site, arguments, "momentum", 0.1);
    let mut built = Built::new(quote!(#fnn::layers::BatchNorm<#sample, #epsilon, #momentum>), flow.clone());
    let channels = flow.sizes(site, 1);
    built.weights.extend([channels.clone(), channels.clone(), channels.clone(), channels, vec![Size::one()]]);
    built.checks.extend([check, other]);
    built
}

/// `LayerNorm(axes = …)` and `RmsNorm(axes = …)`: any shape; and the sizes of what is normalised together.
fn of_parts(
    site: &Site<'_>,
    arguments: &Arguments,
    flow: &Flow,
    layer: &TokenStream,
    epsilon: f64,
) -> (Vec<Size>, Built) {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let (epsilon, check) = number(site, arguments, "epsilon", epsilon);
    let axes = arguments.size_of_axis("axes", 0);
    let (part, sizes) = match axes.as_ref().and_then(|axes| axes.known) {
        None => (sample.clone(), flow.last_sizes(site, None)),
        Some(axes) => {
            let sizes = flow.last_sizes(site, Some(axes));
            (Flow::Sizes(sizes.clone()).sample(site, site.scalar), sizes)
        }
    };
    let mut built = Built::new(quote!(#fnn::layers::#layer<#sample, #part, #epsilon>), flow.clone());
    built.checks.push(check);
    if let Some(axes) = &axes {
        let (name, shape, count) = (site.name, flow.shape(site), &axes.tokens);
        built.checks.push(judge(&axes.written, "check_axes", quote!(#name, #count, #shape)));
    }
    (sizes, built)
}

/// `GroupNorm(groups)`: any shape with channels.
fn group_norm(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let (groups, channels) = (arguments.size("groups"), flow.sizes(site, 1));
    let (epsilon, check) = number(site, arguments, "epsilon", 1e-5);
    let (name, tokens) = (site.name, &groups.tokens);
    let mut built = Built::new(quote!(#fnn::layers::GroupNorm<#sample, { #tokens }, #epsilon>), flow.clone());
    let count = &channels[0].tokens;
    built.checks.push(judge(&groups.written, "check_groups", quote!(#name, #tokens, #count, #count)));
    built.checks.push(check);
    built.weights.extend([channels.clone(), channels]);
    built
}
