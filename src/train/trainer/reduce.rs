//! The gradients of a mini-batch: sums of its chunks, or what they are computed from. Part by part of the network, they become a mean,
//! its norm, and an update.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::chunk::{Accumulator, Chunk};
use super::deferred::Then;
use super::parallel::Parallel;
use super::parts::{Apply, Plan, Planned, Share, common, compute, for_each_part, ranges};
use super::ranks::Ranks;
use super::update::{Mean, Update};
use crate::data::MiniBatch;
use crate::error::Error;
use crate::kernels::{Divisible, RANGE, Runner, Start};
use crate::layer::deferral::defers;
use crate::layer::{Deferred, Factors, Layer, Part};
use crate::optimizers::{Clip, Optimizer, Penalty, Sgd, State, shortening, squares};
use crate::scalar::Scalar;
use crate::shape::{first_mut, within};
use crate::train::exchange::Exchange;
use crate::weights::parameters::{Role, first_non_finite, from_numbers, from_numbers_mut, visit_trained};

/// The gradients of a mini-batch, and how their mean is modified before the optimizer uses it.
pub(crate) struct Gradients<'a, N: Layer, T, X, const B: usize, const K: usize> {
    /// The accumulated sums over samples, in order. Missing ones are empty.
    sums: [&'a mut [N::Scalar]; K],
    sources: Sources<'a, N, T, X, B, K>,
    /// Memory for the other sums, or none if each becomes an update at once.
    deferred: Option<&'a mut N>,
}

/// What the sums that aren't accumulated are computed from.
struct Sources<'a, N: Layer, T, X, const B: usize, const K: usize> {
    /// The chunks, and the size of each. Ranks other than the only one have them too.
    chunks: [Option<Added<'a, N, T, B>>; K],
    chunk: usize,
    ranks: &'a Ranks<N::Scalar, X>,
}

/// A chunk, and the samples that were added last.
type Added<'a, N, T, const B: usize> = (&'a Chunk<N, T, B>, MiniBatch<'a, <N as Layer>::Input, T>);

/// The last samples of a mini-batch: what happens to its gradient.
#[derive(Clone, Copy)]
pub(crate) struct Last<S> {
    /// Whether sums over earlier samples are stored.
    pub(crate) start: Start,
    /// The total weight of all samples, by which the sum is divided.
    pub(crate) weight: S,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) clip: Option<Clip>,
}

/// How the update computes the mean gradient.
struct LastPass<'a, S> {
    /// Whether sums over earlier samples are stored.
    start: Start,
    /// Whether roles make a difference.
    by_role: bool,
    finite: &'a AtomicBool,
    /// Whether the mean is in memory already.
    is_ready: bool,
    factor: S,
    penalty: Option<Penalty>,
    /// The limit for the magnitude of each element.
    limit: Option<S>,
}

