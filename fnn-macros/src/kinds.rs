//! The table of the library's layers: their names, their arguments, and how each becomes a type.

mod activations;
mod norms;
mod windows;

use crate::arguments::{ArgumentType, Arguments, Number, Parameter, Signature, keyword, optional, required};
use crate::flow::{Flow, Site};
use crate::report::judge;
use crate::size::Size;
use proc_macro2::TokenStream;
use quote::quote;

/// A kind of layer.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) example: &'static str,
    /// How many sizes the shape has that it takes, where that isn't any number.
    pub(crate) rank: Option<usize>,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) role: Role,
    /// What the layer becomes.
    pub(crate) build: fn(&Site<'_>, &Arguments, &Flow) -> Built,
}

impl Kind {
    /// Whether what goes in are tokens.
    pub(crate) fn takes_tokens(&self) -> bool {
        self.name == "Embedding"
    }

    /// How its arguments are written.
    pub(crate) fn signature(&self) -> Signature {
        Signature { example: self.example, parameters: self.parameters }
    }
}

/// How a kind computes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// It has weights to draw, and its backward pass has no use for its outputs, so that an activation right after it
    /// may take their place.
    Linear,
    /// It has no weights to draw; of its outputs, its backward pass has no use either.
    Weightless,
    /// As `Weightless`; in inference, it is a factor and an offset for each channel, which a linear layer right before it
    /// can take over.
    Affine,
    /// An activation; `in_place` where its derivative follows from its output; `rectifier` where the layer before it
    /// starts from He's weights.
    Activation { in_place: bool, rectifier: bool },
    /// The same memory under another type.
    View,
    /// Anything else.
    Other,
}

/// What a layer becomes.
pub(crate) struct Built {
    /// Its type.
    pub(crate) layer: TokenStream,
    /// What comes out of it.
    pub(crate) output: Flow,
    /// Its weights, array by array, for the table.
    pub(crate) weights: Vec<Vec<Size>>,
    /// How many products each of its outputs is the sum of, if it is a sum of products with weights.
    pub(crate) products: Option<Size>,
    /// The initializer that was asked for.
    pub(crate) initializer: Option<TokenStream>,
    /// Items that judge what only the compiler knows.
    pub(crate) checks: Vec<TokenStream>,
}

impl Built {
    fn new(layer: TokenStream, output: Flow) -> Self {
        Self { layer, output, weights: Vec::new(), products: None, initializer: None, checks: Vec::new() }
    }
}

type Build = fn(&Site<'_>, &Arguments, &Flow) -> Built;

/// The kinds there are.
fn kinds() -> impl Iterator<Item = &'static Kind> {
    BASIC.iter().chain(windows::KINDS).chain(norms::KINDS).chain(activations::KINDS)
}

/// Those of any network.
static BASIC: &[Kind] = &[
    Kind {
        name: "Dense",
        example: "Dense(128)",
        rank: Some(1),
        parameters: &[
            required("units", "its number of units", ArgumentType::Size),
            keyword("bias", ArgumentType::Switch),
            keyword("init", ArgumentType::Initializer),
        ],
        role: Role::Linear,
        build: dense,
    },
    Kind { name: "Flatten", example: "Flatten", rank: None, parameters: &[], role: Role::View, build: flatten },
    Kind {
        name: "Identity",
        example: "Identity",
        rank: None,
        parameters: &[],
        role: Role::View,
        build: |site, _, flow| {
            let (fnn, sample) = (site.fnn, flow.sample(site, site.scalar));
            Built::new(quote!(#fnn::layers::Reshape<#sample, #sample>), flow.clone())
        },
    },
    Kind {
        name: "Reshape",
        example: "Reshape(1, 28, 28)",
        rank: None,
        parameters: &[
            required("size", "the sizes of the new shape", ArgumentType::Size),
            optional("second", ArgumentType::Size),
            optional("third", ArgumentType::Size),
            optional("fourth", ArgumentType::Size),
        ],
        role: Role::View,
        build: reshape,
    },
    Kind {
        name: "Embedding",
        example: "Embedding(1000, 16)",
        rank: Some(1),
        parameters: &[
            required("vocabulary", "its number of tokens", ArgumentType::Size),
            required("width", "the width of a token's row", ArgumentType::Size),
        ],
        role: Role::Weightless,
        build: embedding,
    },
    Kind {
        name: "Dropout",
        example: "Dropout(0.5)",
        rank: None,
        parameters: &[required("probability", "the probability to drop an element", ArgumentType::Number)],
        role: Role::Weightless,
        build: dropout,
    },
];

/// The blocks, which take layers in braces.
pub(crate) const RESIDUAL: &str = "Residual";
pub(crate) const CONCAT: &str = "Concat";

/// What a kind takes that takes this rank, and what to do where it gets another one.
pub(crate) fn of_rank(rank: usize) -> (&'static str, &'static str) {
    match rank {
        1 => ("one row of numbers", "put `Flatten` before it"),
        2 => ("a sequence, [channels, length]", "put `Reshape(channels, length)` before it"),
        _ => ("an image, [channels, rows, columns]", "put `Reshape(channels, rows, columns)` before it"),
    }
}

/// What other libraries call a kind.
static SYNONYMS: &[(&str, &str)] = &[
    ("Linear", "Dense"),
    ("FullyConnected", "Dense"),
    ("Fc", "Dense"),
    ("Affine", "Dense"),
    ("Swish", "Silu"),
    ("Logistic", "Sigmoid"),
    ("Skip", "Residual"),
    ("Concatenate", "Concat"),
    ("BatchNormalization", "BatchNorm"),
    ("LayerNormalization", "LayerNorm"),
    ("GroupNormalization", "GroupNorm"),
    ("UpSampling2D", "Upsample2d"),
    ("ParametricRelu", "PRelu"),
    ("Convolution", "Conv2d"),
    ("MaxPooling2d", "MaxPool2d"),
    ("AveragePool2d", "AvgPool2d"),
    ("AveragePooling2d", "AvgPool2d"),
    ("GlobalAveragePool", "GlobalAvgPool"),
    ("AdaptiveAvgPool2d", "GlobalAvgPool"),
];

/// The kind of this name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

/// The names of all kinds, and of the block.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    kinds().map(|kind| kind.name).chain([RESIDUAL, CONCAT])
}

/// What a name of another library is called here.
pub(crate) fn synonym(name: &str) -> Option<&'static str> {
    SYNONYMS.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, here)| *here)
}

