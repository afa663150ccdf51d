//! One step of training: the gradient of a mini-batch, and the update.
//!
//! A mini-batch is cut into chunks of a fixed size, and the chunks shared out to accumulators, whose number follows
//! from the batch's size. So every sum is taken in an order that doesn't depend on the number of threads.

use std::slice::Chunks;

use super::evaluate::Totals;
use super::memory::TrainingMemory;
use super::parallel::{Parallel, share};
use super::reduce::Gradients;
use crate::data::DataSet;
use crate::kernels::{Runner, Serial, Simd, Start, Task, dispatch, gather, operation};
use crate::layer::{Chance, Gradient, Layer};
use crate::losses::Loss;
use crate::optimizers::{Clip, Decay, MovingAverage, Optimizer, Penalty, State};
use crate::scalar::Scalar;
use crate::train::gradient_buffers::{Batch, GradientBuffers, Tally};
use crate::weights::parameters::Parameters;

/// Samples of one chunk: few enough for the cache and for a thread each, enough for a matrix product.
const CHUNK: usize = 32;

/// Samples of one chunk of a large network, where a mini-batch has more of them: what it costs to write a gradient and
/// to add it up is then more than what further threads could bring, so that fewer accumulators are better.
const LARGE_CHUNK: usize = 64;

/// Weights above which a network is large: two of its gradients, and the weights, are more than a second-level cache
/// holds.
const LARGE: usize = 1 << 17;

/// The most accumulators, and so the most threads, for one mini-batch.
pub(crate) const ACCUMULATORS: usize = 8;

/// All memory of training, made once: nothing is allocated in a step.
pub(crate) struct Memory<N: Layer, T, const SLOTS: usize> {
    accumulators: Vec<Accumulator<N, T>>,
    state: Box<State<N, SLOTS>>,
    /// The weights and the state before the epoch.
    before: (Box<N>, Box<State<N, SLOTS>>),
    /// The average of the weights after each step, and how much of it is kept.
    average: Option<(Box<MovingAverage<N>>, Decay)>,
}

/// What is the same in all steps of an epoch.
pub(crate) struct Course<'a, N: Layer, T, F, O> {
    pub(crate) data: &'a DataSet<N::Input, T>,
    pub(crate) loss: &'a F,
    pub(crate) optimizer: &'a O,
    /// What is done to a gradient before the optimizer sees it.
    pub(crate) adjust: (Option<Penalty>, Option<Clip>),
    /// What chance depends on in this epoch.
    pub(crate) seed: u64,
}

/// What is not finite: "the loss", or the gradient of the parameter of that name.
pub(crate) struct NonFinite(pub(crate) String);

impl<N: Layer, T: Copy + Send + Sync, const SLOTS: usize> Memory<N, T, SLOTS> {
    /// Memory for mini-batches of at most `batch` samples, and for an average of the weights with that decay.
    pub(crate) fn new(batch: usize, average: Option<Decay>) -> Self {
        let accumulators = (0..accumulators::<N>(batch)).map(Accumulator::new).collect();
        let average = average.map(|decay| (MovingAverage::boxed(), decay));
        Self { accumulators, state: State::boxed(), before: (N::zeroed_box(), State::boxed()), average }
    }

    /// What [`new`](Self::new) allocates.
    pub(crate) const fn bytes(batch: usize, average: bool) -> TrainingMemory {
        let (count, state) = (accumulators::<N>(batch), size_of::<State<N, SLOTS>>());
        TrainingMemory {
            weights: 0,
            gradients: count * size_of::<N>(),
            optimizer: state,
            tape: count * (size_of::<GradientBuffers<N, LARGE_CHUNK>>() + size_of::<Accumulator<N, T>>()),
            samples: count * LARGE_CHUNK * (size_of::<N::Input>() + size_of::<T>()),
            copies: size_of::<N>() + state + if average { size_of::<MovingAverage<N>>() } else { 0 },
            evaluation: 0,
        }
    }

