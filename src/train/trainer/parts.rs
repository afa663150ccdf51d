//! The second phase of a step, part by part of the network.
//!
//! Threads share the parts, and the rows of each: while one computes the gradient of a large layer, another one takes a small
//! one beside it. Parts have no number in common, so that nothing depends on who takes which.

use core::ops::Range;

use super::deferred::{Rows, Sums, Then, rows_at_once};
use super::update::Ranges;
use crate::kernels::{Divisible, OuterProducts, Runner, Start};
use crate::layer::deferral::defers;
use crate::layer::{Deferred, Factors, Layer, Part};
use crate::optimizers::Optimizer;
use crate::scalar::Scalar;
use crate::shape::{first_mut, within};
use crate::weights::parameters::{Parameters, Role};

/// The most parts that threads share at a time.
const PARTS: usize = 16;

/// Visit the weights by when their gradient is computed; the accumulated ones with their range in a gradient of
/// accumulated weights.
#[inline(always)]
pub(super) fn for_each_part<N: Layer>(mut visit: impl FnMut(Part, usize)) {
    if const { !defers::<N>() } {
        // As few and as long ranges as possible.
        return visit(Part::Accumulated(0..N::PARAMETERS), 0);
    }
    let mut accumulated = 0;
    parts_for::<N>(&mut |part| {
        let count = if let Part::Accumulated(range) = &part { range.len() } else { 0 };
        visit(part, accumulated);
        accumulated += count;
    });
}

/// [`Layer::parts`], for any visitor, so that all layers' are compiled once.
#[inline(never)]
pub(super) fn parts_for<N: Layer>(mut visitor: &mut dyn FnMut(Part)) {
    N::parts(0, &mut visitor);
}

/// What two ranges have in common.
#[inline(always)]
pub(super) fn common(one: &Range<usize>, other: &Range<usize>) -> Range<usize> {
    let start = one.start.max(other.start);
    start..one.end.min(other.end).max(start)
}

/// Some weights, and what belongs to them.
#[derive(Debug)]
pub(super) struct Share<'a, S, const SLOTS: usize, const K: usize> {
    /// The index of the first weight.
    first: usize,
    /// The index of the first accumulated sum.
    at: usize,
    weights: &'a mut [S],
    slots: [&'a mut [S]; SLOTS],
    /// The accumulated sums over samples, in order. Missing ones are empty.
    sums: [&'a mut [S]; K],
    /// Memory for the gradients that are computed in the second phase, or none.
    gradient: &'a mut [S],
}

impl<'a, S: Send, const SLOTS: usize, const K: usize> Share<'a, S, SLOTS, K> {
    /// All weights of a network.
    pub(super) fn all<N: Parameters<Scalar = S>>(
        sums: &'a mut [&mut [S]; K],
        gradient: &'a mut Option<&mut N>,
        network: &'a mut N,
        slots: &'a mut [N; SLOTS],
    ) -> Self {
        Self {
            first: 0,
            at: 0,
            weights: network.parameters_mut(),
            slots: slots.each_mut().map(|slot| slot.parameters_mut()),
            sums: sums.each_mut().map(|sums| &mut **sums),
            gradient: gradient.as_deref_mut().map_or(&mut [][..], |all| all.parameters_mut()),
        }
    }

    /// Those before a weight and before an accumulated sum, and the rest.
    fn divide(self, weight: usize, sum: usize) -> (Self, Self) {
        let Self { first, at, weights, slots, sums, gradient } = self;
        let place = weight.saturating_sub(first);
        let ((weights, more_weights), (slots, more_slots)) = (weights.divide(place), slots.divide(place));
        let ((sums, more_sums), (gradient, more_gradient)) =
            (sums.divide(sum.saturating_sub(at)), gradient.divide(place));
        let rest = Self {
            first: weight,
            at: sum,
            weights: more_weights,
            slots: more_slots,
            sums: more_sums,
            gradient: more_gradient,
        };
        (Self { first, at, weights, slots, sums, gradient }, rest)
    }

    /// What belongs to a deferred part.
    pub(super) fn of(self, part: &Deferred) -> Self {
        let at = self.at;
        self.divide(part.start, at).1
    }

    /// A range of its weights with their slots, and of the memory for gradients.
    #[inline(always)]
    pub(super) fn range(&mut self, range: &Range<usize>) -> (&mut [S], [&mut [S]; SLOTS], &mut [S]) {
        let place = |index: usize| index.saturating_sub(self.first);
        let range = place(range.start)..place(range.end);
        let slots = self.slots.each_mut().map(|slot| within(slot, &range));
        (within(self.weights, &range), slots, within(self.gradient, &range))
    }

    /// The [`range`](Self::range) of weights whose accumulated sums begin at an index, and these, in the first `count`
    /// accumulators; empty slices for missing ones.
    #[inline(always)]
    pub(super) fn parts(&mut self, count: usize, at: usize, range: &Range<usize>) -> Ranges<'_, S, SLOTS, K> {
        let first = at.saturating_sub(self.at);
        let of_sums = first..first + range.len();
        let place = |index: usize| index.saturating_sub(self.first);
        let range = place(range.start)..place(range.end);
        let mut sums = first_mut(&mut self.sums, count).iter_mut();
        let sums = core::array::from_fn(|_| sums.next().map_or(&mut [][..], |sum| within(sum, &of_sums)));
        (sums, (within(self.weights, &range), self.slots.each_mut().map(|slot| within(slot, &range))))
    }
}