impl<'a, N, T, X, const B: usize, const K: usize> Gradients<'a, N, T, X, B, K>
where
    N: Layer,
    T: Copy + Send + Sync,
    X: Exchange,
{
    /// Those of the accumulators, to which chunks of a given size have added the samples of `round`, the last ones.
    #[inline(always)]
    pub(crate) fn of(
        accumulators: &'a mut [Accumulator<N::Scalar>],
        memory: &'a [Chunk<N, T, B>],
        (round, chunk): (MiniBatch<'a, N::Input, T>, usize),
        deferred: Option<&'a mut N>,
        ranks: &'a Ranks<N::Scalar, X>,
    ) -> Self {
        let (mut sums, mut chunks) = (core::array::from_fn(|_| <&mut [_]>::default()), [None; K]);
        let mut later = memory.iter().zip(round.chunks(chunk));
        for (accumulator, (sum, added)) in accumulators.iter_mut().zip(sums.iter_mut().zip(&mut chunks)) {
            if const { defers::<N>() } {
                *sum = &mut *accumulator.gradient;
                *added = later.next();
            } else {
                // The length is a constant here.
                *sum = from_numbers_mut(&mut accumulator.gradient).map_or(&mut [][..], N::parameters_mut);
            }
        }
        Self { sums, sources: Sources { chunks, chunk, ranks }, deferred }
    }

    /// Update this rank's weights of `network` along the mean gradient, and replace its running statistics. Returns
    /// whether all of that gradient was finite: otherwise, some weights have been updated, and some may not be finite
    /// themselves.
    ///
    /// Each range of weights passes through memory once. The gradient passes twice if its norm is clipped, which
    /// requires the whole gradient.
    #[inline(always)]
    pub(crate) fn update<R: Runner, O: Optimizer<SLOTS>, const SLOTS: usize>(
        mut self,
        runner: R,
        Last { start, weight, penalty, clip }: Last<N::Scalar>,
        optimizer: &O,
        network: &mut N,
        state: &mut State<N, SLOTS>,
    ) -> Result<bool, Error> {
        state.steps += 1;
        let finite = AtomicBool::new(true);
        let by_role = penalty.is_some_and(|penalty| penalty.weights_only);
        let factor = if weight > N::Scalar::ZERO { N::Scalar::ONE / weight } else { N::Scalar::ONE };
        // Running statistics have no penalty and are not clipped.
        N::running_statistics(&mut |statistics| {
            for_each_part::<N>(|part, at| {
                let Part::Accumulated(part) = part else { return };
                let range = self.sources.ranks.own(common(&statistics, &part));
                let sums = self.range(K, &part, at, &range);
                runner.each(sums, RANGE, &Mean { factor, penalty: None, finite: &finite });
            });
        });
        let mut last = LastPass { start, by_role, finite: &finite, is_ready: false, factor, penalty, limit: None };
        match clip {
            None => {}
            Some(Clip::Value(limit)) => last.limit = Some(N::Scalar::from_f64(limit)),
            Some(Clip::Norm(limit)) => {
                let norm = self.average(runner, start, (factor, penalty), network, &finite)?;
                if !finite.load(Relaxed) {
                    return Ok(false);
                }
                let factor = N::Scalar::from_f64(shortening(limit, norm));
                last = LastPass { is_ready: true, factor, penalty: None, ..last };
            }
        }
        let update = UpdatePart::<N, _, _, _> { runner, ranks: self.sources.ranks, optimizer, step: state.steps, last };
        let Self { sources, sums, deferred } = &mut self;
        if const { defers::<N>() } {
            let mut plan = Plan::new();
            for_each_part::<N>(|part, at| {
                let factors = sources.factors(&part, network);
                if plan.add(Planned { part, at, factors }) {
                    plan.run(runner, Share::all(sums, deferred, network, &mut state.slots), &update);
                }
            });
            plan.run(runner, Share::all(sums, deferred, network, &mut state.slots), &update);
        } else {
            // Not in a closure, which might not be inlined.
            let all = Planned { part: Part::Accumulated(0..N::PARAMETERS), at: 0, factors: [None; K] };
            update.apply(&all, Share::all(sums, deferred, network, &mut state.slots));
        }
        if let [first, ..] = &self.sums[..] {
            if const { defers::<N>() } {
                network.absorb_accumulated(first);
            } else if let Some(gradient) = from_numbers(first) {
                network.absorb(gradient);
            }
        }
        Ok(finite.into_inner())
    }

    /// Add the sums over the samples of the chunks to the memory for the deferred gradients.
    #[inline(always)]
    pub(crate) fn add_deferred<R: Runner>(mut self, runner: R, start: Start, network: &mut N) {
        for_each_part::<N>(|part, _| {
            if let Part::Deferred(part) = part {
                self.compute(runner, (part, start), network, |_| Then::<Sgd, _>::More);
            }
        });
    }

    /// This rank's part of the whole sum, for an error message; the rest is zero. If the deferred gradients lack the
    /// last chunks, `last` says what their sums start from.
    #[cold]
    pub(crate) fn collect(self, network: &mut N, last: Option<Start>) -> Box<N> {
        let mut whole = N::zeroed_box();
        let last = match self.deferred {
            Some(stored) => {
                whole.parameters_mut().copy_from_slice(stored.parameters());
                last
            }
            None => Some(Start::Zero),
        };
        for_each_part::<N>(|part, at| {
            let Part::Accumulated(range) = part else { return };
            let own = self.sources.ranks.own(range.clone());
            let at = at + own.start.saturating_sub(range.start);
            let gradient = within(whole.parameters_mut(), &own);
            gradient.fill(N::Scalar::ZERO);
            for sum in &self.sums {
                let sum = sum.get(at..at + own.len()).unwrap_or_default();
                gradient.iter_mut().zip(sum).for_each(|(gradient, &sum)| *gradient += sum);
            }
        });
        if let Some(start) = last {
            let Self { sums, sources, .. } = self;
            let all = Gradients { sums, sources, deferred: Some(&mut *whole) };
            all.add_deferred(Parallel { several: false }, start, network);
        }
        whole
    }

    /// Compute the gradient of this rank's weights of one layer, and do something with it that changes no weight.
    fn compute<'o, R: Runner, O: Optimizer<0> + 'o>(
        &mut self,
        runner: R,
        (part, start): (Deferred, Start),
        network: &mut N,
        then: impl Fn(Role) -> Then<'o, O, N::Scalar> + Sync,
    ) {
        // Asked in a constant, so that a network without such parts doesn't compile what they need.
        if const { !defers::<N>() } {
            return;
        }
        let Self { sources, sums, deferred } = self;
        let ranks = sources.ranks;
        let factors = sources.factors(&Part::Deferred(part), network);
        let all = Share::all(sums, deferred, network, &mut []);
        compute(runner, (&part, &factors, start), |range| ranks.own(range), all.of(&part), then);
    }

    /// Compute the mean gradient, including the penalty: of accumulated weights in the first accumulator, and of
    /// deferred ones in the memory for these. Returns its norm, for which ranks exchange the whole gradient.
    #[inline(always)]
    fn average<R: Runner>(
        &mut self,
        runner: R,
        start: Start,
        (factor, penalty): (N::Scalar, Option<Penalty>),
        network: &mut N,
        finite: &AtomicBool,
    ) -> Result<f64, Error> {
        let by_role = penalty.is_some_and(|penalty| penalty.weights_only);
        let mean = |role| Mean { factor, penalty: penalty.filter(|penalty| penalty.counts(role)), finite };
        for_each_part::<N>(|part, at| match part {
            Part::Accumulated(part) => visit_trained::<N>(by_role, &mut |role, range| {
                let changed = self.sources.ranks.own(common(&range, &part));
                let weights = within(network.parameters_mut(), &changed);
                runner.each((self.range(K, &part, at, &changed), weights), RANGE, &mean(role));
            }),
            Part::Deferred(part) => {
                self.compute(runner, (part, start), network, |role| Then::<Sgd, _>::Mean(mean(role)));
            }
        });
        if !self.sources.ranks.is_alone() {
            self.exchange_mean(finite)?;
        }
        let mut sum = 0.0;
        for_each_part::<N>(|part, at| match part {
            Part::Accumulated(part) => visit_trained::<N>(by_role, &mut |_, range| {
                let range = common(&range, &part);
                let stored = self.deferred.as_deref().filter(|_| !self.sources.ranks.is_alone()).map(N::parameters);
                let mean = match stored {
                    Some(whole) => whole.get(range).unwrap_or_default(),
                    None => self.range(1, &part, at, &range).into_iter().next().unwrap_or_default(),
                };
                sum += sum_of_squares(runner, mean);
            }),
            Part::Deferred(_) if const { !defers::<N>() } => {}
            Part::Deferred(part) => {
                let Some(gradient) = self.deferred.as_deref() else { return };
                for (_, range) in ranges(&part) {
                    sum += sum_of_squares(runner, gradient.parameters().get(range).unwrap_or_default());
                }
            }
        });
        Ok(libm::sqrt(sum))
    }

    /// Give all ranks the whole mean gradient, in the memory for deferred ones.
    fn exchange_mean(&mut self, finite: &AtomicBool) -> Result<(), Error> {
        let Some(whole) = self.deferred.take() else { return Ok(()) };
        for_each_part::<N>(|part, at| {
            let Part::Accumulated(part) = part else { return };
            let own = self.sources.ranks.own(part.clone());
            if let Some(mean) = self.range(1, &part, at, &own).first() {
                within(whole.parameters_mut(), &own).copy_from_slice(mean);
            }
        });
        let exchanged = self.sources.ranks.complete(&mut *whole);
        if first_non_finite(&*whole).is_some() {
            finite.store(false, Relaxed);
        }
        self.deferred = Some(whole);
        exchanged
    }

    /// A range of the weights in the first `count` sums, which hold the weights `part` from index `at` on; empty slices
    /// for missing ones.
    #[inline(always)]
    fn range(&mut self, count: usize, part: &Range<usize>, at: usize, range: &Range<usize>) -> [&mut [N::Scalar]; K] {
        let first = at + range.start.saturating_sub(part.start);
        let range = first..first + range.len();
        let mut sums = first_mut(&mut self.sums, count).iter_mut();
        core::array::from_fn(|_| sums.next().map_or(&mut [][..], |sum| within(sum, &range)))
    }
}

impl<'a, N, T, X, const B: usize, const K: usize> Sources<'a, N, T, X, B, K>
where
    N: Layer,
    T: Copy + Send + Sync,
    X: Exchange,
{
    /// What the gradient of a part is computed from, by chunk, unless it is accumulated.
    fn factors(&self, part: &Part, network: &N) -> [Option<Factors<'a, N::Scalar>>; K] {
        let Part::Deferred(part) = part else { return [None; K] };
        let mut index = 0;
        self.chunks.map(|chunk| {
            let (chunk, samples) = chunk?;
            index += 1;
            if self.ranks.is_alone() {
                chunk.factors(samples, network, part.start)
            } else {
                Some(self.ranks.factors::<N>((index - 1, self.chunk, samples.len()), part))
            }
        })
    }
}

/// Updates the weights of a part.
struct UpdatePart<'a, N: Layer, R, O, X> {
    runner: R,
    ranks: &'a Ranks<N::Scalar, X>,
    optimizer: &'a O,
    step: u64,
    last: LastPass<'a, N::Scalar>,
}

