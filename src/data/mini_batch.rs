//! The samples of a mini-batch: rows of a set in memory, or samples that were read for it.

use std::ops::Range;

use super::DataSet;
use crate::kernels::gather;
use crate::rows::Rows;

/// The samples of a mini-batch, or of a part of it.
#[derive(Debug)]
pub(crate) struct MiniBatch<'a, I, T> {
    /// The number of each sample in its set.
    numbers: &'a [usize],
    inputs: &'a [I],
    targets: &'a [T],
    /// Whether these are all inputs and targets of the set, and not just those of the numbers.
    is_set: bool,
}

impl<I, T> Clone for MiniBatch<'_, I, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, T> Copy for MiniBatch<'_, I, T> {}

impl<'a, I, T> MiniBatch<'a, I, T> {
    /// The samples of a set in memory that have these numbers.
    pub(crate) fn rows(set: &'a DataSet<I, T>, numbers: &'a [usize]) -> Self {
        Self { numbers, inputs: set.inputs(), targets: set.targets(), is_set: true }
    }

    /// Samples that were read, one for each number.
    pub(crate) const fn read(numbers: &'a [usize], inputs: &'a [I], targets: &'a [T]) -> Self {
        Self { numbers, inputs, targets, is_set: false }
    }

    /// The number of samples.
    pub(crate) const fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The number of each sample in its set, which its randomness depends on.
    pub(crate) const fn numbers(&self) -> &'a [usize] {
        self.numbers
    }

    /// The inputs, where they lie.
    pub(crate) const fn inputs(self) -> Rows<'a, I> {
        if self.is_set { Rows::scattered(self.inputs, self.numbers) } else { Rows::in_order(self.inputs) }
    }

    /// The targets, where they lie.
    pub(crate) const fn targets(self) -> Rows<'a, T> {
        if self.is_set { Rows::scattered(self.targets, self.numbers) } else { Rows::in_order(self.targets) }
    }

    /// The samples in a range.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        let numbers = &self.numbers[range.clone()];
        if self.is_set {
            Self { numbers, ..self }
        } else {
            Self { numbers, inputs: &self.inputs[range.clone()], targets: &self.targets[range], ..self }
        }
    }

    /// The parts of `length` samples, the last one possibly shorter.
    pub(crate) fn chunks(self, length: usize) -> impl Iterator<Item = Self> {
        let (mut start, samples) = (0, self.len());
        // `step_by` would divide, which takes as long as a small network's forward pass.
        std::iter::from_fn(move || {
            let end = samples.min(start + length.max(1));
            let part = (start < samples).then(|| self.part(start..end));
            start = end;
            part
        })
    }
}

/// Rows in order: copied to `memory` unless they already are.
#[inline(always)]
pub(crate) fn gathered<'a, A: Copy>(rows: Rows<'a, A>, memory: &'a mut Vec<A>) -> &'a [A] {
    match rows.parts() {
        (samples, None) => samples,
        (set, Some(numbers)) => {
            memory.clear();
            gather(set, numbers, memory);
            memory
        }
    }
}
