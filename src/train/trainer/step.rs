//! One step of training: the gradient of a mini-batch, and the update.
//!
//! A mini-batch is split into chunks of a fixed size. In the first phase, they go forward and back, a fixed number of
//! them at a time. Each layer either adds the gradients of its weights to the chunk's accumulator, or leaves them to
//! the second phase, which computes each over all samples at once and updates the weights. The order of every sum is
//! therefore independent of the number of threads.

use std::fmt::Debug;
use std::ops::ControlFlow;

use super::chunk::{Accumulator, Chunk};
use super::chunk_size::{ACCUMULATORS, accumulators, chunk, even_chunk};
use super::course::Course;
use super::evaluate::Totals;
use super::feed::Feed;
use super::first_phase::{Add, Shared, chunks};
use super::memory::TrainingMemory;
use super::parallel::{Parallel, Sharing};
use super::ranks::Ranks;
use super::reduce::{Gradients, Last};
use crate::data::MiniBatch;
use crate::error::Error;
use crate::kernels::{Runner, Serial, Start, dispatch, operation};
use crate::layer::deferral::defers;
use crate::layer::{Layer, is_tiny};
use crate::losses::Loss;
use crate::optimizers::{Clip, Decay, MovingAverage, Optimizer, State};
use crate::scalar::Scalar;
use crate::train::exchange::Exchange;
use crate::train::gradient_buffers::Tally;
use crate::weights::parameters::{Parameters, first_non_finite};

/// The memory of a training, allocated once; steps do not allocate.
pub(crate) struct Memory<N: Layer, T, const SLOTS: usize, const B: usize, X = ()> {
    accumulators: Vec<Accumulator<N::Scalar>>,
    /// Memory for the chunks of a round: one for each if something is computed from them later, or else one for each thread, where
    /// it stays in the caches.
    chunks: Vec<Chunk<N, T, B>>,
    /// Memory for gradients that are computed in the second phase, unless each becomes an update at once.
    deferred: Option<Box<N>>,
    pub(super) state: Box<State<N, SLOTS>>,
    /// The weights and the state from before the epoch, or from where a training was resumed in it.
    before: (Box<N>, Box<State<N, SLOTS>>),
    /// Whether a step is being taken, so that a panic may leave some weights changed and others not.
    in_step: bool,
    /// The moving average of the weights, and its decay.
    pub(super) average: Option<(Box<MovingAverage<N>>, Decay)>,
    pub(super) ranks: Ranks<N::Scalar, X>,
}

/// Why a step could not be completed.
pub(crate) enum StepFailure {
    /// Something is not finite: "the loss", or the gradient of a parameter, by its name.
    NonFinite(String),
    /// Another rank is gone.
    Exchange(Error),
}

impl From<Error> for StepFailure {
    fn from(error: Error) -> Self {
        Self::Exchange(error)
    }
}

