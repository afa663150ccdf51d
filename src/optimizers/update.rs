//! Which optimizer updates which range of weights, for custom loops, the trainer, and in-place training.

use core::ops::Range;

use super::Optimizer;
use crate::kernels::{dispatch, operation};
use crate::scalar::Scalar;
use crate::shape::within;
use crate::weights::parameters::{Parameters, Role, visit_trained};

/// A range of trained weights, and the optimizer that updates it.
pub(crate) struct Moved<'a, O, S, const SLOTS: usize> {
    /// The optimizer for weights of this role.
    pub(crate) optimizer: &'a O,
    #[cfg_attr(not(feature = "std"), allow(dead_code, reason = "the trainer's penalties depend on it"))]
    pub(crate) role: Role,
    pub(crate) range: Range<usize>,
    pub(crate) weights: &'a mut [S],
    pub(crate) slots: [&'a mut [S]; SLOTS],
}

/// Visit the trained ranges of `network`: as few and as long as possible, but split by role if the optimizer or
/// `by_role` distinguishes roles.
#[inline(always)]
pub(crate) fn for_each_range<O: Optimizer<SLOTS>, P: Parameters, const SLOTS: usize>(
    optimizer: &O,
    by_role: bool,
    network: &mut P,
    mut slots: [&mut P; SLOTS],
    mut visit: impl FnMut(Moved<'_, O, P::Scalar, SLOTS>),
) {
    let vectors = optimizer.for_vectors();
    visit_trained::<P>(by_role || vectors.is_some(), &mut |role, range| {
        let optimizer = vectors.as_ref().filter(|_| role == Role::Vector).unwrap_or(optimizer);
        let slots = slots.each_mut().map(|slot| within(slot.parameters_mut(), &range));
        let weights = within(network.parameters_mut(), &range);
        visit(Moved { optimizer, role, range, weights, slots });
    });
}

/// [`Optimizer::step`] number `step`.
#[inline]
pub(crate) fn advance<O: Optimizer<SLOTS>, P: Parameters, const SLOTS: usize>(
    optimizer: &O,
    step: u64,
    network: &mut P,
    gradient: &P,
    slots: [&mut P; SLOTS],
) {
    for_each_range(optimizer, false, network, slots, |Moved { optimizer, range, weights, slots, .. }| {
        let gradient = gradient.parameters().get(range).unwrap_or_default();
        dispatch(Update { optimizer, step, weights, gradient, slots });
    });
    network.absorb(gradient);
}

operation! {
    /// An update of some weights, dispatched to the best instruction set.
    struct Update<'a, O: Optimizer<SLOTS>, S: Scalar; SLOTS> {
        optimizer: &'a O,
        step: u64,
        weights: &'a mut [S],
        gradient: &'a [S],
        slots: [&'a mut [S]; SLOTS],
    }
    fn run(self, simd: V) {
        self.optimizer.update(simd, self.step, self.weights, self.gradient, self.slots);
    }
}
