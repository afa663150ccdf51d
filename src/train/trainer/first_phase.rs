//! The first phase of a step: the chunks of a round go forward and back, shared out among threads.

use std::fmt::Debug;
use std::ops::Range;

use super::chunk::{Accumulator, Chunk};
use super::chunk_size::accumulators;
use super::course::Course;
use crate::data::MiniBatch;
use crate::kernels::{Divisible, Simd, Start, Task};
use crate::layer::Layer;
use crate::layer::deferral::defers;
use crate::losses::Loss;
use crate::shape::within;

/// How many chunks of a mini-batch of `batch` samples need memory at a time.
pub(super) const fn chunks<N: Layer>(batch: usize, threads: usize) -> usize {
    let accumulators = accumulators::<N>(batch);
    if defers::<N>() || accumulators < threads { accumulators } else { threads }
}

/// Some accumulators of a round, and memory for the chunks that add to them: the chunks of `each` of them, one after the other, share
/// one.
pub(super) struct Shared<'a, N: Layer, T, const B: usize> {
    accumulators: &'a mut [Accumulator<N::Scalar>],
    chunks: &'a mut [Chunk<N, T, B>],
    each: usize,
}

impl<'a, N: Layer, T, const B: usize> Shared<'a, N, T, B> {
    /// The accumulators in a range, shared out among threads if nothing is computed from their chunks later.
    #[inline(always)]
    pub(super) fn new(
        accumulators: &'a mut [Accumulator<N::Scalar>],
        chunks: &'a mut [Chunk<N, T, B>],
        range: Range<usize>,
        threads: usize,
    ) -> Self {
        let (chunks, each) = if const { defers::<N>() } {
            (within(chunks, &range), 1)
        } else {
            let threads = threads.min(chunks.len()).max(1);
            (chunks, range.len().div_ceil(threads).max(1))
        };
        Self { accumulators: within(accumulators, &range), chunks, each }
    }
}

impl<N: Layer, T: Send, const B: usize> Divisible for Shared<'_, N, T, B> {
    fn length(&self) -> usize {
        self.accumulators.len().div_ceil(self.each)
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let Self { accumulators, chunks, each } = self;
        let (accumulators, more_accumulators) = accumulators.divide(at * each);
        let (chunks, more_chunks) = chunks.divide(at);
        (Self { accumulators, chunks, each }, Self { accumulators: more_accumulators, chunks: more_chunks, each })
    }
}

/// Each chunk of a round adds to the accumulator of the same index.
pub(super) struct Add<'a, N: Layer, T, F, O> {
    pub(super) network: &'a N,
    pub(super) course: &'a Course<'a, F, O>,
    pub(super) round: &'a MiniBatch<'a, N::Input, T>,
    pub(super) chunk: usize,
    pub(super) start: Start,
}

impl<N, T, F, O, const B: usize> Task<Shared<'_, N, T, B>> for Add<'_, N, T, F, O>
where
    N: Layer,
    T: Copy + Debug + Send + Sync,
    F: Loss<N::Output, T>,
    O: Sync,
{
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, shared: Shared<'_, N, T, B>) {
        let Some(chunk) = shared.chunks.first_mut() else { return };
        for accumulator in shared.accumulators {
            let start = accumulator.index * self.chunk;
            let samples = self.round.part(start..self.round.len().min(start + self.chunk));
            chunk.add_to(accumulator, simd, self.network, self.course, samples, self.start);
        }
    }
}
