//! From accumulated gradients to new weights: element by element, over ranges of weights.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::parallel::for_each_part;
use crate::kernels::{Operation, Simd, add_assign, dispatch};
use crate::optimizer::Optimizer;
use crate::parameters::Parameters;
use crate::scalar::Scalar;
use crate::shape::within;

/// Weights of one range: few enough that what one pass wrote is still in the nearest cache for the next.
const RANGE: usize = 4096;

/// Into the first of `sums` the sum of all, in their order, divided by `weight`; into the others zeros, for the next
/// step. Whether all of the result is finite.
///
/// Unused sums are empty slices, at the end.
pub(crate) fn reduce<S: Scalar, const K: usize>(sums: [&mut [S]; K], weight: S, parallel: bool) -> bool {
    let factor = if weight > S::ZERO { S::ONE / weight } else { S::ONE };
    let finite = AtomicBool::new(true);
    for_each_part(sums, RANGE, parallel, &|sums| {
        if !dispatch(Mean { sums, factor }) {
            finite.store(false, Relaxed);
        }
    });
    finite.into_inner()
}

struct Mean<'a, S, const K: usize> {
    sums: [&'a mut [S]; K],
    factor: S,
}

impl<S: Scalar, const K: usize> Operation for Mean<'_, S, K> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> bool {
        let mut sums = self.sums.into_iter();
        let Some(first) = sums.next() else { return true };
        for other in sums {
            add_assign(simd, other, first);
            other.fill(S::ZERO);
        }
        // Without a way out of the loop, so that it runs on vectors.
        first.iter_mut().fold(true, |finite, value| {
            *value *= self.factor;
            finite & value.is_finite()
        })
    }
}

/// Move `network` along `gradient`, take over what it has measured, and zero the gradient for the next step.
pub(crate) fn update<N: Parameters, O: Optimizer<SLOTS>, const SLOTS: usize>(
    optimizer: &O,
    step: u64,
    network: &mut N,
    gradient: &mut N,
    slots: &mut [N; SLOTS],
    parallel: bool,
) {
    N::trained(&mut |range| {
        let slots = slots.each_mut().map(|slot| within(slot.parameters_mut(), &range));
        let all = (within(network.parameters_mut(), &range), (within(gradient.parameters_mut(), &range), slots));
        for_each_part(all, RANGE, parallel, &|(parameters, (gradient, slots))| {
            dispatch(Update { optimizer, step, parameters, gradient, slots });
        });
    });
    network.absorb(gradient);
    N::measured(0, &mut |range| within(gradient.parameters_mut(), &range).fill(N::Scalar::ZERO));
}

struct Update<'a, O, S, const SLOTS: usize> {
    optimizer: &'a O,
    step: u64,
    parameters: &'a mut [S],
    gradient: &'a mut [S],
    slots: [&'a mut [S]; SLOTS],
}

impl<O: Optimizer<SLOTS>, S: Scalar, const SLOTS: usize> Operation for Update<'_, O, S, SLOTS> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        self.optimizer.update(simd, self.step, self.parameters, self.gradient, self.slots);
        self.gradient.fill(S::ZERO);
    }
}
