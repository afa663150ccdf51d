//! One step of training: the gradient of a mini-batch, and the update.
//!
//! A mini-batch is cut into chunks of a fixed size, and the chunks shared out to accumulators, whose number follows
//! from the batch's size. So every sum is taken in an order that doesn't depend on the number of threads.

use super::evaluate::Totals;
use super::parallel::{for_each_part, share};
use super::reduce::{reduce, update};
use crate::backpropagation::{Backpropagation, Batch, Tally};
use crate::data::DataSet;
use crate::layer::{Chance, Layer};
use crate::loss::Loss;
use crate::optimizer::{Optimizer, State};
use crate::parameters::Parameters;
use crate::scalar::Scalar;

/// Samples of one chunk: few enough for the cache, enough for a matrix product.
pub(crate) const CHUNK: usize = 32;

/// The most accumulators, and so the most threads, for one mini-batch.
pub(crate) const ACCUMULATORS: usize = 8;

/// All memory of training, made once: nothing is allocated in a step.
pub(crate) struct Memory<N: Layer, T, const SLOTS: usize> {
    accumulators: Vec<Accumulator<N, T>>,
    state: Box<State<N, SLOTS>>,
}

/// What is the same in all steps of an epoch.
pub(crate) struct Course<'a, N: Layer, T, F, O> {
    pub(crate) data: &'a DataSet<N::Input, T>,
    pub(crate) loss: &'a F,
    pub(crate) optimizer: &'a O,
    /// What chance depends on in this epoch.
    pub(crate) seed: u64,
}

/// What is not finite: "the loss", or the gradient of the parameter of that name.
pub(crate) struct NonFinite(pub(crate) String);

impl<N: Layer, T: Copy + Send + Sync, const SLOTS: usize> Memory<N, T, SLOTS> {
    /// Memory for mini-batches of at most `batch` samples.
    pub(crate) fn new(batch: usize) -> Self {
        let accumulators = (0..accumulators(batch)).map(Accumulator::new).collect();
        Self { accumulators, state: State::boxed() }
    }

    /// Move `network` along the mean gradient of the samples that `batch` names.
    ///
    /// Where that is not finite, `network` stays as it is, and this memory is of no more use.
    pub(crate) fn step<F: Loss<N::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut N,
        course: &Course<'_, N, T, F, O>,
        batch: &[usize],
        parallel: bool,
    ) -> Result<Totals, NonFinite> {
        let count = accumulators(batch.len()).min(self.accumulators.len());
        let used = &mut self.accumulators[..count];
        for_each_part(&mut *used, 1, parallel, &|one| {
            for accumulator in one {
                let share = share(accumulator.index, count, batch.len(), CHUNK);
                accumulator.add(network, course, &batch[share]);
            }
        });

        let mut tally = Tally::default();
        for accumulator in &*used {
            tally += accumulator.tally;
        }
        let mut sums = used.iter_mut().map(|accumulator| accumulator.gradient.parameters_mut());
        let sums = core::array::from_fn::<_, ACCUMULATORS, _>(|_| sums.next().unwrap_or_default());
        let finite = reduce(sums, tally.term.weight, parallel);
        let Some(Accumulator { gradient, .. }) = used.first_mut() else { return Ok(Totals::default()) };
        if !(finite && tally.term.mean().is_finite()) {
            return Err(NonFinite::of(tally.term.mean(), &**gradient));
        }

        self.state.steps += 1;
        update(course.optimizer, self.state.steps, network, gradient, &mut self.state.slots, parallel);
        Ok(Totals::of(tally))
    }
}

/// How many accumulators a mini-batch of `batch` samples is shared out to.
fn accumulators(batch: usize) -> usize {
    batch.div_ceil(CHUNK).min(ACCUMULATORS)
}

/// A gradient, and all that adding a chunk's gradient to it needs.
struct Accumulator<N: Layer, T> {
    index: usize,
    /// All zero between steps.
    gradient: Box<N>,
    tally: Tally<N::Scalar>,
    memory: Box<Backpropagation<N, CHUNK>>,
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
            memory: Backpropagation::boxed(),
            inputs: Vec::with_capacity(CHUNK),
            targets: Vec::with_capacity(CHUNK),
        }
    }

    /// Add the gradient of the sum of these samples' losses, chunk after chunk.
    fn add<F: Loss<N::Output, T>, O>(&mut self, network: &N, course: &Course<'_, N, T, F, O>, samples: &[usize]) {
        self.tally = Tally::default();
        for samples in samples.chunks(CHUNK) {
            self.inputs.clear();
            self.targets.clear();
            for &sample in samples {
                self.inputs.extend_from_slice(&course.data.inputs()[sample..=sample]);
                self.targets.extend_from_slice(&course.data.targets()[sample..=sample]);
            }
            let chance = Chance { seed: course.seed, samples };
            let batch = Batch { inputs: &self.inputs, targets: &self.targets, chance };
            self.tally += self.memory.add_gradient(network, course.loss, batch, &mut self.gradient, None);
        }
    }
}

impl NonFinite {
    /// What isn't finite of a mean loss and its gradient. The loss comes first, as it is closer to the cause.
    fn of<N: Parameters>(loss: N::Scalar, gradient: &N) -> Self {
        let gradient = first_non_finite(gradient).map(|name| format!("the gradient of `{name}`"));
        Self(match (loss.is_finite(), gradient) {
            (false, Some(gradient)) => format!("the loss, as {gradient},"),
            (false, None) => "the loss".into(),
            (true, gradient) => gradient.unwrap_or_default(),
        })
    }
}

/// The name of the first array of weights with a number that is infinite or undefined.
pub(crate) fn first_non_finite<N: Parameters>(network: &N) -> Option<String> {
    let mut found = None;
    network.for_each(&mut |name, _, values| {
        if found.is_none() && values.iter().any(|value| !value.is_finite()) {
            found = Some(name.to_string());
        }
    });
    found
}
