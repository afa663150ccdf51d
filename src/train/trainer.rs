//! Training: mini-batch gradient descent, epoch after epoch.

mod check;
mod checkpoint;
mod evaluate;
mod feed;
mod history;
mod learning_rate;
mod memory;
mod outcome;
mod parallel;
mod progress;
mod reduce;
mod regularise;
mod settings;
mod step;
mod stopping;
mod stopwatch;
mod validation;

use std::fmt::{self, Debug};
use std::ops::ControlFlow;

pub use checkpoint::Checkpoints;
pub use evaluate::{Evaluation, evaluate, try_evaluate};
pub use history::{Epoch, EpochEnd, History, Stopped};
pub use learning_rate::LearningRateCurve;
pub use memory::TrainingMemory;
pub use outcome::{Trained, TrainingError};
pub use progress::Progress;
pub use validation::Validation;

use crate::data::{AnySource, Source};
use crate::error::Error;
use crate::layer::Layer;
use crate::losses::Loss;
use crate::optimizers::{Clip, Decay, Optimizer};
use crate::random::mix;
use crate::train::gradient_buffers::assert_logits;
use checkpoint::{Identity, Length, Moment, Saver, Saving};
use evaluate::Evaluator;
use feed::{Feed, Reader};
use parallel::{Sharing, Threads, work};
use progress::Display;
use settings::Settings;
use step::{Course, Failure, Memory, NonFinite, first_non_finite};
use stopping::Best;
use stopwatch::Stopwatch;

/// Gradient descent on a data set: full-batch, stochastic or mini-batch, depending on the batch size.
///
/// Each step computes the mean gradient of the next mini-batch, and the optimizer updates the weights. An epoch is one
/// pass over the training set, in a new random order. The seed determines all randomness. The trained weights are bit
/// for bit the same with any number of threads, and steps do not allocate.
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
/// # Speed
/// Unoptimized builds are a hundred times slower. Enable some optimization for development builds and tests in your
/// `Cargo.toml`:
///
/// ```toml
/// [profile.dev]
/// opt-level = 1
/// ```
///
/// # Memory
/// Allocated on the heap before the first step: the weights and the optimizer's state, a copy of both from before the
/// epoch (and with early stopping, the best weights), the moving average, and for every 32 samples of a mini-batch (64
/// for more than 131,072 weights), but at most eight times, a gradient and a
/// [`GradientBuffers`](crate::train::GradientBuffers). [`memory`](Self::memory) returns the size of each.
#[must_use = "a trainer does nothing until `fit` is called"]
pub struct Trainer<'a, N: Layer, F, O, const SLOTS: usize, V = ()> {
    network: Box<N>,
    loss: F,
    optimizer: O,
    /// The validation set, or `()`.
    validation: V,
    settings: Settings,
    saving: Saving<'a>,
    callbacks: Vec<Box<Callback<'a, N>>>,
}

/// A callback after each epoch.
type Callback<'a, N> = dyn FnMut(&EpochEnd<'_, N>) -> ControlFlow<()> + 'a;

/// A network to train or evaluate, by value or in a `Box`.
///
/// Implemented for every [`Layer`] and every box of a layer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network",
    label = "expected a network, by value or in a `Box`",
    note = "declare a network with `network!`, and create it with `seeded(seed)` or `boxed(seed)`"
)]
pub trait IntoBox<N> {
    /// Move the network to the heap.
    fn into_box(self) -> Box<N>;

    /// Borrow the network.
    fn as_network(&self) -> &N;
}

impl<N: Layer> IntoBox<N> for N {
    fn into_box(self) -> Box<N> {
        Box::new(self)
    }

    fn as_network(&self) -> &N {
        self
    }
}

impl<N: Layer> IntoBox<N> for Box<N> {
    fn into_box(self) -> Box<N> {
        self
    }

    fn as_network(&self) -> &N {
        self
    }
}

impl<N: Layer, F, O, const SLOTS: usize> Trainer<'_, N, F, O, SLOTS> {
    /// Create a trainer that minimizes `loss` with `optimizer`, starting from `network` (by value, or boxed).
    ///
    /// Defaults: one epoch of mini-batches of 32, shuffled with seed 0.
    pub fn new(network: impl IntoBox<N>, loss: F, optimizer: O) -> Self
    where
        O: Optimizer<SLOTS>,
    {
        let network = network.into_box();
        let (settings, saving, callbacks) = (Settings::default(), Saving::default(), Vec::new());
        Self { network, loss, optimizer, validation: (), settings, saving, callbacks }
    }
}

