//! Training: mini-batch gradient descent, epoch after epoch.

mod check;
mod evaluate;
mod history;
mod learning_rate;
mod memory;
mod outcome;
mod parallel;
mod progress;
mod reduce;
mod regularise;
mod step;
mod stopping;

use std::fmt::{self, Debug};
use std::ops::ControlFlow;
use std::time::Instant;

pub use evaluate::{Evaluation, evaluate};
pub use history::{Epoch, History};
pub use learning_rate::LearningRateCurve;
pub use memory::TrainingMemory;
pub use outcome::{Trained, TrainingError};
pub use progress::Progress;

use crate::data::DataSet;
use crate::error::Error;
use crate::layer::Layer;
use crate::losses::Loss;
use crate::optimizers::{Clip, Decay, Optimizer, Penalty, Plateau};
use crate::random::{Random, mix};
use crate::train::gradient_buffers::assert_logits;
use evaluate::{Evaluator, Totals};
use parallel::{Threads, work};
use progress::Display;
use step::{Course, Memory, NonFinite, first_non_finite};
use stopping::Best;

/// Gradient descent on a data set: full-batch, stochastic or mini-batch, by the batch size.
///
/// One step takes the mean gradient of the next mini-batch and lets the optimizer move the weights along it; an epoch
/// is one pass over the training set, in a new random order. The seed decides all that is random. The weights that
/// come out are the same, bit for bit, at any number of threads, and a step allocates nothing.
///
/// ```
/// use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Sgd, train::Progress};
///
/// // y = 2x + 1
/// let line: DataSet<[f32; 1], [f32; 1]> = (0..10).map(|x| x as f32 / 10.0).map(|x| ([x], [2.0 * x + 1.0])).collect();
/// let trained = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.5))
///     .batch_size(5)
///     .epochs(200)
///     .progress(Progress::Silent)
///     .fit(&line)?;
/// let [y] = trained.network.forward(&[2.0]);
/// assert!((y - 5.0).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Memory
/// On the heap, and made before the first step: the weights and the optimizer's slots, the same before the epoch (and
/// with early stopping the best weights), a moving average, and for every 32 samples of a mini-batch (or 64, where there are
/// more than 131,072 weights), but at most eight times, a gradient and a [`GradientBuffers`](crate::train::GradientBuffers).
/// [`memory`](Self::memory) tells the bytes.
pub struct Trainer<'a, N: Layer, T, F, O, const SLOTS: usize> {
    network: Box<N>,
    loss: F,
    optimizer: O,
    batch_size: usize,
    epochs: usize,
    seed: u64,
    shuffle: bool,
    threads: Option<usize>,
    validation: Option<&'a DataSet<N::Input, T>>,
    patience: Option<usize>,
    penalty: Option<Penalty>,
    clip: Option<Clip>,
    moving_average: Option<Decay>,
    plateau: Option<Plateau>,
    callbacks: Vec<Box<Callback<'a>>>,
    progress: Progress,
}

/// What is called after each epoch.
type Callback<'a> = dyn FnMut(&Epoch) -> ControlFlow<()> + 'a;

/// A network to train: by value, or in the box that a large one was built in.
///
/// Every [`Layer`] is one, and so is every box of a layer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network",
    label = "a network is expected here, by value or in a `Box`",
    note = "declare it with `network!`, and make one with `seeded(seed)` or `boxed(seed)`"
)]
pub trait IntoBox<N> {
    /// The network on the heap.
    fn into_box(self) -> Box<N>;
}

impl<N: Layer> IntoBox<N> for N {
    fn into_box(self) -> Box<N> {
        Box::new(self)
    }
}

impl<N: Layer> IntoBox<N> for Box<N> {
    fn into_box(self) -> Box<N> {
        self
    }
}

impl<'a, N: Layer, T, F, O, const SLOTS: usize> Trainer<'a, N, T, F, O, SLOTS> {
    /// Train `network` (by value, or `boxed`) to make `loss` small by the steps of `optimizer`.
    ///
    /// Unless told otherwise: one epoch of mini-batches of 32, shuffled with seed 0.
    pub fn new(network: impl IntoBox<N>, loss: F, optimizer: O) -> Self
    where
        O: Optimizer<SLOTS>,
    {
        Self {
            network: network.into_box(),
            loss,
            optimizer,
            batch_size: 32,
            epochs: 1,
            seed: 0,
            shuffle: true,
            threads: None,
            validation: None,
            patience: None,
            penalty: None,
            clip: None,
            moving_average: None,
            plateau: None,
            callbacks: Vec::new(),
            progress: Progress::Auto,
        }
    }

