//! Pools.

use proc_macro2::TokenStream;
use quote::quote;

use super::roles::IMAGES;
use super::windows::{Axis, IMAGE, SEQUENCE, checks, sample, windows};
use super::{Build, Built, Documentation, Example, Int8, Kind, Outputs, Role, Stream, Takes};
use crate::arguments::{ArgumentType, Arguments, Padding, keyword, required};
use crate::flow::{Flow, Site};
use crate::report::const_check;
use crate::size::Size;

pub(super) static KINDS: &[Kind] = &[
    Kind {
        synonyms: &["MaxPooling2d"],
        role: Role::Maximum,
        ..image_pool(
            "MaxPool2d",
            "[`MaxPool2d(window)`](crate::layers::MaxPool)",
            "MaxPool2d(2)",
            |site, arguments, flow| max_pool(site, arguments, flow, IMAGE),
        )
    },
    Kind {
        synonyms: &["AveragePool2d", "AveragePooling2d"],
        parameters: const {
            &[
                required("window", WINDOW, ArgumentType::Pair),
                keyword("stride", ArgumentType::Pair),
                keyword("padding", ArgumentType::PairOfPaddings(&["same"])),
                keyword("dilation", ArgumentType::Pair),
                keyword("count_padding", ArgumentType::Switch),
            ]
        },
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "as for `MaxPool2d`; `count_padding`: whether the mean counts the padding, by default not with `same`",
            ..Documentation::same("[`AvgPool2d(window)`](crate::layers::AvgPool)", "`[C, rows, columns]`")
        },
        ..image_pool(
            "AvgPool2d",
            "[`AvgPool2d(window)`](crate::layers::AvgPool)",
            "AvgPool2d(2)",
            |site, arguments, flow| average_pool(site, arguments, flow, IMAGE),
        )
    },
    Kind {
        role: Role::Maximum,
        ..sequence_pool(
            "MaxPool1d",
            "[`MaxPool1d(window)`](crate::layers::MaxPool)",
            "MaxPool1d(2)",
            |site, arguments, flow| max_pool(site, arguments, flow, SEQUENCE),
        )
    },
    Kind {
        parameters: const {
            &[
                required("window", WINDOW, ArgumentType::Size),
                keyword("stride", ArgumentType::Size),
                keyword("padding", ArgumentType::Padding(&["same"])),
                keyword("dilation", ArgumentType::Size),
                keyword("count_padding", ArgumentType::Switch),
            ]
        },
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "as for `MaxPool1d`; `count_padding`: whether the mean counts the padding, by default not with `same`",
            ..Documentation::same("[`AvgPool1d(window)`](crate::layers::AvgPool)", "`[C, length]`")
        },
        ..sequence_pool(
            "AvgPool1d",
            "[`AvgPool1d(window)`](crate::layers::AvgPool)",
            "AvgPool1d(2)",
            |site, arguments, flow| average_pool(site, arguments, flow, SEQUENCE),
        )
    },
    Kind {
        name: "GlobalAvgPool",
        synonyms: &["GlobalAveragePool", "AdaptiveAvgPool2d"],
        takes: Takes::Any,
        parameters: &[],
        example: Example::free("GlobalAvgPool", "[3, 2, 4]"),
        documentation: Documentation {
            gives: "`[C]`",
            ..Documentation::same("[`GlobalAvgPool`](crate::layers::GlobalAvgPool)", "`[C, …]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Positions,
        build: |site, _, flow| global_pool(site, flow, &quote!(GlobalAvgPool)),
    },
    Kind {
        name: "GlobalMaxPool",
        synonyms: &["GlobalMaxPooling2d", "AdaptiveMaxPool2d"],
        takes: Takes::Any,
        parameters: &[],
        example: Example::free("GlobalMaxPool", "[3, 2, 4]"),
        documentation: Documentation {
            gives: "`[C]`",
            ..Documentation::same("[`GlobalMaxPool`](crate::layers::GlobalMaxPool)", "`[C, …]`")
        },
        role: Role::Maximum,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Positions,
        build: |site, _, flow| global_pool(site, flow, &quote!(GlobalMaxPool)),
    },
];

const WINDOW: &str = "a window size";

const fn image_pool(name: &'static str, link: &'static str, example: &'static str, build: Build) -> Kind {
    Kind {
        name,
        synonyms: &[],
        takes: Takes::Image,
        parameters: const {
            &[
                required("window", WINDOW, ArgumentType::Pair),
                keyword("stride", ArgumentType::Pair),
                keyword("padding", ArgumentType::PairOfPaddings(&["same"])),
                keyword("dilation", ArgumentType::Pair),
            ]
        },
        example: Example::free(example, "[2, 4, 6]"),
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`stride`, by default the window: a size, or `(rows, columns)`; `padding`, `dilation` as for `Conv2d`",
            ..Documentation::same(link, "`[C, rows, columns]`")
        },
        role: Role::Other,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never(IMAGES),
        build,
    }
}

