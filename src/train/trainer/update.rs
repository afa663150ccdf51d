//! From sums of gradients to updated weights, element by element.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::kernels::{PlainStep, Simd, Task, add_assign, scale_finite};
use crate::optimizers::{Optimizer, Penalty, clamp};
use crate::scalar::Scalar;
use crate::shape::{first, first_mut, within};

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
            let range = 0..first.len();
            self.of(simd, first, (present(others), &range), weights);
        }
    }
}

impl<S: Scalar> Mean<'_, S> {
    /// Record whether the whole mean of `mean` and a range of the other sums is finite.
    #[inline(always)]
    pub(super) fn of<V: Simd>(&self, simd: V, mean: &mut [S], others: Others<'_, '_, S>, weights: &[S]) -> bool {
        let (others, range) = others;
        for other in others {
            add_assign(simd, other.get(range.clone()).unwrap_or_default(), mean);
        }
        let all_finite = scale_finite(simd, self.factor, mean);
        if let Some(penalty) = self.penalty {
            penalty.add(weights, mean);
        }
        if !all_finite {
            self.finite.store(false, Relaxed);
        }
        all_finite
    }
}

/// Further sums, and a range of each.
pub(super) type Others<'a, 's, S> = (&'a [&'s mut [S]], &'a Range<usize>);

/// No further sums.
pub(super) const fn no_others<S>() -> Others<'static, 'static, S> {
    (&[], &(0..0))
}

/// The sums that there are: missing ones are empty, and the last. Their number isn't a constant, so loops over them aren't unrolled.
#[inline(always)]
fn present<'a, 's, S>(sums: &'a [&'s mut [S]]) -> &'a [&'s mut [S]] {
    first(sums, sums.iter().take_while(|sum| !sum.is_empty()).count())
}

/// From sums of gradients to updated weights.
pub(super) struct Update<'a, O, S> {
    pub(super) optimizer: &'a O,
    pub(super) step: u64,
    pub(super) mean: Mean<'a, S>,
    pub(super) limit: Option<S>,
}

/// A range of the gradients' sums, of the weights, and of the optimizer's slots.
pub(super) type Ranges<'a, S, const SLOTS: usize, const K: usize> =
    ([&'a mut [S]; K], (&'a mut [S], [&'a mut [S]; SLOTS]));

impl<O: Optimizer<SLOTS>, S: Scalar, const SLOTS: usize, const K: usize> Task<Ranges<'_, S, SLOTS, K>>
    for Update<'_, O, S>
{
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, (mut sums, (weights, mut slots)): Ranges<'_, S, SLOTS, K>) {
        let Some((first, others)) = sums.split_first_mut() else { return };
        if K == 1 {
            return self.of(simd, first, no_others(), weights, slots);
        }
        let others = present(others);
        let mut memory = [S::ZERO; BLOCK];
        for start in (0..first.len()).step_by(BLOCK) {
            let range = start..first.len().min(start + BLOCK);
            let (first, mean) = (within(first, &range), first_mut(&mut memory, range.len()));
            // The first two in one pass over memory.
            let others = match others {
                [second, others @ ..] => {
                    let second = second.get(range.clone()).unwrap_or_default();
                    let sums = first.iter().zip(second).map(|(&first, &second)| first + second);
                    mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = sum);
                    others
                }
                [] => {
                    mean.copy_from_slice(first);
                    others
                }
            };
            let slots = slots.each_mut().map(|slot| within(slot, &range));
            self.of(simd, mean, (others, &range), within(weights, &range), slots);
        }
    }
}

impl<O, S: Scalar> Update<'_, O, S> {
    /// The update, if it is a plain step of gradient descent.
    #[inline(always)]
    pub(super) fn plain_step<const SLOTS: usize>(&self) -> Option<PlainStep<S>>
    where
        O: Optimizer<SLOTS>,
    {
        let rate = self.optimizer.plain_rate(self.step)?;
        let is_plain = self.mean.penalty.is_none() && self.limit.is_none();
        is_plain.then(|| PlainStep { factor: self.mean.factor, rate: S::from_f64(rate) })
    }

    /// Update weights along the mean of `mean` and a range of `others`, if all of it is finite.
    #[inline(always)]
    pub(super) fn of<V: Simd, const SLOTS: usize>(
        &self,
        simd: V,
        mean: &mut [S],
        others: Others<'_, '_, S>,
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
