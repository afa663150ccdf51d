//! How a mini-batch is split into chunks, which depends on its size and the network alone.

use crate::weights::parameters::Parameters;

/// Samples per chunk: few enough for the cache and to give each thread one, enough for a matrix product.
pub(super) const CHUNK: usize = 32;

/// Samples per chunk for a large network, if the mini-batch is larger: writing and summing gradients then costs more
/// than further threads would save, so fewer accumulators are better.
pub(super) const LARGE_CHUNK: usize = 64;

/// The number of weights from which a network is large: two gradients and the weights exceed the second-level cache.
const LARGE: usize = 1 << 17;

/// The most accumulators, and therefore threads, for one mini-batch.
pub(super) const ACCUMULATORS: usize = 8;

/// Whether there are mini-batches whose chunks are large: those of a network with many weights.
pub(super) const fn has_large_chunks<N: Parameters>() -> bool {
    N::PARAMETERS > LARGE
}

/// An expression with the largest chunk of a network as a const argument, which Rust can't compute from a generic network's size.
macro_rules! with_largest_chunk {
    ($network:ty, $chunk:ident => $expression:expr) => {
        if const { $crate::train::trainer::chunk_size::has_large_chunks::<$network>() } {
            const $chunk: usize = $crate::train::trainer::chunk_size::LARGE_CHUNK;
            $expression
        } else {
            const $chunk: usize = $crate::train::trainer::chunk_size::CHUNK;
            $expression
        }
    };
}
pub(super) use with_largest_chunk;

/// The largest chunk of a mini-batch of `batch` samples.
pub(super) const fn chunk<N: Parameters>(batch: usize) -> usize {
    if has_large_chunks::<N>() && batch > LARGE_CHUNK { LARGE_CHUNK } else { CHUNK }
}

/// The number of accumulators for a mini-batch of `batch` samples.
pub(super) const fn accumulators<N: Parameters>(batch: usize) -> usize {
    let chunks = batch.div_ceil(chunk::<N>(batch));
    if chunks < ACCUMULATORS { chunks } else { ACCUMULATORS }
}

/// The smallest chunk of a mini-batch of `batch` samples.
pub(super) fn smallest_chunk<N: Parameters>(batch: usize) -> usize {
    let chunk = even_chunk::<N>(batch);
    let last = batch % chunk;
    if last == 0 { chunk } else { last }
}

/// The chunk size for a mini-batch of `batch` samples; the last chunk may be smaller.
///
/// A network that computes statistics over a chunk, such as batch normalization, would give a small last chunk too
/// much weight, so its chunks have equal sizes.
pub(super) fn even_chunk<N: Parameters>(batch: usize) -> usize {
    let mut has_statistics = false;
    N::running_statistics(&mut |_| has_statistics = true);
    let chunk = chunk::<N>(batch);
    if has_statistics { batch.div_ceil(batch.div_ceil(chunk).max(1)).max(1) } else { chunk }
}