/// Why an epoch could not be completed.
pub(crate) enum Failure {
    /// In the step of a mini-batch, whose number in the epoch is counted from 1, something is not finite.
    NonFinite(usize, String),
    /// A sample could not be read, or another rank is gone.
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl<N: Layer, T: Copy + Debug + Send + Sync, const SLOTS: usize, const B: usize> Memory<N, T, SLOTS, B> {
    /// The bytes that [`new`](Self::new) allocates for a single rank.
    pub(crate) const fn bytes(batch: usize, threads: usize, clip: Option<Clip>, average: bool) -> TrainingMemory {
        let (accumulators, chunks) = (accumulators::<N>(batch), chunks::<N>(batch, threads));
        let state = size_of::<State<N, SLOTS>>();
        let deferred = if stores_deferred::<N>(batch, clip) { size_of::<N>() } else { 0 };
        TrainingMemory {
            weights: 0,
            gradients: accumulators * Accumulator::<N::Scalar>::gradient_bytes(N::ACCUMULATED) + deferred,
            optimizer: state,
            tape: accumulators * size_of::<Accumulator<N::Scalar>>() + chunks * Chunk::<N, T, B>::TAPE,
            samples: chunks * Chunk::<N, T, B>::SAMPLES,
            copies: size_of::<N>() + state + if average { size_of::<MovingAverage<N>>() } else { 0 },
            evaluation: 0,
        }
    }
}

impl<N: Layer, T: Copy + Debug + Send + Sync, const SLOTS: usize, const B: usize, X: Exchange>
    Memory<N, T, SLOTS, B, X>
{
    /// Memory for mini-batches of up to `batch` samples on this many threads, with a moving average if a decay is given.
    pub(crate) fn new(batch: usize, threads: usize, clip: Option<Clip>, average: Option<Decay>, exchange: X) -> Self {
        let accumulators = (0..accumulators::<N>(batch)).map(|index| Accumulator::new(index, N::ACCUMULATED)).collect();
        let chunks = (0..chunks::<N>(batch, threads)).map(|_| Chunk::new()).collect();
        let ranks = Ranks::new::<N>(exchange, batch);
        // Ranks exchange the whole gradient there, for its norm.
        let stores = stores_deferred::<N>(batch, clip) || (!ranks.is_alone() && matches!(clip, Some(Clip::Norm(_))));
        let deferred = stores.then(N::zeroed_box);
        let average = average.map(|decay| (MovingAverage::boxed(), decay));
        let before = (N::zeroed_box(), State::boxed());
        Self { accumulators, chunks, deferred, state: State::boxed(), before, in_step: false, average, ranks }
    }

    /// Take one step for each mini-batch of the epoch from number `first` on, add to `totals`, and call `done` after
    /// each step, which can end the epoch there.
    ///
    /// If the gradient of a step is not finite, `network` gets the weights from before that step, and the error has
    /// the number of the step and what was not finite. An update sees each range of the gradient once, so it may have
    /// changed some weights before it finds others that it cannot change. In this case, the epoch is repeated up to
    /// that step. If another rank is gone, `network` gets the weights from before the epoch.
    pub(crate) fn epoch<F: Loss<N::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut N,
        course: &Course<'_, F, O>,
        (feed, first): (&mut Feed<'_, N::Input, T>, usize),
        threads: Sharing,
        totals: &mut Totals,
        mut done: impl FnMut(&mut Self, &N, &Totals) -> Result<ControlFlow<()>, Error> + Send,
    ) -> Result<(), Failure>
    where
        X: Send,
    {
        self.before.0.parameters_mut().copy_from_slice(network.parameters());
        copy_state(&self.state, &mut self.before.1);
        let Sharing { step: parallel, read } = threads;
        let reads = feed.reads();
        let mut failed = None;
        feed.each(first, read, &mut |number, batch| {
            // Samples that some rank cannot read end the training of all.
            let batch = if reads { self.ranks.agree(batch)? } else { batch? };
            match self.step(network, course, &batch, parallel) {
                Ok(more) => {
                    totals.add(more);
                    if let Some((average, decay)) = &mut self.average {
                        average.update_by(Parallel { several: parallel }, network, *decay);
                    }
                    done(self, network, totals)
                }
                Err(failure) => {
                    failed = Some((number, failure));
                    Ok(ControlFlow::Break(()))
                }
            }
        })?;
        let Some((failed, failure)) = failed else { return Ok(()) };
        self.rewind(network);
        let what = match failure {
            StepFailure::NonFinite(what) => what,
            StepFailure::Exchange(error) => return Err(Failure::Other(error)),
        };
        feed.each(first, read, &mut |number, batch| {
            let batch = if reads { self.ranks.agree(batch)? } else { batch? };
            if number == failed {
                return Ok(ControlFlow::Break(()));
            }
            // These have succeeded before.
            let _: Result<_, StepFailure> = self.step(network, course, &batch, parallel);
            Ok(ControlFlow::Continue(()))
        })?;
        Err(Failure::NonFinite(failed + 1, what))
    }

    /// The number of steps.
    pub(crate) fn steps(&self) -> u64 {
        self.state.steps
    }

    /// The number of steps after the first `steps`.
    pub(crate) fn steps_since(&self, steps: usize) -> usize {
        usize::try_from(self.state.steps.saturating_sub(steps as u64)).unwrap_or(usize::MAX)
    }

    /// The network to evaluate and return: the average of `network` if there is one, or else itself.
    pub(crate) fn outcome<'a>(&'a self, network: &'a N) -> &'a N {
        self.average.as_ref().map_or(network, |(average, _)| &average.network)
    }

    /// Replace `network` with the network to return.
    pub(crate) fn take_outcome(&self, network: &mut N) {
        if let Some((average, _)) = &self.average {
            network.parameters_mut().copy_from_slice(average.network.parameters());
        }
    }

    /// Restore the weights and the state from before the epoch, except the average.
    pub(crate) fn rewind(&mut self, network: &mut N) {
        network.parameters_mut().copy_from_slice(self.before.0.parameters());
        copy_state(&self.before.1, &mut self.state);
    }

    /// After a panic, restore the weights from before the epoch if it was in the middle of a step.
    pub(crate) fn recover(&mut self, network: &mut N) {
        if self.in_step {
            self.rewind(network);
        }
    }

    /// Update `network` along the mean gradient of the samples in `batch`.
    ///
    /// If that is not finite, some weights have been updated and others have not.
    // Compiled once, not at each call.
    #[inline(never)]
    pub(crate) fn step<F: Loss<N::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut N,
        course: &Course<'_, F, O>,
        batch: &MiniBatch<'_, N::Input, T>,
        parallel: bool,
    ) -> Result<Totals, StepFailure> {
        // With a single chunk, only the update could be parallel, which does not pay.
        let parallel = parallel && batch.len() > chunk::<N>(batch.len());
        self.in_step = true;
        let step = Step { memory: &mut *self, network, course, batch };
        // Where the choice of the instruction set for each part would show, the whole step is compiled for each of them.
        let result = if const { is_tiny::<N>() } && !parallel {
            dispatch(step)
        } else {
            step.run_by(Parallel { several: parallel })
        };
        self.in_step = false;
        result
    }
}