impl<N: Layer, F, O, const SLOTS: usize, V> Trainer<'_, N, F, O, SLOTS, V> {
    /// Train on `data`: a [`DataSet`](crate::DataSet), or another [`Source`].
    ///
    /// # Errors
    /// Before training: [`Error::Setting`] for an invalid setting, [`Error::Empty`] for a set without samples,
    /// [`Error::Sample`] for an input that is not finite or a target that is invalid for the loss. During training:
    /// [`Error::NonFinite`]; and for a source that is not in memory, [`Error::Read`] for a sample that cannot be read, and
    /// [`Error::Sample`].
    ///
    /// The error contains the network, with its initial weights, or those before the step that failed. If that step
    /// failed because the previous one had made a weight infinite, they are those before the epoch. With a
    /// [`moving_average`](Self::moving_average) they are still the weights themselves, unless early stopping kept an
    /// average.
    pub fn fit<D>(mut self, data: &D) -> Result<Trained<N>, TrainingError<N>>
    where
        D: Source<Input = N::Input>,
        F: Loss<N::Output, D::Target>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, D::Target>,
    {
        const { assert_logits::<N, D::Target, F>() }
        let mut history = History::default();
        match self.check::<D::Target>(data).and_then(|()| self.run::<D::Target>(data, &mut history)) {
            Ok(()) => Ok(Trained { network: self.network, history }),
            Err(reason) => Err(TrainingError { reason, network: self.network, history: Box::new(history) }),
        }
    }

    /// The checks before training.
    fn check<T>(&self, data: &AnySource<'_, N::Input, T>) -> Result<(), Error>
    where
        T: Copy + Debug + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, T>,
    {
        let settings = &self.settings;
        check::positive("batch size", Some(settings.batch_size))?;
        check::positive("epochs", Some(settings.epochs))?;
        check::positive("threads", settings.threads)?;
        check::positive("patience", settings.patience)?;
        self.optimizer.validate::<N::Scalar>()?;
        settings.penalty.map_or(Ok(()), |penalty| penalty.validate::<N::Scalar>())?;
        settings.clip.map_or(Ok(()), Clip::validate::<N::Scalar>)?;
        settings.moving_average.map_or(Ok(()), Decay::validate::<N::Scalar>)?;
        settings.plateau.map_or(Ok(()), |plateau| plateau.validate())?;
        self.loss.validate()?;
        self.saving.validate()?;
        check::network(&*self.network)?;
        check::data::<N, T, F>("training", data, &self.loss)?;
        check::batches::<N>(data.len(), settings.batch_size)?;
        self.validation.set().map_or(Ok(()), |validation| check::data::<N, T, F>("validation", validation, &self.loss))
    }
}

