//! Padding as a layer of its own.

use quote::quote;

use super::roles::{IMAGES, MORE_FRAMES};
use super::windows::{Axis, IMAGE, SEQUENCE, sample, windows};
use super::{Built, Documentation, Example, Int8, Kind, Outputs, Role, Stream, Takes};
use crate::arguments::{ArgumentType, Arguments, required};
use crate::flow::{Flow, Site};
use crate::size::Size;

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "ZeroPad2d",
        synonyms: &["ZeroPadding2d", "Pad", "ConstantPad2d"],
        takes: Takes::Image,
        parameters: &[required("padding", "the padding", ArgumentType::PairOfPaddings(&[]))],
        example: Example::free("ZeroPad2d(((0, 1), (2, 1)))", "[2, 2, 3]"),
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`padding`: a size, or `(rows, columns)`, each a size or `(before, after)`",
            ..Documentation::same("[`ZeroPad2d(padding)`](crate::layers::ZeroPad)", "`[C, rows, columns]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never(IMAGES),
        build: |site, arguments, flow| zero_pad(site, arguments, flow, IMAGE),
    },
    Kind {
        name: "ZeroPad1d",
        synonyms: &["ZeroPadding1d", "ConstantPad1d"],
        takes: Takes::Sequence,
        parameters: &[required("padding", "the padding", ArgumentType::Padding(&[]))],
        example: Example::free("ZeroPad1d((1, 2))", "[2, 3]"),
        documentation: Documentation {
            gives: "`[C, …]`",
            arguments: "`padding`: a size, or `(before, after)`",
            ..Documentation::same("[`ZeroPad1d(padding)`](crate::layers::ZeroPad)", "`[C, length]`")
        },
        role: Role::Weightless,
        int8: Int8::Layer(Outputs::OfInputs),
        stream: Stream::Never(MORE_FRAMES),
        build: |site, arguments, flow| zero_pad(site, arguments, flow, SEQUENCE),
    },
];

/// `ZeroPad2d(padding)` and `ZeroPad1d(padding)`: `[C, …]` to `[C, …]`, windows of one element over a padded input.
fn zero_pad(site: &Site<'_>, arguments: &Arguments, flow: &Flow, rank: usize) -> Built {
    let (fnn, sizes) = (site.fnn, flow.sizes(site, rank));
    let axes = Axis::all(arguments, &sizes, "window", |_| Size::one());
    let (_, input) = sample(site, &sizes[0], axes.iter().map(|axis| axis.input.clone()));
    let (flow, output) = sample(site, &sizes[0], axes.iter().map(|axis| axis.output(site)));
    let windows = windows(site, &axes);
    Built::new(quote!(#fnn::layers::ZeroPad<#input, #output, #windows>), flow)
}