operation! {
    /// One step, dispatched to the best instruction set.
    struct Step<'a, N: Layer, T, F: Loss<N::Output, T>, O: Optimizer<SLOTS>, X: Exchange; SLOTS, B> where [T: Copy + Debug + Send + Sync] {
        memory: &'a mut Memory<N, T, SLOTS, B, X>,
        network: &'a mut N,
        course: &'a Course<'a, F, O>,
        batch: &'a MiniBatch<'a, N::Input, T>,
    }
    const IS_TINY = is_tiny::<N>();
    fn run(self, simd: V) -> Result<Totals, StepFailure> {
        self.run_by(Serial(simd))
    }
}

impl<N, T, F, O, X, const SLOTS: usize, const B: usize> Step<'_, N, T, F, O, X, SLOTS, B>
where
    N: Layer,
    T: Copy + Debug + Send + Sync,
    F: Loss<N::Output, T>,
    O: Optimizer<SLOTS>,
    X: Exchange,
{
    /// The first phase for all chunks of the batch, followed by the second.
    #[inline(always)]
    fn run_by<R: Runner>(self, runner: R) -> Result<Totals, StepFailure> {
        let Self { memory, network, course, batch } = self;
        let chunk = even_chunk::<N>(batch.len());
        let chunks = batch.len().div_ceil(chunk);
        let (mut tally, mut start) = (Tally::default(), Start::Zero);
        let mut end = 0;
        let last = loop {
            let round = batch.part(end..batch.len().min(end + ACCUMULATORS * chunk));
            end += round.len();
            let used = &mut memory.accumulators[..round.len().div_ceil(chunk)];
            let mine = memory.ranks.mine(used.len(), chunks);
            let shared = Shared::new(used, &mut memory.chunks, mine, runner.threads());
            runner.each(shared, 1, &Add { network: &*network, course, round: &round, chunk, start });
            memory.ranks.complete_round(used, &memory.chunks, (round, chunk, chunks), network)?;
            used.iter().for_each(|accumulator| tally += accumulator.tally);
            if end == batch.len() {
                break round;
            }
            if const { defers::<N>() } {
                let deferred = memory.deferred.as_deref_mut();
                let gradients = Gradients::<_, _, _, _, ACCUMULATORS>::of(
                    used,
                    &memory.chunks,
                    (round, chunk),
                    deferred,
                    &memory.ranks,
                );
                gradients.add_deferred(runner, start, network);
            }
            start = Start::Sum;
        };

        let loss = tally.term.mean();
        let count = chunks.min(ACCUMULATORS);
        let used = &mut memory.accumulators[..count];
        memory.ranks.complete_sums(used)?;
        let mut finite = loss.is_finite();
        if finite {
            let (optimizer, state) = (course.optimizer, &mut *memory.state);
            let (penalty, clip) = course.adjust;
            let last_sums = Last { start, weight: tally.term.weight, penalty, clip };
            let deferred = memory.deferred.as_deref_mut();
            finite = match count {
                // The common case of small networks gets a loop of its own.
                0 | 1 => {
                    let gradients =
                        Gradients::<_, _, _, _, 1>::of(used, &memory.chunks, (last, chunk), deferred, &memory.ranks);
                    gradients.update(runner, last_sums, optimizer, network, state)?
                }
                _ => {
                    let gradients = Gradients::<_, _, _, _, ACCUMULATORS>::of(
                        used,
                        &memory.chunks,
                        (last, chunk),
                        deferred,
                        &memory.ranks,
                    );
                    gradients.update(runner, last_sums, optimizer, network, state)?
                }
            };
            finite = !memory.ranks.any(!finite)?;
        }
        if finite {
            memory.ranks.complete(network)?;
            return Ok(Totals::of(tally));
        }
        Err(memory.non_finite(loss, network, count, (last, chunk), start)?)
    }
}

