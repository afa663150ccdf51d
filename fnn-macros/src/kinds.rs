//! The table of the library's layers: everything this crate knows about a kind is in its entry.
//!
//! Names, arguments, the type of the layer, how it is quantized: other modules read such facts from the entry, and
//! never compare names. The table in the documentation of `network!` is generated from it, and the library's tests
//! instantiate every kind in it (see `listing`).

mod activations;
mod basic;
mod blocks;
mod convolutions;
mod listing;
mod norms;
mod paddings;
mod pools;
mod resizes;
mod roles;
mod windows;

use proc_macro2::TokenStream;

pub(crate) use self::blocks::{BLOCKS, CONCAT, Combination, PRODUCT, RESIDUAL, SUM};
pub(crate) use self::listing::listing;
pub(crate) use self::roles::{Int8, Outputs, Role, Stream};
pub(crate) use self::windows::span;
use crate::arguments::{Arguments, Parameter, Signature};
use crate::flow::{Flow, Site};
use crate::size::Size;

/// A kind of layer.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Its names in other libraries.
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) takes: Takes,
    pub(crate) parameters: &'static [Parameter],
    /// An example: for messages, the documentation, and tests that instantiate all kinds.
    pub(crate) example: Example,
    pub(crate) documentation: Documentation,
    pub(crate) role: Role,
    pub(crate) int8: Int8,
    pub(crate) stream: Stream,
    /// Builds the layer's type.
    pub(crate) build: Build,
}

impl Kind {
    /// Its name and parameters.
    pub(crate) fn signature(&self) -> Signature {
        Signature { example: self.example.layer, parameters: self.parameters }
    }
}

/// The input shapes of a kind.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Takes {
    Any,
    /// `[N]`
    Vector,
    /// `[channels, length]`
    Sequence,
    /// `[channels, rows, columns]`
    Image,
    /// `[N]`, of tokens.
    Tokens,
}

impl Takes {
    /// The required shape, if there is one.
    pub(crate) fn shape(self) -> Option<Taken> {
        let (rank, words, advice) = match self {
            Self::Any => return None,
            Self::Vector | Self::Tokens => (1, "a vector, [N]", "put `Flatten` before it"),
            Self::Sequence => (2, "a sequence, [channels, length]", "put `Reshape(channels, length)` before it"),
            Self::Image => {
                (3, "an image, [channels, rows, columns]", "put `Reshape(channels, rows, columns)` before it")
            }
        };
        Some(Taken { rank, words, advice })
    }
}

/// A required shape.
pub(crate) struct Taken {
    /// The number of sizes.
    pub(crate) rank: usize,
    /// Its name in messages.
    pub(crate) words: &'static str,
    /// What to do if the shape is another one.
    pub(crate) advice: &'static str,
}

/// A layer of a kind, as a network's only layer.
pub(crate) struct Example {
    pub(crate) layer: &'static str,
    /// The input shape.
    pub(crate) input: &'static str,
    /// The number of weights and of multiply-accumulates, worked out by hand; the library's tests compare them.
    pub(crate) weights: usize,
    pub(crate) macs: usize,
}

impl Example {
    /// A layer without weights or multiply-accumulates.
    const fn free(layer: &'static str, input: &'static str) -> Self {
        Self { layer, input, weights: 0, macs: 0 }
    }
}

/// A kind's row in the documentation of `network!`, in Markdown, column by column.
pub(crate) struct Documentation {
    /// The name, with a link to the layer's own page.
    pub(crate) name: &'static str,
    pub(crate) takes: &'static str,
    pub(crate) gives: &'static str,
    pub(crate) arguments: &'static str,
    /// Its cost.
    pub(crate) weights: &'static str,
    pub(crate) macs: &'static str,
}

impl Documentation {
    /// For a kind that keeps the shape and costs nothing.
    const fn same(name: &'static str, takes: &'static str) -> Self {
        Self { name, takes, gives: "the same", arguments: "", weights: "", macs: "" }
    }
}

/// Builds a layer's type from its arguments and its input.
type Build = fn(&Site<'_>, &Arguments, &Flow) -> Built;

/// A built layer.
pub(crate) struct Built {
    /// Its type.
    pub(crate) layer: TokenStream,
    /// Its output.
    pub(crate) output: Flow,
    /// Its weights, array by array, for the table.
    pub(crate) weights: Vec<Vec<Size>>,
    /// How many products each output sums over, if it is a sum of products with weights.
    pub(crate) products: Option<Size>,
    /// The initializer in the declaration.
    pub(crate) initializer: Option<TokenStream>,
    /// Checks that only the compiler can evaluate.
    pub(crate) checks: Vec<TokenStream>,
    /// A mistake in its arguments that the macro sees itself.
    pub(crate) mistake: Option<String>,
    /// Its role and how it is quantized, if these depend on its arguments.
    pub(crate) role: Option<Role>,
    pub(crate) int8: Option<Int8>,
}

impl Built {
    fn new(layer: TokenStream, output: Flow) -> Self {
        Self {
            layer,
            output,
            weights: Vec::new(),
            products: None,
            initializer: None,
            checks: Vec::new(),
            mistake: None,
            role: None,
            int8: None,
        }
    }
}

/// All kinds, in the order of the documentation.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    let tables = [
        basic::KINDS,
        convolutions::KINDS,
        pools::KINDS,
        resizes::KINDS,
        paddings::KINDS,
        norms::KINDS,
        activations::KINDS,
        activations::OF_ROWS,
    ];
    tables.into_iter().flatten()
}

/// Finds a kind by name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

/// The names of all kinds, and of the blocks.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    kinds().map(|kind| kind.name).chain(BLOCKS.iter().map(|block| block.name))
}

/// Layers of other libraries that this one lacks, and what to use instead.
static UNSUPPORTED: &[(&[&str], &str)] = &[
    (
        &["LSTM", "GRU", "RNN", "SimpleRnn", "LstmCell", "GruCell"],
        "networks are feed-forward; `Conv1d` takes a window of a sequence, `[channels, length]`",
    ),
    (
        &["Attention", "MultiHeadAttention", "SelfAttention", "Transformer", "TransformerEncoder"],
        "there is no attention; `Conv1d` takes a sequence, `[channels, length]`",
    ),
    (
        &["ConvTranspose1d", "ConvTranspose2d", "Conv1dTranspose", "Conv2dTranspose"],
        "there are no transposed convolutions; write `Upsample1d` or `Upsample2d`, then a convolution",
    ),
];

/// What to use instead of another library's layer.
pub(crate) fn unsupported(name: &str) -> Option<&'static str> {
    let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    UNSUPPORTED.iter().find(|(names, _)| known(names)).map(|(_, advice)| *advice)
}

/// This library's name for a layer of another library.
pub(crate) fn synonym(name: &str) -> Option<&'static str> {
    let all =
        kinds().map(|kind| (kind.name, kind.synonyms)).chain(BLOCKS.iter().map(|block| (block.name, block.synonyms)));
    let mut known = all.filter(|(_, synonyms)| synonyms.iter().any(|synonym| synonym.eq_ignore_ascii_case(name)));
    known.next().map(|(name, _)| name)
}