    /// Move `network` by one step for each of the mini-batches, and call `done` after each.
    ///
    /// Where a step's gradient is not finite, `network` has the weights before that step: the number of the step, and
    /// what isn't finite. An update sees each range of the gradient once, so that it has moved some weights when it
    /// finds others that it can't move. For this, the epoch is repeated up to that step.
    pub(crate) fn epoch<'b, F: Loss<N::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut N,
        course: &Course<'_, N, T, F, O>,
        batches: impl Iterator<Item = &'b [usize]> + Clone,
        parallel: bool,
        done: impl Fn(),
    ) -> Result<Totals, (usize, NonFinite)> {
        self.before.0.parameters_mut().copy_from_slice(network.parameters());
        copy_state(&self.state, &mut self.before.1);
        let mut totals = Totals::default();
        for (index, batch) in batches.clone().enumerate() {
            match self.step(network, course, batch, parallel) {
                Ok(more) => {
                    totals.add(more);
                    if let Some((average, decay)) = &mut self.average {
                        if parallel {
                            average.update_by(Parallel, network, *decay);
                        } else {
                            average.update(network, *decay);
                        }
                    }
                }
                Err(what) => {
                    self.rewind(network);
                    for batch in batches.take(index) {
                        let _: Result<_, NonFinite> = self.step(network, course, batch, parallel);
                    }
                    return Err((index + 1, what));
                }
            }
            done();
        }
        Ok(totals)
    }

    /// How many steps there were.
    pub(crate) fn steps(&self) -> u64 {
        self.state.steps
    }

    /// What is measured and given back: the average of `network`, if there is one, or else itself.
    pub(crate) fn outcome<'a>(&'a self, network: &'a N) -> &'a N {
        self.average.as_ref().map_or(network, |(average, _)| &average.network)
    }

    /// Make `network` what is given back.
    pub(crate) fn take_outcome(&self, network: &mut N) {
        if let Some((average, _)) = &self.average {
            network.parameters_mut().copy_from_slice(average.network.parameters());
        }
    }

    /// Back to the weights before the epoch, and to the state, but for the average.
    pub(crate) fn rewind(&mut self, network: &mut N) {
        network.parameters_mut().copy_from_slice(self.before.0.parameters());
        copy_state(&self.before.1, &mut self.state);
    }

    /// Move `network` along the mean gradient of the samples that `batch` names.
    ///
    /// Where that is not finite, some weights have moved and others have not.
    // Compiled once, not in each place that calls it.
    #[inline(never)]
    pub(crate) fn step<F: Loss<N::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut N,
        course: &Course<'_, N, T, F, O>,
        batch: &[usize],
        parallel: bool,
    ) -> Result<Totals, NonFinite> {
        // Of a single chunk, all that could be shared out is the update: that doesn't pay.
        let parallel = parallel && batch.len() > chunk::<N>(batch.len());
        let step = Step { memory: self, network, course, batch };
        if parallel { step.run_by(Parallel) } else { dispatch(step) }
    }
}

operation! {
    /// One step, to run with the best instruction set.
    struct Step<'a, N: Layer, T, F: Loss<N::Output, T>, O: Optimizer<SLOTS>; SLOTS> where [T: Copy + Send + Sync] {
        memory: &'a mut Memory<N, T, SLOTS>,
        network: &'a mut N,
        course: &'a Course<'a, N, T, F, O>,
        batch: &'a [usize],
    }
    fn run(self, simd: V) -> Result<Totals, NonFinite> {
        self.run_by(Serial(simd))
    }
}

impl<N: Layer, T: Copy + Send + Sync, F: Loss<N::Output, T>, O: Optimizer<SLOTS>, const SLOTS: usize>
    Step<'_, N, T, F, O, SLOTS>
{
    /// The gradients of all shares of the batch, and then the update.
    #[inline(always)]
    fn run_by<R: Runner>(self, runner: R) -> Result<Totals, NonFinite> {
        let Self { memory, network, course, batch } = self;
        let count = accumulators::<N>(batch.len()).min(memory.accumulators.len());
        let used = &mut memory.accumulators[..count];
        let chunk = even_chunk::<N>(batch.len());
        runner.each(&mut *used, 1, &Add { network: &*network, course, batch, count, chunk });

        let mut tally = Tally::default();
        for accumulator in &*used {
            tally += accumulator.tally;
        }
        let loss = tally.term.mean();
        let mut sums = used.iter_mut().map(|accumulator| &mut *accumulator.gradient);
        let mut finite = loss.is_finite();
        if finite {
            let (optimizer, state, weight) = (course.optimizer, &mut *memory.state, tally.term.weight);
            let (penalty, clip) = course.adjust;
            finite = match count {
                // What most small networks need is worth a loop of its own.
                0 | 1 => {
                    Gradients { sums: [sums.next()], weight, penalty, clip }.update(runner, optimizer, network, state)
                }
                _ => {
                    let sums = core::array::from_fn::<_, ACCUMULATORS, _>(|_| sums.next());
                    Gradients { sums, weight, penalty, clip }.update(runner, optimizer, network, state)
                }
            };
        }
        if finite { Ok(Totals::of(tally)) } else { Err(NonFinite::of(loss, used.iter().map(|one| &*one.gradient))) }
    }
}

/// Adds to accumulators the gradients of their shares of a batch.
struct Add<'a, N: Layer, T, F, O> {
    network: &'a N,
    course: &'a Course<'a, N, T, F, O>,
    batch: &'a [usize],
    count: usize,
    chunk: usize,
}

