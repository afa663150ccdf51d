//! The table of the library's layers: all that this crate knows of each kind stands here, in one entry.
//!
//! Names, arguments, how a kind becomes a type, what it is in 8 bits: whoever needs a fact of a kind reads it from its
//! entry, and compares no names. The table in the documentation of `network!` is written from it, and the library's
//! tests instantiate every kind that it lists (see `listing`).

mod activations;
mod basic;
mod blocks;
mod convolutions;
mod listing;
mod norms;
mod pools;
mod roles;
mod windows;

use proc_macro2::TokenStream;

pub(crate) use self::blocks::{BLOCKS, CONCAT, PROJECTED_RESIDUAL, RESIDUAL};
pub(crate) use self::listing::listing;
pub(crate) use self::roles::{Int8, Outputs, Role};
use crate::arguments::{Arguments, Parameter, Signature};
use crate::flow::{Flow, Site};
use crate::size::Size;

/// A kind of layer.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// What other libraries call it.
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) takes: Takes,
    pub(crate) parameters: &'static [Parameter],
    /// How it is written: in messages, in the documentation, and where all kinds are instantiated.
    pub(crate) example: Example,
    pub(crate) documentation: Documentation,
    pub(crate) role: Role,
    pub(crate) int8: Int8,
    /// What the layer becomes.
    pub(crate) build: Build,
}

impl Kind {
    /// How its arguments are written.
    pub(crate) fn signature(&self) -> Signature {
        Signature { example: self.example.layer, parameters: self.parameters }
    }
}

/// What shapes a kind takes.
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
    /// What shape it has to be, where it isn't any.
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

/// The only shape that a kind takes.
pub(crate) struct Taken {
    /// How many sizes it has.
    pub(crate) rank: usize,
    /// How a message calls it.
    pub(crate) words: &'static str,
    /// What to do where it is another one.
    pub(crate) advice: &'static str,
}

/// A layer of a kind, in a network of this layer alone.
pub(crate) struct Example {
    pub(crate) layer: &'static str,
    /// The shape that goes in.
    pub(crate) input: &'static str,
    /// What it costs there: how many weights it has, and multiply-accumulates. They are worked out by hand, and the
    /// library's tests compare.
    pub(crate) weights: usize,
    pub(crate) macs: usize,
}

impl Example {
    /// One without weights, and without multiply-accumulates.
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
    /// What it costs.
    pub(crate) weights: &'static str,
    pub(crate) macs: &'static str,
}

impl Documentation {
    /// Of a kind that gives the shape that it takes, at no cost.
    const fn same(name: &'static str, takes: &'static str) -> Self {
        Self { name, takes, gives: "the same", arguments: "", weights: "", macs: "" }
    }
}

/// What makes a layer's type of its arguments and of what goes in.
type Build = fn(&Site<'_>, &Arguments, &Flow) -> Built;

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

/// All kinds, in the order of the documentation.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    let tables =
        [basic::KINDS, convolutions::KINDS, pools::KINDS, norms::KINDS, activations::KINDS, activations::OF_ROWS];
    tables.into_iter().flatten()
}

/// The kind of this name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

/// The names of all kinds, and of the blocks.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    kinds().map(|kind| kind.name).chain([RESIDUAL.name, CONCAT.name])
}

/// Layers of other libraries that there are none of here, and what to do instead.
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

/// What to do instead of a layer of another library that there is none of here.
pub(crate) fn unsupported(name: &str) -> Option<&'static str> {
    let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    UNSUPPORTED.iter().find(|(names, _)| known(names)).map(|(_, advice)| *advice)
}

/// What a name of another library is called here.
pub(crate) fn synonym(name: &str) -> Option<&'static str> {
    let all =
        kinds().map(|kind| (kind.name, kind.synonyms)).chain(BLOCKS.iter().map(|block| (block.name, block.synonyms)));
    let mut known = all.filter(|(_, synonyms)| synonyms.iter().any(|synonym| synonym.eq_ignore_ascii_case(name)));
    known.next().map(|(name, _)| name)
}