/// What is done with each part.
pub(super) trait Apply<S, const SLOTS: usize, const K: usize>: Sync {
    fn apply(&self, planned: &Planned<'_, S, K>, share: Share<'_, S, SLOTS, K>);
}

/// A part, and what its gradient is computed from.
pub(super) struct Planned<'a, S, const K: usize> {
    pub(super) part: Part,
    /// The index of its first accumulated sum.
    pub(super) at: usize,
    /// The factors of each chunk, unless the gradient is accumulated.
    pub(super) factors: [Option<Factors<'a, S>>; K],
}

impl<S, const K: usize> Planned<'_, S, K> {
    /// The index of its first weight.
    const fn first(&self) -> usize {
        match &self.part {
            Part::Accumulated(range) => range.start,
            Part::Deferred(part) => part.start,
        }
    }
}

/// Some parts in their order.
pub(super) struct Plan<'a, S, const K: usize> {
    parts: [Option<Planned<'a, S, K>>; PARTS],
    count: usize,
}

impl<'a, S: Scalar, const K: usize> Plan<'a, S, K> {
    /// No parts.
    pub(super) const fn new() -> Self {
        Self { parts: [const { None }; PARTS], count: 0 }
    }

    /// Adds the next part. Returns whether there is no room for another one.
    pub(super) fn add(&mut self, planned: Planned<'a, S, K>) -> bool {
        let last = self.count.checked_sub(1).and_then(|last| self.parts.get_mut(last)?.as_mut());
        if let (Some(Part::Accumulated(last)), Part::Accumulated(next)) =
            (last.map(|last| &mut last.part), &planned.part)
        {
            last.end = next.end;
        } else if let Some(place) = self.parts.get_mut(self.count) {
            *place = Some(planned);
            self.count += 1;
        }
        self.count == PARTS
    }

    /// Applies something to each part and its share, and forgets them.
    pub(super) fn run<R: Runner, const SLOTS: usize>(
        &mut self,
        runner: R,
        share: Share<'_, S, SLOTS, K>,
        apply: &impl Apply<S, SLOTS, K>,
    ) {
        let parts = first_mut(&mut self.parts, core::mem::take(&mut self.count));
        each(runner, parts, share, apply);
    }
}

/// Applies something to each of these parts.
fn each<R: Runner, S: Scalar, const SLOTS: usize, const K: usize>(
    runner: R,
    parts: &[Option<Planned<'_, S, K>>],
    share: Share<'_, S, SLOTS, K>,
    apply: &impl Apply<S, SLOTS, K>,
) {
    let (left, right) = parts.split_at(parts.len().div_ceil(2));
    match (left, right) {
        ([Some(only)], []) => apply.apply(only, share),
        (_, [Some(next), ..]) => {
            let (mine, rest) = share.divide(next.first(), next.at);
            runner.both(|| each(runner, left, mine, apply), || each(runner, right, rest, apply));
        }
        _ => {}
    }
}

/// Computes the gradient of some weights of one layer, and does something with each range of it.
///
/// `own` says which of a range of weights these are.
// A function of its own: without optimization, each inlined copy would keep its own pointers to the samples.
#[inline(never)]
pub(super) fn compute<'o, R: Runner, S: Scalar, O: Optimizer<SLOTS> + 'o, const SLOTS: usize, const K: usize>(
    runner: R,
    (part, factors, start): (&Deferred, &[Option<Factors<'_, S>>; K], Start),
    own: impl Fn(Range<usize>) -> Range<usize> + Sync,
    share: Share<'_, S, SLOTS, K>,
    then: impl Fn(Role) -> Then<'o, O, S> + Sync,
) {
    if ranges(part).all(|(_, range)| own(range).is_empty()) {
        return;
    }
    let mut products = OuterProducts::new(part.inputs, part.outputs);
    for (inputs, output_gradients) in factors.iter().flatten().flat_map(|factors| factors.samples(part)) {
        products.add(inputs, output_gradients);
    }
    let each = |(role, range): (Role, Range<usize>), mut share: Share<'_, S, SLOTS, K>| {
        let own = own(range.clone());
        if own.is_empty() {
            return;
        }
        let is_bias = role == Role::Vector;
        let width = if is_bias { 1 } else { part.outputs };
        let (weights, slots, gradient) = share.range(&own);
        let first = (own.start - range.start) / width.max(1);
        let rows = Rows { first, width, weights, slots, gradient };
        let sums = Sums { products: &products, is_bias, start, then: then(role) };
        runner.each(rows, rows_at_once(own.len() / width.max(1), width), &sums);
    };
    let mut ranges = ranges(part);
    match (ranges.next(), ranges.next()) {
        (Some(weights), Some(bias)) => {
            let at = share.at;
            let (of_weights, of_bias) = share.divide(bias.1.start, at);
            runner.both(|| each(weights, of_weights), || each(bias, of_bias));
        }
        (Some(weights), None) => each(weights, share),
        (None, _) => {}
    }
}

/// The ranges of the weights of a layer whose gradient is computed later.
pub(super) fn ranges(part: &Deferred) -> impl Iterator<Item = (Role, Range<usize>)> + use<> {
    let end = part.start + part.inputs * part.outputs;
    let bias = (Role::Vector, end..end + part.outputs);
    core::iter::once((Role::Weight, part.start..end)).chain(part.bias.then_some(bias))
}