impl<N: Layer, T: Copy + Send + Sync, F: Loss<N::Output, T>, O: Sync> Task<&mut [Accumulator<N, T>]>
    for Add<'_, N, T, F, O>
{
    #[inline(always)]
    fn run<V: Simd>(&self, simd: V, accumulators: &mut [Accumulator<N, T>]) {
        for accumulator in accumulators {
            let share = share(accumulator.index, self.count, self.batch.len(), self.chunk);
            accumulator.add(simd, self.network, self.course, self.batch[share].chunks(self.chunk));
        }
    }
}

/// A state, without a new one.
fn copy_state<N: Parameters, const SLOTS: usize>(from: &State<N, SLOTS>, to: &mut State<N, SLOTS>) {
    to.steps = from.steps;
    for (from, to) in from.slots.iter().zip(&mut to.slots) {
        to.parameters_mut().copy_from_slice(from.parameters());
    }
}

/// Samples of a chunk at most, of a mini-batch of `batch` samples.
const fn chunk<N: Parameters>(batch: usize) -> usize {
    if N::PARAMETERS > LARGE && batch > LARGE_CHUNK { LARGE_CHUNK } else { CHUNK }
}

/// How many accumulators a mini-batch of `batch` samples is shared out to.
const fn accumulators<N: Parameters>(batch: usize) -> usize {
    let chunks = batch.div_ceil(chunk::<N>(batch));
    if chunks < ACCUMULATORS { chunks } else { ACCUMULATORS }
}

/// Samples of the smallest chunk of a mini-batch of `batch` samples.
pub(super) fn smallest_chunk<N: Parameters>(batch: usize) -> usize {
    let chunk = even_chunk::<N>(batch);
    let last = batch % chunk;
    if last == 0 { chunk } else { last }
}

/// Samples of each chunk of a mini-batch of `batch` samples, but for the last one.
///
/// What measures a chunk, as batch normalisation does, would make much of a last one of few samples: there, all chunks
/// are as large as each other.
fn even_chunk<N: Parameters>(batch: usize) -> usize {
    let mut measures = false;
    N::running_statistics(&mut |_| measures = true);
    let chunk = chunk::<N>(batch);
    if measures { batch.div_ceil(batch.div_ceil(chunk).max(1)).max(1) } else { chunk }
}

/// A gradient, and all that adding a chunk's gradient to it needs.
struct Accumulator<N: Layer, T> {
    index: usize,
    gradient: Box<N>,
    tally: Tally<N::Scalar>,
    memory: Box<GradientBuffers<N, LARGE_CHUNK>>,
    /// The chunk's samples, gathered from where the shuffle finds them.
    inputs: Vec<N::Input>,
    targets: Vec<T>,
}

impl<N: Layer, T: Copy> Accumulator<N, T> {
    fn new(index: usize) -> Self {
        Self {
            index,
            gradient: N::zeroed_box(),
            tally: Tally::default(),
            memory: GradientBuffers::boxed(),
            inputs: Vec::with_capacity(LARGE_CHUNK),
            targets: Vec::with_capacity(LARGE_CHUNK),
        }
    }

    /// The gradient of the sum of these chunks' losses.
    #[inline(always)]
    fn add<V: Simd, F: Loss<N::Output, T>, O>(
        &mut self,
        simd: V,
        network: &N,
        course: &Course<'_, N, T, F, O>,
        chunks: Chunks<'_, usize>,
    ) {
        self.tally = Tally::default();
        for (number, samples) in chunks.enumerate() {
            self.inputs.clear();
            self.targets.clear();
            gather(course.data.inputs(), samples, &mut self.inputs);
            gather(course.data.targets(), samples, &mut self.targets);
            let chance = Chance { seed: course.seed, samples, first: 0 };
            let batch = Batch { inputs: &self.inputs, targets: &self.targets, chance };
            let start = if number == 0 { Start::Zero } else { Start::Sum };
            let gradient = Gradient::new(&mut *self.gradient, start);
            self.tally += self.memory.add_gradient(simd, network, course.loss, batch, gradient);
        }
    }
}

impl NonFinite {
    /// What isn't finite of a mean loss and of its gradient's parts. The loss comes first, as it is closer to the cause.
    #[cold]
    fn of<'a, N: Parameters>(loss: N::Scalar, gradients: impl Iterator<Item = &'a N>) -> Self {
        let gradient = gradients.filter_map(first_non_finite).next().map(|name| format!("the gradient of `{name}`"));
        Self(match (loss.is_finite(), gradient) {
            (false, Some(gradient)) => format!("the loss, as {gradient},"),
            (false, None) => "the loss".into(),
            (true, gradient) => gradient.unwrap_or_else(|| "the gradient".into()),
        })
    }
}

/// The name of the first array of weights with a number that is infinite or NaN.
pub(crate) fn first_non_finite<N: Parameters>(network: &N) -> Option<String> {
    let mut found = None;
    network.for_each(&mut |name, _, values| {
        if found.is_none() && values.iter().any(|value| !value.is_finite()) {
            found = Some(name.to_string());
        }
    });
    found
}
