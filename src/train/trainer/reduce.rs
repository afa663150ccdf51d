//! From accumulated gradients to updated weights: element by element, over ranges of weights.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::kernels::{RANGE, Runner, Simd, Task, add_assign};
use crate::optimizers::{Clip, Moved, Optimizer, Penalty, State, clamp, for_each_range, shortening, squares};
use crate::scalar::Scalar;
use crate::shape::{first_mut, within};
use crate::weights::parameters::{Parameters, visit_trained};

/// The block size of the mean gradient of several accumulators: the mean stays in the first-level cache, and the
/// accumulators are only read.
const BLOCK: usize = 1024;

/// The gradients of a mini-batch, and how their mean is modified before the optimizer uses it.
pub(crate) struct Gradients<'a, N: Parameters, const K: usize> {
    /// The sums of the accumulators over samples, in order. Missing ones are empty.
    pub(crate) sums: [Option<&'a mut N>; K],
    /// The total weight of the samples, by which the sum is divided.
    pub(crate) weight: N::Scalar,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) clip: Option<Clip>,
}

/// How the update computes the mean gradient.
struct LastPass<S> {
    /// The number of accumulators to sum.
    accumulators: usize,
    factor: S,
    penalty: Option<Penalty>,
    /// The limit for the magnitude of each element.
    limit: Option<S>,
}

impl<N: Parameters, const K: usize> Gradients<'_, N, K> {
    /// Update `network` along the mean gradient, and replace its running statistics. Returns whether the whole
    /// gradient was finite: weights with a gradient that is not finite are unchanged, but others may have been
    /// updated, and the gradient is kept so that the caller can find the cause.
    ///
    /// Each range of weights passes through memory once. The gradient passes twice if its norm is clipped, which
    /// requires the whole gradient.
    #[inline(always)]
    pub(crate) fn update<R: Runner, O: Optimizer<SLOTS>, const SLOTS: usize>(
        mut self,
        runner: R,
        optimizer: &O,
        network: &mut N,
        state: &mut State<N, SLOTS>,
    ) -> bool {
        state.steps += 1;
        let finite = AtomicBool::new(true);
        let by_role = self.penalty.is_some_and(|penalty| penalty.weights_only);
        let weight = self.weight;
        let factor = if weight > N::Scalar::ZERO { N::Scalar::ONE / weight } else { N::Scalar::ONE };
        // Running statistics have no penalty and are not clipped.
        N::running_statistics(&mut |range| {
            runner.each(self.range(K, &range), RANGE, &Mean { factor, penalty: None, finite: &finite });
        });
        let last = match self.clip {
            None => LastPass { accumulators: K, factor, penalty: self.penalty, limit: None },
            Some(Clip::Value(limit)) => {
                let limit = Some(N::Scalar::from_f64(limit));
                LastPass { accumulators: K, factor, penalty: self.penalty, limit }
            }
            Some(Clip::Norm(limit)) => {
                let norm = self.average(runner, by_role, factor, network, &finite);
                if !finite.load(Relaxed) {
                    return false;
                }
                // The first accumulator now holds the mean, including the penalty.
                let factor = N::Scalar::from_f64(shortening(limit, norm));
                LastPass { accumulators: 1, factor, penalty: None, limit: None }
            }
        };
        let (step, slots) = (state.steps, state.slots.each_mut());
        for_each_range(optimizer, by_role, network, slots, |Moved { optimizer, role, range, weights, slots }| {
            let penalty = last.penalty.filter(|penalty| penalty.counts(role));
            let mean = Mean { factor: last.factor, penalty, finite: &finite };
            let update = Update { optimizer, step, mean, limit: last.limit };
            runner.each((self.range(last.accumulators, &range), (weights, slots)), RANGE, &update);
        });
        if let Some(Some(gradient)) = self.sums.first() {
            network.absorb(gradient);
        }
        finite.into_inner()
    }

    /// Compute the mean gradient, including the penalty, in the first accumulator. Returns its norm.
    #[inline(always)]
    fn average<R: Runner>(
        &mut self,
        runner: R,
        by_role: bool,
        factor: N::Scalar,
        network: &mut N,
        finite: &AtomicBool,
    ) -> f64 {
        let mut sum = 0.0;
        visit_trained::<N>(by_role, &mut |role, range| {
            let penalty = self.penalty.filter(|penalty| penalty.counts(role));
            let weights = within(network.parameters_mut(), &range);
            runner.each((self.range(K, &range), weights), RANGE, &Mean { factor, penalty, finite });
            let [mean, ..] = &self.range(1, &range)[..] else { return };
            sum += sum_of_squares(runner, mean);
        });
        libm::sqrt(sum)
    }

    /// A range of the first `count` sums; empty slices for missing ones.
    #[inline(always)]
    fn range(&mut self, count: usize, range: &Range<usize>) -> [&mut [N::Scalar]; K] {
        let mut sums = first_mut(&mut self.sums, count).iter_mut().flatten();
        core::array::from_fn(|_| sums.next().map_or(&mut [][..], |sum| within(sum.parameters_mut(), range)))
    }
}

/// Summed in an order that depends only on the length.
fn sum_of_squares<R: Runner, S: Scalar>(runner: R, values: &[S]) -> f64 {
    if values.len() <= RANGE {
        return squares(values);
    }
    let (left, right) = values.split_at(values.len().div_ceil(RANGE).div_ceil(2) * RANGE);
    let (left, right) = runner.both(|| sum_of_squares(runner, left), || sum_of_squares(runner, right));
    left + right
}

/// The sum of the accumulators, in order, times a factor, written to the first of them. If weights are given, their
/// penalty is added.
#[derive(Clone, Copy)]
struct Mean<'a, S> {
    factor: S,
    penalty: Option<Penalty>,
    finite: &'a AtomicBool,
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
    fn of<'s, V: Simd>(&self, simd: V, mean: &mut [S], others: impl Iterator<Item = &'s [S]>, weights: &[S]) -> bool {
        for other in others {
            add_assign(simd, other, mean);
        }
        // No early exit, so that the loop is vectorized.
        let all_finite = mean.iter_mut().fold(true, |finite, value| {
            *value *= self.factor;
            finite & value.is_finite()
        });
        if let Some(penalty) = self.penalty {
            penalty.add(weights, mean);
        }
        if !all_finite {
            self.finite.store(false, Relaxed);
        }
        all_finite
    }
}

/// From sums of gradients to updated weights.
struct Update<'a, O, S> {
    optimizer: &'a O,
    step: u64,
    mean: Mean<'a, S>,
    limit: Option<S>,
}

/// A range of the gradients' sums, of the weights, and of the optimizer's slots.
type Part<'a, S, const SLOTS: usize, const K: usize> = ([&'a mut [S]; K], (&'a mut [S], [&'a mut [S]; SLOTS]));

impl<O: Optimizer<SLOTS>, S: Scalar, const SLOTS: usize, const K: usize> Task<Part<'_, S, SLOTS, K>>
    for Update<'_, O, S>
{
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, (mut sums, (weights, mut slots)): Part<'_, S, SLOTS, K>) {
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
    fn of<'s, V: Simd, const SLOTS: usize>(
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
