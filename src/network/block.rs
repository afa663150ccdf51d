//! How many samples a forward pass takes at a time, if the caller does not choose.

use crate::layer::Layer;
use crate::pod::Pod;

/// The samples of a forward pass at a time, if the caller does not choose a number and they stay in a cache.
pub(crate) const BLOCK: usize = 32;

/// The same for more samples, if the network [reads many weights](reads_many_weights): once per block.
pub(super) const LARGE_BLOCK: usize = 128;

/// Whether blocks of `B` samples stay in a processor's cache between two layers.
pub(crate) const fn stays_in_cache<L: Layer, const B: usize>() -> bool {
    activations::<L, B>() <= 1 << 20
}

/// Whether a network has more weights than a first-level cache holds, and the activations of a large block leave room for them in a
/// second-level cache: large dense layers.
pub(super) const fn reads_many_weights<L: Layer>() -> bool {
    size_of::<L>() > 1 << 17 && activations::<L, LARGE_BLOCK>() <= 1 << 18
}

/// Bytes of the activations of `B` samples.
const fn activations<L: Layer, const B: usize>() -> usize {
    size_of::<L::Workspace<B>>() - <L::Workspace<B> as Pod>::VECTOR_SCRATCH
}

/// An expression with the samples of a network's forward pass at a time as a const argument, which Rust can't compute from a generic
/// network's size. No other one is compiled.
macro_rules! with_block {
    ($network:ty, $block:ident => $expression:expr) => {
        if const { $crate::network::block::stays_in_cache::<$network, { $crate::network::block::BLOCK }>() } {
            const $block: usize = $crate::network::block::BLOCK;
            $expression
        } else if const { $crate::network::block::stays_in_cache::<$network, 8>() } {
            const $block: usize = 8;
            $expression
        } else {
            const $block: usize = 4;
            $expression
        }
    };
}
pub(crate) use with_block;
