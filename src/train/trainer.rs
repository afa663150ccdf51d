//! Training: mini-batch gradient descent, epoch after epoch.

mod check;
mod checkpoint;
mod chunk;
mod chunk_size;
mod compare;
mod course;
mod deferred;
mod epochs;
mod evaluate;
mod feed;
mod first_phase;
mod history;
mod into_box;
mod learning_rate;
mod log;
mod memory;
mod monitor;
mod observers;
mod outcome;
mod parallel;
mod parts;
mod progress;
mod ranks;
mod reduce;
mod regularize;
mod run;
mod settings;
mod step;
mod stopping;
pub(super) mod stopwatch;
mod update;
mod validation;

use std::fmt::{self, Debug};

pub use checkpoint::Checkpoints;
pub use evaluate::{Evaluation, evaluate, try_evaluate};
pub use history::{Epoch, EpochEnd, History, Metric, Stopped};
pub use into_box::IntoBox;
pub use learning_rate::LearningRateCurve;
pub(super) use log::csv_quoted;
pub use memory::TrainingMemory;
pub use monitor::Monitor;
pub use outcome::{Trained, TrainingError};
pub use progress::Progress;
pub use validation::Validation;

use crate::data::{AnySource, Source};
use crate::error::Error;
use crate::layer::Layer;
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::train::exchange::Exchange;
use crate::train::gradient_buffers::assert_logits;
use checkpoint::Saving;
use chunk_size::with_largest_chunk;
use observers::Observers;
use run::caught;
use settings::Settings;

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
/// for more than 131,072 weights), but at most eight times, the gradient of all weights but those of dense layers with more than
/// 1,024, whose gradient is not stored. The activations and the scratch memory of a
/// [`GradientBuffers`](crate::train::GradientBuffers) are there as often for a network with such dense layers, and once for each
/// thread for others. [`memory`](Self::memory) returns the size of each.
#[must_use = "a trainer does nothing until `fit` is called"]
pub struct Trainer<'a, N: Layer, F, O, const SLOTS: usize, V = ()> {
    network: Box<N>,
    loss: F,
    optimizer: O,
    /// The validation set, or `()`.
    validation: V,
    settings: Settings,
    saving: Saving<'a>,
    observers: Observers<'a, N>,
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
        let (settings, saving, observers) = (Settings::default(), Saving::default(), Observers::new());
        Self { network, loss, optimizer, validation: (), settings, saving, observers }
    }
}

impl<N: Layer, F, O, const SLOTS: usize, V> Trainer<'_, N, F, O, SLOTS, V> {
    /// Train on `data`: a [`DataSet`](crate::DataSet), or another [`Source`].
    ///
    /// # Errors
    /// Before training: [`Error::Setting`] for an invalid setting, [`Error::Empty`] for a set without samples,
    /// [`Error::Sample`] for an input that is not finite or a target that is invalid for the loss. During training:
    /// [`Error::NonFinite`]; for a source that is not in memory, [`Error::Read`] for a sample that cannot be read, and
    /// [`Error::Sample`]; and [`Error::Panic`] if a callback, or a layer or a source of your own, panics (unless panics
    /// abort).
    ///
    /// The error contains the network, with its initial weights, or those before the step that failed. If that step
    /// failed because the previous one had made a weight infinite, or if it panicked, they are those before the epoch. With a
    /// [`moving_average`](Self::moving_average) they are still the weights themselves, unless early stopping kept an
    /// average.
    pub fn fit<D>(self, data: &D) -> Result<Trained<N>, TrainingError<N>>
    where
        D: Source<Input = N::Input>,
        F: Loss<N::Output, D::Target>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, D::Target>,
    {
        const { assert_logits::<N, D::Target, F>() }
        self.fit_by(&(), data)
    }

    /// Train on several *ranks*, for example computers: [`fit`](Self::fit) on each, with the same trainer and the same
    /// data. The weights are bit for bit those of a single rank.
    ///
    /// Each rank computes, and reads, whole chunks of 32 samples of a mini-batch (64 for more than 131,072 weights), and
    /// updates its slice of the weights. So a mini-batch should have at least a chunk for each rank, and more than eight
    /// ranks share the update alone. Rank 0 prints, logs, and writes and reads checkpoints, which any number of
    /// ranks can resume. Callbacks and metrics are called on every rank, of which rank 0's metrics count; a callback or a
    /// [`stop_flag`](Self::stop_flag) on any rank stops all.
    ///
    /// # Errors
    /// [`Error::Ranks`] if ranks differ in their networks, settings or data, [`Error::Rank`] if another rank cannot go
    /// on, and the errors of [`fit`](Self::fit).
    pub fn fit_on<X, D>(mut self, exchange: &X, data: &D) -> Result<Trained<N>, TrainingError<N>>
    where
        X: Exchange,
        D: Source<Input = N::Input>,
        F: Loss<N::Output, D::Target> + Debug,
        O: Optimizer<SLOTS> + Debug,
        V: Validation<N::Input, D::Target>,
    {
        const { assert_logits::<N, D::Target, F>() }
        self.describe();
        self.fit_by(exchange, data)
    }

    fn fit_by<X, D>(mut self, exchange: &X, data: &D) -> Result<Trained<N>, TrainingError<N>>
    where
        X: Exchange,
        D: Source<Input = N::Input>,
        F: Loss<N::Output, D::Target>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, D::Target>,
    {
        let mut history = History::default();
        let result = caught(|| {
            exchange.agree(self.check::<D::Target>(data))?;
            with_largest_chunk!(N, CHUNK => self.run::<D::Target, _, CHUNK>(exchange, data, &mut history))
        });
        if let Err(panic @ Error::Panic { .. }) = &result {
            exchange.abandon(&panic.to_string());
        }
        match result {
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
        settings.validate::<N::Scalar>(self.optimizer.validate::<N::Scalar>())?;
        self.loss.validate()?;
        self.saving.validate()?;
        self.observers.check(settings.monitor)?;
        check::network(&*self.network)?;
        check::parts::<N>()?;
        check::data::<N, T, F>("training", data, &self.loss)?;
        check::batches::<N>(data.len(), settings.batch_size)?;
        self.validation.set().map_or(Ok(()), |validation| check::data::<N, T, F>("validation", validation, &self.loss))
    }
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
