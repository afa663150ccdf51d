//! From sums of gradients to updated weights: element by element, over a range of weights.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::chunks::Chunks;
use crate::kernels::{Simd, Task, add_assign, first_lane, lanes, read, splat, sum_of_lanes, write};
use crate::optimizers::{Optimizer, Penalty, clamp};
use crate::scalar::Scalar;
use crate::shape::{first_mut, within};

/// The block size of the mean gradient of several accumulators: the mean stays in the first-level cache, and the
/// accumulators are only read.
const BLOCK: usize = 1024;

/// The sum of the accumulators, in order, times a factor, written to the first of them. If weights are given, their
/// penalty is added.
#[derive(Clone, Copy)]
pub(super) struct Mean<'a, S> {
    pub(super) factor: S,
    pub(super) penalty: Option<Penalty>,
    pub(super) finite: &'a AtomicBool,
}

impl<S: Scalar, const K: usize> Task<[&mut [S]; K]> for Mean<'_, S> {
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, sums: [&mut [S]; K]) {
        self.run(simd, (sums, <&mut [S]>::default()));
    }
}

impl<S: Scalar, const K: usize> Task<([&mut [S]; K], &mut [S])> for Mean<'_, S> {
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, (mut sums, weights): ([&mut [S]; K], &mut [S])) {
        if let [first, others @ ..] = &mut sums[..] {
            self.of(simd, first, others.iter().map(|other| &**other), weights);
        }
    }
}

impl<S: Scalar> Mean<'_, S> {
    /// Record whether the whole mean is finite.
    #[inline(always)]
    pub(super) fn of<'s, V: Simd>(
        &self,
        simd: V,
        mean: &mut [S],
        others: impl Iterator<Item = &'s [S]>,
        weights: &[S],
    ) -> bool {
        for other in others {
            add_assign(simd, other, mean);
        }
        let all_finite = scale(simd, self.factor, mean);
        if let Some(penalty) = self.penalty {
            penalty.add(weights, mean);
        }
        if !all_finite {
            self.finite.store(false, Relaxed);
        }
        all_finite
    }
}

/// Multiplies all numbers by a factor. Returns whether the products are finite.
#[allow(clippy::eq_op, reason = "x − x tells whether x is finite")]
#[inline(always)]
fn scale<V: Simd, S: Scalar>(simd: V, factor: S, numbers: &mut [S]) -> bool {
    let lanes = lanes::<V, S>();
    if lanes == 1 {
        // No early exit, so that the compiler vectorizes the loop.
        return numbers.iter_mut().fold(true, |finite, number| {
            *number *= factor;
            finite & number.is_finite()
        });
    }
    // x − x is 0, or NaN if x isn't finite. Several sums, as each addition waits for the one before.
    let zero = splat(simd, S::ZERO);
    let (factor, mut sums) = (splat(simd, factor), [zero; 4]);
    for numbers in numbers.parts_mut(4 * lanes) {
        for (sum, numbers) in sums.iter_mut().zip(numbers.parts_mut(lanes)) {
            let product = read(simd, numbers) * factor;
            write(simd, product, numbers);
            *sum = *sum + (product - product);
        }
    }
    let [a, b, c, d] = sums;
    first_lane::<V, S>(simd, sum_of_lanes::<V, S>((a + b) + (c + d))) == S::ZERO
}

/// From sums of gradients to updated weights.
pub(super) struct Update<'a, O, S> {
    pub(super) optimizer: &'a O,
    pub(super) step: u64,
    pub(super) mean: Mean<'a, S>,
    pub(super) limit: Option<S>,
}

/// A range of the gradients' sums, of the weights, and of the optimizer's slots.
type Ranges<'a, S, const SLOTS: usize, const K: usize> = ([&'a mut [S]; K], (&'a mut [S], [&'a mut [S]; SLOTS]));

impl<O: Optimizer<SLOTS>, S: Scalar, const SLOTS: usize, const K: usize> Task<Ranges<'_, S, SLOTS, K>>
    for Update<'_, O, S>
{
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, (mut sums, (weights, mut slots)): Ranges<'_, S, SLOTS, K>) {
        let Some((first, others)) = sums.split_first_mut() else { return };
        if K == 1 {
            return self.of(simd, first, core::iter::empty(), weights, slots);
        }
        let mut memory = [S::ZERO; BLOCK];
        for start in (0..first.len()).step_by(BLOCK) {
            let range = start..first.len().min(start + BLOCK);
            let (first, mean) = (within(first, &range), first_mut(&mut memory, range.len()));
            let mut others = others.iter().map(|other| other.get(range.clone()).unwrap_or_default());
            // The first two in one pass over memory.
            match others.next() {
                Some(second) if !second.is_empty() => {
                    let sums = first.iter().zip(second).map(|(&first, &second)| first + second);
                    mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = sum);
                }
                _ => mean.copy_from_slice(first),
            }
            let slots = slots.each_mut().map(|slot| within(slot, &range));
            self.of(simd, mean, others, within(weights, &range), slots);
        }
    }
}

impl<O, S: Scalar> Update<'_, O, S> {
    /// Update weights along the mean of `mean` and `others`, if all of it is finite.
    #[inline(always)]
    pub(super) fn of<'s, V: Simd, const SLOTS: usize>(
        &self,
        simd: V,
        mean: &mut [S],
        others: impl Iterator<Item = &'s [S]>,
        weights: &mut [S],
        slots: [&mut [S]; SLOTS],
    ) where
        O: Optimizer<SLOTS>,
    {
        if self.mean.of(simd, mean, others, weights) {
            if let Some(limit) = self.limit {
                clamp(limit, mean);
            }
            self.optimizer.update(simd, self.step, weights, mean, slots);
        }
    }
}
