//! Which optimizer updates which range of weights, in custom loops.

use super::Optimizer;
use crate::kernels::{dispatch, operation};
use crate::scalar::Scalar;
use crate::shape::within;
use crate::weights::parameters::{Parameters, Role, visit_trained};

/// [`Optimizer::step`] number `step`, in as few and as long ranges as possible, but split by role if the optimizer
/// distinguishes roles.
#[inline]
pub(crate) fn advance<O: Optimizer<SLOTS>, P: Parameters, const SLOTS: usize>(
    optimizer: &O,
    step: u64,
    network: &mut P,
    gradient: &P,
    mut slots: [&mut P; SLOTS],
) {
    let vectors = optimizer.for_vectors();
    visit_trained::<P>(vectors.is_some(), &mut |role, range| {
        let optimizer = vectors.as_ref().filter(|_| role == Role::Vector).unwrap_or(optimizer);
        let slots = slots.each_mut().map(|slot| within(slot.parameters_mut(), &range));
        let weights = within(network.parameters_mut(), &range);
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
