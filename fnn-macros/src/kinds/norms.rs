//! Normalization layers.

use proc_macro2::TokenStream;
use quote::quote;

use super::roles::MIXES_TIME;
use super::{Built, Documentation, Example, Int8, Kind, Outputs, Role, Stream, Takes};
use crate::arguments::{ArgumentType, Arguments, Number, Parameter, keyword, optional, required};
use crate::flow::{Flow, Site};
use crate::report::const_check;
use crate::size::Size;

const EPSILON: Parameter = keyword("epsilon", POSITIVE);
const POSITIVE: ArgumentType = ArgumentType::Number("check_positive");
const AXES: Parameter = keyword("axes", ArgumentType::Count);

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "BatchNorm",
        synonyms: &["BatchNormalization"],
        takes: Takes::Any,
        parameters: &[
            optional("statistics", ArgumentType::Word(&["batch", "frozen"])),
            EPSILON,
            keyword("momentum", ArgumentType::Number("check_fraction")),
        ],
        example: Example {
            layer: "BatchNorm(epsilon = 1e-5, momentum = 0.1)",
            input: "[3, 4]",
            weights: 4 * 3 + 1,
            macs: 3 * 4,
        },
        documentation: Documentation {
            arguments: "`frozen`: statistics are constants in training too; `epsilon`, 1e-5 by default; `momentum`, 0.1",
            weights: "`4·C + 1`, of which `2·C` are trained",
            macs: "`N`",
            ..Documentation::same("[`BatchNorm`](crate::layers::BatchNorm)", "`[C, …]`")
        },
        role: Role::Affine,
        int8: Int8::Layer(Outputs::Sums),
        stream: Stream::Frames,
        build: batch_norm,
    },
    Kind {
        name: "Normalize",
        synonyms: &["Normalization", "StandardScaler"],
        takes: Takes::Any,
        parameters: &[],
        example: Example { layer: "Normalize", input: "[3, 4]", weights: 2 * 3, macs: 3 * 4 },
        documentation: Documentation {
            weights: "`2·C`, none of them trained",
            macs: "`N`",
            ..Documentation::same("[`Normalize`](crate::layers::Normalize)", "`[C, …]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::Sums),
        stream: Stream::Frames,
        build: normalize,
    },
    Kind {
        name: "LayerNorm",
        synonyms: &["LayerNormalization"],
        takes: Takes::Any,
        parameters: &[EPSILON, AXES],
        example: Example { layer: "LayerNorm(epsilon = 1e-5)", input: "[2, 3]", weights: 2 * 6, macs: 6 },
        documentation: Documentation {
            arguments: "`epsilon`, 1e-5 by default; `axes = 1`: normalize the last size alone",
            weights: "two per number normalized together",
            macs: "`N`",
            ..Documentation::same("[`LayerNorm`](crate::layers::LayerNorm)", "any")
        },
        role: Role::Weightless,
        int8: Int8::Unsupported,
        stream: Stream::Never(MIXES_TIME),
        build: |site, arguments, flow| {
            let (together, mut built) = over_last_axes(site, arguments, flow, &quote!(LayerNorm), 1e-5);
            built.weights.extend([together.clone(), together]);
            built
        },
    },
    Kind {
        name: "RmsNorm",
        synonyms: &[],
        takes: Takes::Any,
        parameters: &[EPSILON, AXES],
        example: Example { layer: "RmsNorm(epsilon = 1e-5)", input: "[2, 3]", weights: 6, macs: 6 },
        documentation: Documentation {
            arguments: "`epsilon`, by default that of the scalar; `axes`",
            weights: "one per number normalized together",
            macs: "`N`",
            ..Documentation::same("[`RmsNorm`](crate::layers::RmsNorm)", "any")
        },
        role: Role::Weightless,
        int8: Int8::Unsupported,
        stream: Stream::Never(MIXES_TIME),
        build: |site, arguments, flow| {
            let (together, mut built) = over_last_axes(site, arguments, flow, &quote!(RmsNorm), 0.0);
            built.weights.push(together);
            built
        },
    },
    Kind {
        name: "GroupNorm",
        synonyms: &["GroupNormalization"],
        takes: Takes::Any,
        parameters: &[required("groups", "the number of groups", ArgumentType::Size), EPSILON],
        example: Example { layer: "GroupNorm(8)", input: "[8, 3]", weights: 2 * 8, macs: 8 * 3 },
        documentation: Documentation {
            arguments: "`epsilon`, 1e-5 by default",
            weights: "`2·C`",
            macs: "`N`",
            ..Documentation::same("[`GroupNorm(groups)`](crate::layers::GroupNorm)", "`[C, …]`")
        },
        role: Role::Weightless,
        int8: Int8::Unsupported,
        stream: Stream::Never(MIXES_TIME),
        build: group_norm,
    },
    Kind {
        name: "LocalResponseNorm",
        synonyms: &["LRN", "LocalResponseNormalization"],
        takes: Takes::Any,
        parameters: &[
            required("size", "the number of channels that a number is divided by", ArgumentType::Size),
            keyword("alpha", POSITIVE),
            keyword("beta", POSITIVE),
            keyword("k", POSITIVE),
        ],
        example: Example {
            layer: "LocalResponseNorm(3, alpha = 0.5, beta = 0.6, k = 2.0)",
            input: "[5, 3]",
            weights: 0,
            macs: 3 * 5 * 3,
        },
        documentation: Documentation {
            arguments: "`alpha`, 1e-4 by default; `beta`, 0.75; `k`, 1",
            macs: "`N·size`",
            ..Documentation::same("[`LocalResponseNorm(size)`](crate::layers::LocalResponseNorm)", "`[C, …]`")
        },
        role: Role::Weightless,
        int8: Int8::Unsupported,
        stream: Stream::Frames,
        build: local_response_norm,
    },
];

/// `BatchNorm`: any shape with channels.
fn batch_norm(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let [epsilon, momentum] =
        [("epsilon", 1e-5), ("momentum", 0.1)].map(|(name, default)| arguments.number(site, name, default));
    let checks = [epsilon.check, momentum.check];
    let (epsilon, momentum) = (epsilon.bits, momentum.bits);
    let frozen = arguments.is("statistics", "frozen").then(|| quote!(, true));
    let mut built = Built::new(quote!(#fnn::layers::BatchNorm<#sample, #epsilon, #momentum #frozen>), flow.clone());
    let channels = flow.sizes(site, 1);
    built.weights.extend([channels.clone(), channels.clone(), channels.clone(), channels, vec![Size::one()]]);
    built.checks.extend(checks);
    built
}

/// `Normalize`: any shape with channels.
fn normalize(site: &Site<'_>, _: &Arguments, flow: &Flow) -> Built {
    let (fnn, sample) = (site.fnn, flow.sample(site, site.scalar));
    let mut built = Built::new(quote!(#fnn::layers::Normalize<#sample>), flow.clone());
    let channels = flow.sizes(site, 1);
    built.weights.extend([channels.clone(), channels]);
    built
}

/// `LayerNorm(axes = …)` and `RmsNorm(axes = …)`: any shape; and the sizes that are normalized together.
fn over_last_axes(
    site: &Site<'_>,
    arguments: &Arguments,
    flow: &Flow,
    layer: &TokenStream,
    epsilon: f64,
) -> (Vec<Size>, Built) {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let Number { bits: epsilon, check, .. } = arguments.number(site, "epsilon", epsilon);
    let axes = arguments.size_of_axis("axes", 0);
    let (together, sizes) = match axes.as_ref().and_then(|axes| axes.known) {
        None => (sample.clone(), flow.last_sizes(site, None)),
        Some(axes) => {
            let sizes = flow.last_sizes(site, Some(axes));
            (Flow::Sizes(sizes.clone()).sample(site, site.scalar), sizes)
        }
    };
    let mut built = Built::new(quote!(#fnn::layers::#layer<#sample, #together, #epsilon>), flow.clone());
    built.checks.push(check);
    built.checks.extend(axes.map(|axes| site.check_axes(&axes, flow)));
    (sizes, built)
}

/// `GroupNorm(groups)`: any shape with channels.
fn group_norm(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let (groups, channels) = (arguments.size("groups"), flow.sizes(site, 1));
    let Number { bits: epsilon, check, .. } = arguments.number(site, "epsilon", 1e-5);
    let (name, tokens) = (site.name, &groups.tokens);
    let mut built = Built::new(quote!(#fnn::layers::GroupNorm<#sample, { #tokens }, #epsilon>), flow.clone());
    let count = &channels[0].tokens;
    built.checks.push(const_check(&groups.written, "check_groups", quote!(#name, #tokens, #count, #count)));
    built.checks.push(check);
    built.weights.extend([channels.clone(), channels]);
    built
}

/// `LocalResponseNorm(size)`: any shape with channels.
fn local_response_norm(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let (fnn, sample) = (site.fnn, flow.sample(site, site.scalar));
    let size = arguments.size("size");
    let tokens = &size.tokens;
    let constants = [("alpha", 1e-4), ("beta", 0.75), ("k", 1.0)];
    let [alpha, beta, k] = constants.map(|(name, default)| arguments.number(site, name, default));
    let bits = [&alpha.bits, &beta.bits, &k.bits];
    let layer = quote!(#fnn::layers::LocalResponseNorm<#sample, { #tokens }, #(#bits),*>);
    let mut built = Built::new(layer, flow.clone());
    built.checks.push(site.check_size(&size, "size"));
    built.checks.extend([alpha.check, beta.check, k.check]);
    built
}
