//! Images and sequences in another size.

use proc_macro2::TokenStream;
use quote::quote;

use super::roles::{IMAGES, MORE_FRAMES};
use super::windows::{IMAGE, SEQUENCE, sample};
use super::{Built, Documentation, Example, Int8, Kind, Outputs, Role, Stream, Takes};
use crate::arguments::{ArgumentType, Arguments, keyword, required};
use crate::flow::Site;
use crate::size::Size;

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "Upsample2d",
        synonyms: &["UpSampling2D"],
        takes: Takes::Image,
        parameters: &[required("factor", "the factor by which rows and columns grow", ArgumentType::Pair)],
        example: Example::free("Upsample2d(2)", "[2, 2, 3]"),
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`factor`: a size, or `(rows, columns)`",
            ..Documentation::same("[`Upsample2d(factor)`](crate::layers::Upsample)", "`[C, rows, columns]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never(IMAGES),
        build: |site, arguments, flow| upsample(site, arguments, &flow.sizes(site, IMAGE)),
    },
    Kind {
        name: "Upsample1d",
        synonyms: &[],
        takes: Takes::Sequence,
        parameters: &[required("factor", "the factor by which the length grows", ArgumentType::Size)],
        example: Example::free("Upsample1d(2)", "[2, 3]"),
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`factor`: a size",
            ..Documentation::same("[`Upsample1d(factor)`](crate::layers::Upsample)", "`[C, length]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never(MORE_FRAMES),
        build: |site, arguments, flow| upsample(site, arguments, &flow.sizes(site, SEQUENCE)),
    },
    Kind {
        name: "Resize2d",
        synonyms: &["Resizing", "ResizeBilinear", "Interpolate", "UpsamplingBilinear2d"],
        takes: Takes::Image,
        parameters: &[
            required("size", "the size of the output", ArgumentType::Pair),
            keyword("align_corners", ArgumentType::Switch),
        ],
        example: Example { layer: "Resize2d((3, 5))", input: "[2, 2, 3]", weights: 0, macs: 4 * 2 * 3 * 5 },
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`size`: of the output, a size, or `(rows, columns)`; `align_corners = true`: the first and the last element stay",
            macs: "four per output",
            ..Documentation::same("[`Resize2d(size)`](crate::layers::Resize)", "`[C, rows, columns]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never(IMAGES),
        build: |site, arguments, flow| resize(site, arguments, &flow.sizes(site, IMAGE)),
    },
    Kind {
        name: "Resize1d",
        synonyms: &[],
        takes: Takes::Sequence,
        parameters: &[
            required("size", "the length of the output", ArgumentType::Size),
            keyword("align_corners", ArgumentType::Switch),
        ],
        example: Example { layer: "Resize1d(5)", input: "[2, 3]", weights: 0, macs: 4 * 2 * 5 },
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`size`: the length of the output; `align_corners`, as for `Resize2d`",
            macs: "four per output",
            ..Documentation::same("[`Resize1d(size)`](crate::layers::Resize)", "`[C, length]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never(MORE_FRAMES),
        build: |site, arguments, flow| resize(site, arguments, &flow.sizes(site, SEQUENCE)),
    },
];

/// `Upsample2d(factor)` and `Upsample1d(factor)`: `[C, …]` to `[C, …]`, each size after the channels times its factor.
fn upsample(site: &Site<'_>, arguments: &Arguments, sizes: &[Size]) -> Built {
    let larger = |size: &Size, factor: &Size| Size::product(&[size.clone(), factor.clone()]);
    resized(site, arguments, sizes, ("factor", larger), |input, output| quote!(Upsample<#input, #output>))
}

/// `Resize2d(size)` and `Resize1d(size)`: `[C, …]` to `[C, …]`, of another size.
fn resize(site: &Site<'_>, arguments: &Arguments, sizes: &[Size]) -> Built {
    let align_corners = arguments.is("align_corners", "true").then(|| quote!(, true));
    resized(
        site,
        arguments,
        sizes,
        ("size", |_: &Size, size: &Size| size.clone()),
        |input, output| quote!(Resize<#input, #output #align_corners>),
    )
}

/// A layer whose sizes after the channels follow from those of the input and the argument `name`. `layer` gives the type for
/// those of the input and the output.
fn resized(
    site: &Site<'_>,
    arguments: &Arguments,
    sizes: &[Size],
    (name, size): (&str, impl Fn(&Size, &Size) -> Size),
    layer: impl FnOnce(TokenStream, TokenStream) -> TokenStream,
) -> Built {
    let fnn = site.fnn;
    let given: Vec<_> =
        (0..sizes.len() - 1).map(|axis| arguments.size_of_axis(name, axis).unwrap_or_else(Size::one)).collect();
    let (_, input) = sample(site, &sizes[0], sizes[1..].iter().cloned());
    let (flow, output) = sample(site, &sizes[0], sizes[1..].iter().zip(&given).map(|(from, given)| size(from, given)));
    let layer = layer(input, output);
    let mut built = Built::new(quote!(#fnn::layers::#layer), flow);
    let different = given.iter().enumerate().filter(|(axis, own)| *axis == 0 || !given[0].same(own));
    built.checks.extend(different.map(|(_, own)| site.check_size(own, name)));
    built
}