impl<'a, N: Layer, F, O, const SLOTS: usize, V> Trainer<'a, N, F, O, SLOTS, V> {
    /// Run all epochs, and restore the best weights.
    fn run<T>(&mut self, data: &AnySource<'_, N::Input, T>, history: &mut History) -> Result<(), Error>
    where
        T: Copy + Debug + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, T>,
    {
        let mut best = self.settings.patience.map(Best::new);
        let batches = data.len().div_ceil(self.settings.batch_size);
        let display = Display::new(self.settings.progress, batches);
        let identity = Identity::new(&self.saving, &self.settings, data, self.validation.set())?;
        let mut saver = Saver::new(&self.saving, identity, batches)?;
        let result = self.descend(data, history, &mut best, &mut saver, &display);
        history.checkpoint_failure = saver.into_failure();
        if let Some(best) = best {
            history.kept = best.restore(&mut self.network);
        }
        if result.is_ok() {
            display.finish(history);
        }
        result
    }

    /// Run the epochs.
    fn descend<T>(
        &mut self,
        data: &AnySource<'_, N::Input, T>,
        history: &mut History,
        best: &mut Option<Best<N>>,
        saver: &mut Saver<'a>,
        display: &Display,
    ) -> Result<(), Error>
    where
        T: Copy + Debug + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, T>,
    {
        let Settings { epochs, seed, shuffle, penalty, clip, .. } = self.settings;
        let batch_size = self.settings.batch_size.min(data.len());
        let mut memory = Memory::<N, T, SLOTS>::new(batch_size, self.settings.moving_average);
        let check = check::sample::<N, T, F>(&self.loss);
        let reader = |set, source| Reader { set, source, check: &check, seed: 0 };
        let mut feed = Feed::new(reader("training", data), batch_size, shuffle)?;
        let batches = feed.batches();
        let mut optimizer = self.optimizer.clone();
        let (validation, monitors) = (self.validation, self.settings.monitors());
        let evaluated = validation.set().map(|validation| reader("validation", validation));
        let evaluated = evaluated.or(monitors.then(|| reader("training", data)));
        let mut evaluator = evaluated.as_ref().map_or(Evaluator::none(), Evaluator::new);
        // Reading is always worth a thread.
        let reads = feed.reads();
        let step_work = work::<N>(batch_size);
        let epoch_work = if reads { u64::MAX } else { step_work };
        let most = evaluated.as_ref().map_or(0, |reader| reader.work::<N>());
        let threads = Threads::new(self.settings.threads, epoch_work.max(most))?;

        let mut now = Moment::new(optimizer.learning_rate(), self.settings.plateau);
        let restored = memory.restored(&mut *self.network, best.as_mut());
        if let Some((path, position)) = saver.resume(restored, Length { epochs, batches })? {
            display.print(|| format!("resumed from {} after step {}", path.display(), position.steps));
            now = Moment::of(&position, self.settings.plateau);
            history.epochs = position.epochs;
            if now.plateau.is_some() {
                optimizer = optimizer.with_learning_rate(now.learning_rate);
            }
        }

        for number in history.epochs.len() + 1..=epochs {
            if now.stopped.is_some() || saver.stopped() {
                history.stopped = now.stopped.or(Some(Stopped::Flag));
                break;
            }
            let stopwatch = Stopwatch::start();
            display.begin(number, epochs);
            let seed = mix(seed, number as u64);
            feed.begin(seed);
            // Not 0 where the training was resumed in the middle of the epoch.
            let first = memory.steps_since((number - 1) * batches);
            (0..first).for_each(|_| display.batch());

            let course = Course { loss: &self.loss, optimizer: &optimizer, adjust: (penalty, clip), seed };
            let network = &mut *self.network;
            let (moment, epochs_before, last) = (now, &*history.epochs, number * batches);
            let result = threads.run(epoch_work, |several| {
                let sharing = Sharing::new(several, step_work, reads);
                memory.epoch(
                    network,
                    &course,
                    (&mut feed, first),
                    sharing,
                    &mut now.totals,
                    |memory, network, totals| {
                        display.batch();
                        if memory.steps() == last as u64 {
                            return ControlFlow::Continue(());
                        }
                        if saver.stopped() {
                            return ControlFlow::Break(());
                        }
                        if saver.due(memory.steps()) {
                            let seconds = add(moment.seconds, stopwatch.seconds());
                            let moment = Moment { totals: *totals, seconds, ..moment };
                            saver.write(&memory.snapshot(network, best.as_ref(), moment, epochs_before), display);
                        }
                        ControlFlow::Continue(())
                    },
                )
            });
            finite(result, &mut *self.network, &mut memory, number, batches)?;
            now.seconds = add(now.seconds, stopwatch.seconds());
            if memory.steps() < last as u64 {
                history.stopped = Some(Stopped::Flag);
                break;
            }

            let evaluate = |reader| evaluator.evaluate(memory.outcome(&self.network), &self.loss, reader, &threads);
            let after = evaluated.as_ref().map(evaluate).transpose()?;
            if after.is_some_and(|after| !after.loss.is_finite()) {
                memory.rewind(&mut self.network);
                return Err(Error::NonFinite {
                    epoch: number,
                    batch: batches,
                    what: "the loss after the epoch".into(),
                });
            }
            let monitored = after.filter(|_| monitors).map(|after| after.loss);
            history.epochs.push(Epoch {
                number,
                epochs,
                training: now.totals.mean(),
                validation: validation.set().and(after),
                monitored,
                learning_rate: optimizer.learning_rate_at(memory.steps()),
                seconds: now.seconds,
            });
            now = Moment::new(optimizer.learning_rate(), now.plateau);
            let network = memory.outcome(&self.network);
            if let Some(end) = EpochEnd::new(network, history) {
                display.end(end.epoch);
                for callback in &mut self.callbacks {
                    if callback(&end).is_break() {
                        now.stopped = Some(Stopped::Callback);
                    }
                }
            }
            if let (Some(plateau), Some(loss)) = (now.plateau.as_mut(), monitored) {
                now.learning_rate = plateau.see(loss, now.learning_rate);
                optimizer = optimizer.with_learning_rate(now.learning_rate);
            }
            if let (Some(best), Some(loss)) = (best.as_mut(), monitored)
                && !best.see(network, number, loss)
            {
                now.stopped.get_or_insert(Stopped::EarlyStopping);
            }
            if saver.due(memory.steps()) {
                saver.write(&memory.snapshot(&self.network, best.as_ref(), now, &history.epochs), display);
            }
        }
        if !saver.has_written(memory.steps()) {
            saver.write(&memory.snapshot(&self.network, best.as_ref(), now, &history.epochs), display);
        }
        memory.take_outcome(&mut self.network);
        Ok(())
    }
}

/// Return an error if a step failed or the weights after the last one are not finite. Restores the weights from
/// before the epoch if they are not finite.
fn finite<N: Layer, T, const SLOTS: usize>(
    result: Result<(), Failure>,
    network: &mut N,
    memory: &mut Memory<N, T, SLOTS>,
    epoch: usize,
    batches: usize,
) -> Result<(), Error>
where
    T: Copy + Debug + Send + Sync,
{
    let infinite = first_non_finite(&*network);
    if infinite.is_some() {
        memory.rewind(network);
    }
    match (result, infinite) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(name)) => Err(Error::NonFinite { epoch, batch: batches, what: format!("`{name}`") }),
        (Err(Failure::Step(batch, NonFinite(what))), _) => Err(Error::NonFinite { epoch, batch, what }),
        (Err(Failure::Data(error)), _) => Err(error),
    }
}

/// Seconds of both, where there is a clock.
fn add(seconds: Option<f64>, more: Option<f64>) -> Option<f64> {
    seconds.zip(more).map(|(seconds, more)| seconds + more)
}

impl<N: Layer, F, O: Debug, const SLOTS: usize, V> Debug for Trainer<'_, N, F, O, SLOTS, V> {
    /// Omits the weights and the data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("network", &N::KIND)
            .field("optimizer", &self.optimizer)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