/// `Dense(units, bias = …, init = …)`: `[I]` to `[units]`.
fn dense(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let input = flow.length(site);
    let units = arguments.size("units");
    let (inputs, outputs) = (&input.tokens, &units.tokens);
    let bias = arguments.on("bias");
    let no_bias = (!bias).then(|| quote!(, #fnn::layers::NoBias<#scalar>));
    let layer = quote!(#fnn::layers::Dense<{ #inputs }, { #outputs }, #scalar #no_bias>);
    let mut built = Built::new(layer, Flow::Sizes(vec![units.clone()]));
    built.weights.push(vec![input.clone(), units.clone()]);
    built.products = Some(input);
    if bias {
        built.weights.push(vec![units.clone()]);
    }
    built.initializer = arguments.initializer(site.fnn);
    built.checks.push(site.check_size(&units, "units"));
    built
}

/// `Flatten`: any shape to one row.
fn flatten(site: &Site<'_>, _: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let length = flow.length(site);
    let size = &length.tokens;
    Built::new(quote!(#fnn::layers::Flatten<#sample, { #size }>), Flow::Sizes(vec![length]))
}

/// `Reshape(sizes)`: any shape to one of as many elements.
fn reshape(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sizes = ["size", "second", "third", "fourth"].iter().filter_map(|name| arguments.size_of_axis(name, 0));
    let output = Flow::Sizes(sizes.collect());
    let (from, to) = (flow.sample(site, site.scalar), output.sample(site, site.scalar));
    let (name, given, wanted) = (site.name, flow.shape(site), output.shape(site));
    let mut built = Built::new(quote!(#fnn::layers::Reshape<#from, #to>), output);
    built.checks.push(judge(site.written, "check_reshape", quote!(#name, #given, #wanted)));
    built
}

/// `Embedding(vocabulary, width)`: `[N]` tokens to `[N, width]`.
fn embedding(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let (fnn, scalar) = (site.fnn, site.scalar);
    let (length, vocabulary, width) = (flow.length(site), arguments.size("vocabulary"), arguments.size("width"));
    let [sequence, tokens, row] = [&length, &vocabulary, &width].map(|size| &size.tokens);
    let layer = quote!(#fnn::layers::Embedding<{ #sequence }, { #tokens }, { #row }, #scalar>);
    let mut built = Built::new(layer, Flow::Sizes(vec![length, width.clone()]));
    built.checks.push(site.check_size(&vocabulary, "vocabulary"));
    built.checks.push(site.check_size(&width, "width"));
    built.weights.push(vec![vocabulary, width]);
    built
}

/// `Dropout(probability)`: any shape.
fn dropout(site: &Site<'_>, arguments: &Arguments, flow: &Flow) -> Built {
    let fnn = site.fnn;
    let sample = flow.sample(site, site.scalar);
    let Some(Number { tokens: probability, written }) = arguments.number("probability") else {
        return Built::new(sample, flow.clone());
    };
    let bits = quote!({ #fnn::macro_support::bits(#probability) });
    let mut built = Built::new(quote!(#fnn::layers::Dropout<#sample, #bits>), flow.clone());
    let layer = site.name;
    built.checks.push(judge(written, "check_probability", quote!(#layer, #probability)));
    built
}