/// Copy a state without allocating.
fn copy_state<N: Parameters, const SLOTS: usize>(from: &State<N, SLOTS>, to: &mut State<N, SLOTS>) {
    to.steps = from.steps;
    for (from, to) in from.slots.iter().zip(&mut to.slots) {
        to.parameters_mut().copy_from_slice(from.parameters());
    }
}

/// Whether the gradients of the second phase are stored: between rounds, or until their norm is known.
const fn stores_deferred<N: Layer>(batch: usize, clip: Option<Clip>) -> bool {
    defers::<N>() && (batch > ACCUMULATORS * chunk::<N>(batch) || matches!(clip, Some(Clip::Norm(_))))
}

impl<N: Layer, T: Copy + Debug + Send + Sync, const SLOTS: usize, const B: usize, X: Exchange>
    Memory<N, T, SLOTS, B, X>
{
    /// What is not finite in the mean loss and the gradient of a mini-batch. The loss comes first, because it is closer
    /// to the cause.
    #[cold]
    fn non_finite(
        &mut self,
        loss: N::Scalar,
        network: &mut N,
        count: usize,
        last: (MiniBatch<'_, N::Input, T>, usize),
        start: Start,
    ) -> Result<StepFailure, Error> {
        let used = &mut self.accumulators[..count];
        let gradients = Gradients::<_, _, _, _, ACCUMULATORS>::of(
            used,
            &self.chunks,
            last,
            self.deferred.as_deref_mut(),
            &self.ranks,
        );
        // With a finite loss, what is stored has been completed.
        let gradient = gradients.collect(network, (!loss.is_finite()).then_some(start));
        // Ranks have the weights in order, so that the first name is that of the first array.
        let gradient = self.ranks.first_text(first_non_finite(&*gradient).map(|(name, _)| name))?;
        let gradient = gradient.map(|name| format!("the gradient of `{name}`"));
        Ok(StepFailure::NonFinite(match (loss.is_finite(), gradient) {
            (false, Some(gradient)) => format!("the loss, as {gradient},"),
            (false, None) => "the loss".into(),
            (true, gradient) => gradient.unwrap_or_else(|| "the gradient".into()),
        }))
    }
}