    /// Samples of one mini-batch, 32 if not told; the last one of an epoch may be smaller. 1 is stochastic gradient
    /// descent.
    #[must_use]
    pub fn batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// One step an epoch, along the gradient of the whole training set.
    #[must_use]
    pub fn full_batch(self) -> Self {
        self.batch_size(usize::MAX)
    }

    /// Passes over the training set, 1 if not told.
    #[must_use]
    pub fn epochs(self, epochs: usize) -> Self {
        Self { epochs, ..self }
    }

    /// The seed of the order of samples and of dropout, 0 if not told.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Whether each epoch takes the samples in a new random order, or all in that of the set. It does, if not told.
    #[must_use]
    pub fn shuffle(self, shuffle: bool) -> Self {
        Self { shuffle, ..self }
    }

    /// Train on this many threads instead of `rayon`'s global pool. Without the feature `rayon` there is only one.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: Some(threads), ..self }
    }

    /// Measure loss and accuracy on `data` after each epoch.
    #[must_use]
    pub fn validate(self, data: &'a DataSet<N::Input, T>) -> Self {
        Self { validation: Some(data), ..self }
    }

    /// Stop after `patience` epochs in a row without a smaller loss.
    ///
    /// What counts is the loss measured after the epoch: on the validation set, or if there is none on the training
    /// set, which costs another pass over it. However training then ends, by an error too, the network has the
    /// weights of the smallest loss.
    #[must_use]
    pub fn early_stopping(self, patience: usize) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Call `callback` after each epoch; `ControlFlow::Break` ends the training. There can be several.
    #[must_use]
    pub fn on_epoch(mut self, callback: impl FnMut(&Epoch) -> ControlFlow<()> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// What to show meanwhile, [`Progress::Auto`] if not told.
    #[must_use]
    pub fn progress(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// Train on `data`.
    ///
    /// # Errors
    /// Before anything is trained: [`Error::Setting`] for a setting that makes no sense, [`Error::Empty`] for a set
    /// without samples, [`Error::Sample`] for an input that is not finite or a target that the loss can't take. Later,
    /// [`Error::NonFinite`]. The error has the network: with the weights it came with, or those before the step
    /// that failed. Should that step have failed because the one before it had made a weight infinite, they are those
    /// before the epoch. With a [`moving_average`](Self::moving_average) they are still the weights themselves, unless
    /// early stopping had kept an average.
    pub fn fit(mut self, data: &DataSet<N::Input, T>) -> Result<Trained<N>, TrainingError<N>>
    where
        T: Copy + Debug + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
    {
        const { assert_logits::<N, T, F>() }
        let mut history = History::default();
        match self.check(data).and_then(|()| self.run(data, &mut history)) {
            Ok(()) => Ok(Trained { network: self.network, history }),
            Err(reason) => Err(TrainingError { reason, network: self.network, history }),
        }
    }

    /// What can be checked before training.
    fn check(&self, data: &DataSet<N::Input, T>) -> Result<(), Error>
    where
        T: Debug,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
    {
        check::positive("batch size", Some(self.batch_size))?;
        check::positive("epochs", Some(self.epochs))?;
        check::positive("threads", self.threads)?;
        check::positive("patience", self.patience)?;
        self.optimizer.validate::<N::Scalar>()?;
        self.penalty.map_or(Ok(()), |penalty| penalty.validate::<N::Scalar>())?;
        self.clip.map_or(Ok(()), Clip::validate::<N::Scalar>)?;
        self.moving_average.map_or(Ok(()), Decay::validate::<N::Scalar>)?;
        self.plateau.map_or(Ok(()), |plateau| plateau.validate())?;
        self.loss.validate()?;
        check::network(&*self.network)?;
        check::data("training", data, &self.loss)?;
        self.validation.map_or(Ok(()), |validation| check::data("validation", validation, &self.loss))
    }

    /// What is measured after each epoch.
    fn measured<'d>(&self, data: &'d DataSet<N::Input, T>) -> Option<&'d DataSet<N::Input, T>>
    where
        'a: 'd,
    {
        self.validation.or(self.monitors().then_some(data))
    }

    /// Whether anything goes by the loss after each epoch.
    fn monitors(&self) -> bool {
        self.patience.is_some() || self.plateau.is_some()
    }

    /// All epochs, and back to the best weights.
    fn run(&mut self, data: &DataSet<N::Input, T>, history: &mut History) -> Result<(), Error>
    where
        T: Copy + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
    {
        let mut best = self.patience.map(Best::new);
        let result = self.descend(data, history, &mut best);
        if let Some(best) = best {
            best.restore(&mut self.network);
        }
        result
    }

    /// The epochs.
    fn descend(
        &mut self,
        data: &DataSet<N::Input, T>,
        history: &mut History,
        best: &mut Option<Best<N>>,
    ) -> Result<(), Error>
    where
        T: Copy + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
    {
        let batch_size = self.batch_size.min(data.len());
        let batches = data.len().div_ceil(batch_size);
        let display = Display::new(self.progress, batches);
        let mut memory = Memory::new(batch_size, self.moving_average);
        let mut order: Vec<usize> = (0..data.len()).collect();
        let (mut optimizer, mut plateau) = (self.optimizer.clone(), self.plateau);
        let measured = self.measured(data);
        let measured_samples = measured.map_or(0, DataSet::len);
        let mut evaluator = Evaluator::new(measured_samples);
        let threads = Threads::new(self.threads, work::<N>(batch_size.max(measured_samples)))?;

        for number in 1..=self.epochs {
            let start = Instant::now();
            display.begin(number, self.epochs);
            let seed = mix(self.seed, number as u64);
            self.arrange(&mut order, seed);

            let course =
                Course { data, loss: &self.loss, optimizer: &optimizer, adjust: (self.penalty, self.clip), seed };
            let network = &mut *self.network;
            let totals = threads.run(work::<N>(batch_size), |parallel| {
                memory.epoch(network, &course, order.chunks(batch_size), parallel, || display.batch())
            });
            let totals = self.finite(totals, &mut memory, number, batches)?;
            let seconds = start.elapsed().as_secs_f64();

            let after =
                measured.map(|set| evaluator.evaluate(memory.outcome(&self.network), &self.loss, set, &threads));
            if after.is_some_and(|after| !after.loss.is_finite()) {
                memory.rewind(&mut self.network);
                return Err(Error::NonFinite {
                    epoch: number,
                    batch: batches,
                    what: "the loss after the epoch".into(),
                });
            }
            let (validation, monitored) = (self.validation.and(after), after.filter(|_| self.monitors()));
            let monitored = monitored.map(|after| after.loss);
            let (epochs, training, learning_rate) = (self.epochs, totals.mean(), optimizer.learning_rate());
            let epoch = Epoch { number, epochs, training, validation, monitored, learning_rate, seconds };
            display.end(&epoch);

            let mut on = true;
            for callback in &mut self.callbacks {
                on &= callback(&epoch).is_continue();
            }
            history.epochs.push(epoch);
            if let (Some(plateau), Some(loss)) = (plateau.as_mut(), monitored) {
                optimizer = optimizer.with_learning_rate(plateau.see(loss, learning_rate));
            }
            if let (Some(best), Some(loss)) = (best.as_mut(), monitored) {
                on &= best.see(memory.outcome(&self.network), loss);
            }
            if !on {
                break;
            }
        }
        memory.take_outcome(&mut self.network);
        Ok(())
    }

    /// The order of samples in an epoch.
    fn arrange(&self, order: &mut [usize], seed: u64) {
        if self.shuffle {
            // From the start again, so that an epoch's order follows from its number.
            order.iter_mut().enumerate().for_each(|(index, sample)| *sample = index);
            Random::new(seed).shuffle(order);
        }
    }

    /// An epoch's totals, if neither a step nor the weights after the last one failed to be finite. Puts weights that
    /// aren't finite back to those before it.
    fn finite(
        &mut self,
        totals: Result<Totals, (usize, NonFinite)>,
        memory: &mut Memory<N, T, SLOTS>,
        epoch: usize,
        batches: usize,
    ) -> Result<Totals, Error>
    where
        T: Copy + Send + Sync,
    {
        let infinite = first_non_finite(&*self.network);
        if infinite.is_some() {
            memory.rewind(&mut self.network);
        }
        match (totals, infinite) {
            (Ok(totals), None) => Ok(totals),
            (Ok(_), Some(name)) => Err(Error::NonFinite { epoch, batch: batches, what: format!("`{name}`") }),
            (Err((batch, NonFinite(what))), _) => Err(Error::NonFinite { epoch, batch, what }),
        }
    }
}

impl<N: Layer, T, F, O: Debug, const SLOTS: usize> Debug for Trainer<'_, N, T, F, O, SLOTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("network", &N::KIND)
            .field("optimizer", &self.optimizer)
            .field("batch_size", &self.batch_size)
            .field("epochs", &self.epochs)
            .field("seed", &self.seed)
            .field("shuffle", &self.shuffle)
            .field("threads", &self.threads)
            .field("patience", &self.patience)
            .field("penalty", &self.penalty)
            .field("clip", &self.clip)
            .field("moving_average", &self.moving_average)
            .field("plateau", &self.plateau)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
