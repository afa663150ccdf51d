//! Convolutions.

use quote::quote;

use super::roles::IMAGES;
use super::windows::{Axis, IMAGE, SEQUENCE, checks, sample, windows};
use super::{Built, Documentation, Example, Int8, Kind, Outputs, Role, Stream, Takes};
use crate::arguments::{ArgumentType, Arguments, Parameter, keyword, required};
use crate::flow::{Flow, Site};
use crate::report::const_check;
use crate::size::Size;

const ARGUMENTS: &str = "`kernel`, `stride`, `dilation`: a size, or `(rows, columns)`; `padding`: `same`, a size, or `(rows, columns)`, each a \
     size or `(before, after)`; `groups`; `bias = false`; `init =`";

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "Conv2d",
        synonyms: &["Convolution"],
        takes: Takes::Image,
        parameters: &[
            required("filters", "the number of filters", ArgumentType::Size),
            kernel(ArgumentType::Pair),
            keyword("stride", ArgumentType::Pair),
            keyword("padding", ArgumentType::PairOfPaddings(&["same"])),
            keyword("dilation", ArgumentType::Pair),
            keyword("groups", ArgumentType::Size),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        example: Example {
            layer: "Conv2d(16, kernel = 3)",
            input: "[2, 5, 4]",
            weights: 16 * 2 * 9 + 16,
            macs: (16 * 3 * 2) * 2 * 9,
        },
        documentation: Documentation {
            name: "[`Conv2d(filters, kernel = …)`](crate::layers::Conv)",
            takes: "`[C, rows, columns]`",
            gives: "`[filters, …]`",
            arguments: ARGUMENTS,
            weights: "`filters·C/groups·kernel + filters`",
            macs: "`outputs·C/groups·kernel`",
        },
        role: Role::Linear { activated: true },
        int8: Int8::Layer(Outputs::Sums),
        stream: Stream::Never(IMAGES),
        build: |site, arguments, flow| convolution(site, arguments, &flow.sizes(site, IMAGE)),
    },
    Kind {
        name: "DepthwiseConv2d",
        synonyms: &[],
        takes: Takes::Image,
        parameters: &[
            kernel(ArgumentType::Pair),
            keyword("multiplier", ArgumentType::Size),
            keyword("stride", ArgumentType::Pair),
            keyword("padding", ArgumentType::PairOfPaddings(&["same"])),
            keyword("dilation", ArgumentType::Pair),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        example: Example {
            layer: "DepthwiseConv2d(kernel = 3)",
            input: "[2, 5, 4]",
            weights: 2 * 9 + 2,
            macs: (2 * 3 * 2) * 9,
        },
        documentation: Documentation {
            name: "[`DepthwiseConv2d(kernel = …)`](crate::layers::Conv)",
            takes: "`[C, rows, columns]`",
            gives: "`[C·multiplier, …]`",
            arguments: "as for `Conv2d`, with `multiplier` instead of `groups`; each channel is filtered separately",
            weights: "`C·multiplier·kernel + C·multiplier`",
            macs: "`outputs·kernel`",
        },
        role: Role::Linear { activated: true },
        int8: Int8::Layer(Outputs::Sums),
        stream: Stream::Never(IMAGES),
        build: |site, arguments, flow| depthwise(site, arguments, &flow.sizes(site, IMAGE)),
    },
    Kind {
        name: "Conv1d",
        synonyms: &[],
        takes: Takes::Sequence,
        parameters: &[
            required("filters", "the number of filters", ArgumentType::Size),
            kernel(ArgumentType::Size),
            keyword("stride", ArgumentType::Size),
            keyword("padding", ArgumentType::Padding(&["same", "causal"])),
            keyword("dilation", ArgumentType::Size),
            keyword("groups", ArgumentType::Size),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        example: Example {
            layer: "Conv1d(16, kernel = 3)",
            input: "[2, 6]",
            weights: 16 * 2 * 3 + 16,
            macs: (16 * 4) * 2 * 3,
        },
        documentation: Documentation {
            name: "[`Conv1d(filters, kernel = …)`](crate::layers::Conv)",
            takes: "`[C, length]`",
            gives: "`[filters, …]`",
            arguments: "as for `Conv2d`, one size each; `padding`: `same`, `causal`, a size, or `(before, after)`",
            weights: "`filters·C/groups·kernel + filters`",
            macs: "`outputs·C/groups·kernel`",
        },
        role: Role::Linear { activated: true },
        int8: Int8::Layer(Outputs::Sums),
        stream: Stream::Window { size: "kernel", padded: true },
        build: |site, arguments, flow| convolution(site, arguments, &flow.sizes(site, SEQUENCE)),
    },
    Kind {
        name: "DepthwiseConv1d",
        synonyms: &[],
        takes: Takes::Sequence,
        parameters: &[
            kernel(ArgumentType::Size),
            keyword("multiplier", ArgumentType::Size),
            keyword("stride", ArgumentType::Size),
            keyword("padding", ArgumentType::Padding(&["same", "causal"])),
            keyword("dilation", ArgumentType::Size),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        example: Example {
            layer: "DepthwiseConv1d(kernel = 3)",
            input: "[2, 6]",
            weights: 2 * 3 + 2,
            macs: (2 * 4) * 3,
        },
        documentation: Documentation {
            name: "[`DepthwiseConv1d(kernel = …)`](crate::layers::Conv)",
            takes: "`[C, length]`",
            gives: "`[C·multiplier, …]`",
            arguments: "as for `Conv1d`, with `multiplier` instead of `groups`; each channel is filtered separately",
            weights: "`C·multiplier·kernel + C·multiplier`",
            macs: "`outputs·kernel`",
        },
        role: Role::Linear { activated: true },
        int8: Int8::Layer(Outputs::Sums),
        stream: Stream::Window { size: "kernel", padded: true },
        build: |site, arguments, flow| depthwise(site, arguments, &flow.sizes(site, SEQUENCE)),
    },
];

const fn kernel(argument: ArgumentType) -> Parameter {
    Parameter { name: "kernel", meaning: "a kernel size", argument, required: true, positional: false }
}

/// `Conv2d(filters, kernel = …)` and `Conv1d(filters, kernel = …)`: `[C, …]` to `[filters, …]`.
fn convolution(site: &Site<'_>, arguments: &Arguments, sizes: &[Size]) -> Built {
    let (channels, filters) = (&sizes[0], arguments.size("filters"));
    let groups = arguments.size_of_axis("groups", 0);
    let seen = groups.as_ref().map_or_else(
        || channels.clone(),
        |groups| Size::call(site.fnn, "part", [channels, groups], |[channels, groups]| channels.checked_div(groups)),
    );
    let mut built = filtered(site, arguments, sizes, &filters, seen);
    built.checks.push(site.check_size(&filters, "filters"));
    let Some(groups) = groups else { return built };
    let [count, channels, filters] = [&groups, channels, &filters].map(|size| &size.tokens);
    let name = site.name;
    built.checks.push(const_check(&groups.written, "check_groups", quote!(#name, #count, #channels, #filters)));
    built
}

/// `DepthwiseConv2d(kernel = …, multiplier = …)` and `DepthwiseConv1d`: `[C, …]` to `[C · multiplier, …]`.
fn depthwise(site: &Site<'_>, arguments: &Arguments, sizes: &[Size]) -> Built {
    let channels = sizes[0].clone();
    let Some(multiplier) = arguments.size_of_axis("multiplier", 0) else {
        return filtered(site, arguments, sizes, &channels, Size::one());
    };
    let filters = Size::product(&[channels, multiplier.clone()]);
    let mut built = filtered(site, arguments, sizes, &filters, Size::one());
    built.checks.push(site.check_size(&multiplier, "multiplier"));
    built
}

/// A convolution whose filters see this many of the channels.
fn filtered(site: &Site<'_>, arguments: &Arguments, sizes: &[Size], filters: &Size, seen: Size) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let axes = Axis::all(arguments, sizes, "kernel", |_| Size::one());
    let (_, input) = sample(site, &sizes[0], axes.iter().map(|axis| axis.input.clone()));
    let (flow, output) = sample(site, filters, axes.iter().map(|axis| axis.output(site)));
    let kernel = axes.iter().map(|axis| axis.kernel.clone());
    let weights: Vec<_> = [filters.clone(), seen].into_iter().chain(kernel).collect();
    let weight = Flow::Sizes(weights.clone()).sample(site, scalar);
    let windows = windows(site, &axes);
    let bias = arguments.on("bias");
    let no_bias = (!bias).then(|| quote!(, #fnn::layers::NoBias<#scalar>));
    let mut built = Built::new(quote!(#fnn::layers::Conv<#input, #output, #weight, #windows #no_bias>), flow);
    built.products = Some(Size::product(&weights[1..]));
    built.weights.push(weights);
    if bias {
        built.weights.push(vec![filters.clone()]);
    }
    built.initializer = arguments.initializer(site.fnn);
    built.checks.extend(checks(site, &axes));
    built
}