impl<N: Layer, R: Runner, O: Optimizer<SLOTS>, X: Exchange, const SLOTS: usize, const K: usize>
    Apply<N::Scalar, SLOTS, K> for UpdatePart<'_, N, R, O, X>
{
    #[inline(always)]
    fn apply(&self, planned: &Planned<'_, N::Scalar, K>, mut share: Share<'_, N::Scalar, SLOTS, K>) {
        let &Self { runner, ranks, optimizer, step, ref last } = self;
        let finite = last.finite;
        let vectors = optimizer.for_vectors();
        let update = |role| {
            let optimizer = vectors.as_ref().filter(|_| role == Role::Vector).unwrap_or(optimizer);
            let penalty = last.penalty.filter(|penalty| penalty.counts(role));
            let mean = Mean { factor: last.factor, penalty, finite };
            Update { optimizer, step, mean, limit: last.limit }
        };
        match &planned.part {
            Part::Accumulated(part) => visit_trained::<N>(last.by_role || vectors.is_some(), &mut |role, range| {
                // Everything, unless gradients are deferred.
                let changed = ranks.own(if defers::<N>() { common(&range, part) } else { range });
                if defers::<N>() && changed.is_empty() {
                    return;
                }
                let at = planned.at + changed.start - part.start;
                let (sums, (weights, slots)) = share.parts(if last.is_ready { 1 } else { K }, at, &changed);
                runner.each((sums, (weights, slots)), RANGE, &update(role));
            }),
            // Not compiled either, where there are none.
            Part::Deferred(_) if const { !defers::<N>() } => {}
            Part::Deferred(part) if last.is_ready => {
                for (role, range) in ranges(part) {
                    let (weights, slots, gradient) = share.range(&ranks.own(range));
                    runner.each(([gradient], (weights, slots)), RANGE, &update(role));
                }
            }
            Part::Deferred(part) => {
                let then = |role| Then::Update(update(role));
                compute(runner, (part, &planned.factors, last.start), |range| ranks.own(range), share, then);
            }
        }
    }
}

/// Summed in an order that depends only on the length.
fn sum_of_squares<R: Runner, S: Scalar>(runner: R, values: &[S]) -> f64 {
    if values.len() <= RANGE {
        return squares(values);
    }
    let (left, right) = values.halves(RANGE);
    let (left, right) = runner.both(|| sum_of_squares(runner, left), || sum_of_squares(runner, right));
    left + right
}