const fn sequence_pool(name: &'static str, link: &'static str, example: &'static str, build: Build) -> Kind {
    Kind {
        takes: Takes::Sequence,
        parameters: const {
            &[
                required("window", WINDOW, ArgumentType::Size),
                keyword("stride", ArgumentType::Size),
                keyword("padding", ArgumentType::Padding(&["same"])),
                keyword("dilation", ArgumentType::Size),
            ]
        },
        example: Example::free(example, "[2, 6]"),
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`stride`, by default the window, `dilation`: a size; `padding`: `same`, a size, or `(before, after)`",
            ..Documentation::same(link, "`[C, length]`")
        },
        stream: Stream::Window { size: "window", padded: false },
        ..image_pool(name, link, example, build)
    }
}

/// `MaxPool2d(window)` and `MaxPool1d(window)`.
fn max_pool(site: &Site<'_>, arguments: &Arguments, flow: &Flow, rank: usize) -> Built {
    pool(site, arguments, flow, rank, |input, output, windows| quote!(MaxPool<#input, #output, #windows>))
}

/// `AvgPool2d(window)` and `AvgPool1d(window)`.
fn average_pool(site: &Site<'_>, arguments: &Arguments, flow: &Flow, rank: usize) -> Built {
    let counts = match arguments.get("count_padding") {
        Some(_) => arguments.on("count_padding"),
        None => !arguments.is("padding", "same"),
    };
    let counts = (!counts).then(|| quote!(, false));
    pool(site, arguments, flow, rank, |input, output, windows| quote!(AvgPool<#input, #output, #windows #counts>))
}

/// A pool: `[C, …]` to `[C, …]`. `layer` gives the type for those of the input, the output and the windows.
fn pool(
    site: &Site<'_>,
    arguments: &Arguments,
    flow: &Flow,
    rank: usize,
    layer: impl FnOnce(TokenStream, TokenStream, TokenStream) -> TokenStream,
) -> Built {
    let fnn = site.fnn;
    let sizes = flow.sizes(site, rank);
    let axes = Axis::all(arguments, &sizes, "window", Size::clone);
    let (_, input) = sample(site, &sizes[0], axes.iter().map(|axis| axis.input.clone()));
    let (flow, output) = sample(site, &sizes[0], axes.iter().map(|axis| axis.output(site)));
    let layer = layer(input, output, windows(site, &axes));
    let mut built = Built::new(quote!(#fnn::layers::#layer), flow);
    built.checks.extend(checks(site, &axes));
    for axis in &axes {
        let Padding::Ends([before, after]) = &axis.padding else { continue };
        let ends = [Some(before), Some(after).filter(|after| !before.same(after))];
        for padding in ends.into_iter().flatten().filter(|padding| padding.known != Some(0)) {
            let (name, size, kernel) = (site.name, &padding.tokens, &axis.kernel.tokens);
            built.checks.push(const_check(&padding.written, "check_pool_padding", quote!(#name, #kernel, #size)));
        }
    }
    built
}

/// `GlobalAvgPool` and `GlobalMaxPool`: `[C, …]` to `[C]`.
fn global_pool(site: &Site<'_>, flow: &Flow, layer: &TokenStream) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let output = Flow::Sizes(flow.sizes(site, 1));
    Built::new(quote!(#fnn::layers::#layer<#sample>), output)
}
