//! Weight gradients that are computed after the backward pass, over all samples of a mini-batch at once.

use core::ops::Range;

use super::{Gradient, Layer};
use crate::chunks::Chunks;
use crate::kernels::Start;
use crate::memory::batch;
use crate::pod::Pod;
use crate::shape::{Sample, samples, samples_mut};
use crate::weights::parameters::{Parameters, from_numbers, from_numbers_mut};

/// The weights of a layer, as to when their gradient is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Each backward pass adds to the gradient of these weights.
    Accumulated(Range<usize>),
    /// The gradient of these weights is computed after all backward passes of a mini-batch.
    Deferred(Deferred),
}

/// The weights of a linear layer: a matrix `[inputs][outputs]`, followed by a bias `[outputs]`, or none.
///
/// With x a sample's inputs and g the gradient of its outputs, its gradient is the sum of `xᵀ·g`, and that of the bias
/// the sum of g.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferred {
    /// The index of the first weight.
    pub start: usize,
    /// The number of inputs.
    pub inputs: usize,
    /// The number of outputs.
    pub outputs: usize,
    /// Whether there is a bias.
    pub bias: bool,
}

/// What the gradient of [`Deferred`] weights is computed from: some samples' inputs, and the gradients of their outputs.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a, S> {
    /// The inputs, sample after sample.
    pub inputs: &'a [S],
    /// Which samples of `inputs` they are, unless they are all of them in order.
    pub numbers: Option<&'a [usize]>,
    /// The gradients of the outputs, sample after sample.
    pub output_gradients: &'a [S],
}

#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "only the trainer has a second phase"))]
impl<'a, S> Factors<'a, S> {
    /// The inputs of each sample, and the gradients of its outputs.
    pub(crate) fn samples(self, part: &Deferred) -> impl Iterator<Item = (&'a [S], &'a [S])> {
        let Self { inputs, numbers, output_gradients } = self;
        let (width, outputs) = (part.inputs, part.outputs);
        output_gradients.blocks(outputs).enumerate().map_while(move |(index, gradients)| {
            let number = numbers.map_or(Some(index), |numbers| numbers.get(index).copied())?;
            let start = number.checked_mul(width)?;
            Some((inputs.get(start..start.checked_add(width)?)?, gradients))
        })
    }
}

/// Where a backward pass leaves the gradients of the weights, and what it leaves for those that are [`Deferred`].
#[derive(Debug)]
pub struct Deferral<'a, S> {
    accumulated: &'a mut [S],
    start: Start,
    record: &'a mut [S],
}

impl<'a, S> Deferral<'a, S> {
    /// A backward pass that adds to `accumulated`, or overwrites it, as `start` says, and leaves the rest in `record`.
    ///
    /// They have [`Layer::ACCUMULATED`] numbers, and [`Layer::RECORDED`] for each sample.
    pub const fn new(accumulated: &'a mut [S], start: Start, record: &'a mut [S]) -> Self {
        Self { accumulated, start, record }
    }

    /// The gradient, if all of it is accumulated.
    #[inline(always)]
    pub fn gradient<P: Parameters<Scalar = S>>(self) -> Option<Gradient<'a, P>> {
        Some(Gradient::new(from_numbers_mut(self.accumulated)?, self.start))
    }

    /// The part of layer `L`, the last one that has none yet.
    #[inline(always)]
    pub fn of<L: Layer<Scalar = S>>(&mut self, samples: usize) -> Deferral<'a, S> {
        let rest = self.accumulated.len().saturating_sub(L::ACCUMULATED);
        let (rest, accumulated) = core::mem::take(&mut self.accumulated).split_at_mut(rest);
        self.accumulated = rest;
        Deferral { accumulated, start: self.start, record: self.take(L::RECORDED.saturating_mul(samples)) }
    }

    /// Memory for the gradients of the outputs of `L`: in the record if it needs them later, or else `memory`.
    #[inline(always)]
    pub fn outputs<'m, L: Layer<Scalar = S>, A: Sample<Element = S>, const B: usize, M: Pod>(
        &mut self,
        memory: &'m mut M,
        count: usize,
    ) -> &'m mut [A]
    where
        'a: 'm,
    {
        if defers::<L>() {
            samples_mut(self.take(A::LENGTH.saturating_mul(count)))
        } else {
            batch::<A, B, M>(memory, count)
        }
    }

    #[inline(always)]
    fn take(&mut self, count: usize) -> &'a mut [S] {
        let count = count.min(self.record.len());
        let (taken, rest) = core::mem::take(&mut self.record).split_at_mut(count);
        self.record = rest;
        taken
    }
}

/// The record of a backward pass, read in the order in which it was written.
#[doc(hidden)]
#[derive(Debug)]
pub struct Record<'a, S>(&'a [S]);

impl<'a, S> Record<'a, S> {
    /// A record from its start.
    #[inline]
    pub const fn new(record: &'a [S]) -> Self {
        Self(record)
    }

    /// What [`Deferral::of`] gave to layer `L`.
    #[inline]
    pub fn of<L: Layer<Scalar = S>>(&mut self, samples: usize) -> &'a [S] {
        self.take(L::RECORDED.saturating_mul(samples))
    }

    /// What [`Deferral::outputs`] returned for layer `L`, or nothing if it doesn't need them.
    #[inline]
    pub fn outputs<L: Layer<Scalar = S>, A: Sample<Element = S>>(&mut self, count: usize) -> &'a [A] {
        if defers::<L>() { samples(self.take(A::LENGTH.saturating_mul(count))) } else { &[] }
    }

    #[inline]
    fn take(&mut self, count: usize) -> &'a [S] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// Whether a layer needs its inputs and the gradients of its outputs after the backward pass.
pub(crate) const fn defers<L: Layer>() -> bool {
    L::ACCUMULATED < L::PARAMETERS
}

/// How many numbers of each sample are recorded for a layer with these outputs, if another layer follows.
#[doc(hidden)]
#[must_use]
pub const fn recorded<L: Layer, A: Sample>() -> usize {
    L::RECORDED + if defers::<L>() { A::LENGTH } else { 0 }
}

/// The first `count` numbers, or all if there are fewer, and the rest.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn split_numbers<S>(numbers: &[S], count: usize) -> (&[S], &[S]) {
    numbers.split_at(count.min(numbers.len()))
}

/// [`Parameters::absorb`] of a layer whose whole gradient is accumulated.
pub(super) fn absorb<L: Layer>(layer: &mut L, accumulated: &[L::Scalar]) {
    if let Some(gradient) = from_numbers(accumulated) {
        layer.absorb(gradient);
    }
}
