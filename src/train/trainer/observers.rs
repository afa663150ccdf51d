//! What is called and written after each epoch.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::Trainer;
use super::history::{EpochEnd, Metric};
use super::log::{self, Log};
use super::monitor::Monitor;
use crate::error::Error;

/// A callback after each epoch.
type Callback<'a, N> = dyn FnMut(&EpochEnd<'_, N>) -> ControlFlow<()> + 'a;
/// A metric of the network.
type Measure<'a, N> = dyn FnMut(&N) -> f64 + 'a;

/// The metrics, callbacks and logs of a trainer.
pub(crate) struct Observers<'a, N> {
    metrics: Vec<(&'static str, Box<Measure<'a, N>>)>,
    callbacks: Vec<Box<Callback<'a, N>>>,
    pub(super) logs: Vec<Log>,
}

impl<N> Observers<'_, N> {
    pub(super) const fn new() -> Self {
        Self { metrics: Vec::new(), callbacks: Vec::new(), logs: Vec::new() }
    }

    /// The names of the metrics.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.metrics.iter().map(|(name, _)| *name).collect()
    }

    /// Check logs, metrics and what is monitored.
    pub(super) fn check(&self, monitor: Monitor) -> Result<(), Error> {
        log::check(&self.logs)?;
        monitor.check(&self.names())
    }

    /// Compute the metrics of a network.
    pub(super) fn measure(&mut self, network: &N) -> Vec<Metric> {
        self.metrics
            .iter_mut()
            .map(|(name, measure)| Metric { name: (*name).into(), value: measure(network) })
            .collect()
    }

    /// Call all callbacks. Returns whether one of them stops the training.
    pub(super) fn call(&mut self, end: &EpochEnd<'_, N>) -> bool {
        // All are called, also those after one that stops the training.
        let mut stops = false;
        for callback in &mut self.callbacks {
            stops |= callback(end).is_break();
        }
        stops
    }
}

impl<'a, N, F, O, const SLOTS: usize, V> Trainer<'a, N, F, O, SLOTS, V>
where
    N: crate::layer::Layer,
{
    /// Call `callback` after each epoch, with the epoch, the network and the history; `ControlFlow::Break` stops the
    /// training. There can be several callbacks.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Sgd, train::Progress};
    ///
    /// let line: DataSet<[f32; 1], [f32; 1]> = (0..10).map(|x| x as f32 / 10.0).map(|x| ([x], [2.0 * x])).collect();
    /// let mut slopes = Vec::new();
    /// let trained = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.5))
    ///     .epochs(500)
    ///     .progress(Progress::Silent)
    ///     .on_epoch(|end| {
    ///         slopes.push(end.network.weight[0][0]);
    ///         if end.epoch.training.loss < 1e-4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    ///     })
    ///     .fit(&line)?;
    /// assert_eq!(slopes.len(), trained.history.epochs.len());
    /// assert!(slopes.len() < 500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_epoch(mut self, callback: impl FnMut(&EpochEnd<'_, N>) -> ControlFlow<()> + 'a) -> Self {
        self.observers.callbacks.push(Box::new(callback));
        self
    }

    /// Compute a metric after each epoch: a number for the network as it is evaluated, for example on the validation
    /// set. It is printed, and recorded in [`Epoch::metrics`](crate::train::Epoch::metrics); [`monitor`](Self::monitor)
    /// can make it decide which epoch is the best. There can be several, with different names, which are none of the other
    /// columns of a [log](Self::log).
    ///
    /// ```
    /// use fnn::prelude::*;
    /// use fnn::train::Monitor;
    ///
    /// fnn::network! {
    ///     struct Sides: [1] -> [2] { Dense(2) }
    /// }
    ///
    /// let points: DataSet<[f32; 1], usize> = (0..40).map(|x| ([x as f32 / 20.0 - 1.0], usize::from(x > 19))).collect();
    /// let macro_f1 = |network: &Sides| {
    ///     let scores = network.forward_all(points.inputs());
    ///     metrics::ConfusionMatrix::of(&scores, points.targets()).report().macro_average.f1.unwrap_or(0.0)
    /// };
    /// let trained = Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(0.1))
    ///     .epochs(20)
    ///     .progress(Progress::Silent)
    ///     .metric("macro F1", macro_f1)
    ///     .monitor(Monitor::Largest("macro F1"))
    ///     .early_stopping(5)
    ///     .fit(&points)?;
    /// let best = trained.history.best().and_then(|epoch| epoch.monitored);
    /// assert!(best > Some(0.9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn metric(mut self, name: &'static str, measure: impl FnMut(&N) -> f64 + 'a) -> Self {
        self.observers.metrics.push((name, Box::new(measure)));
        self
    }

    /// Set what early stopping, a plateau and the best checkpoint monitor: the loss, as by default, the accuracy, or a
    /// [`metric`](Self::metric).
    pub fn monitor(self, monitor: Monitor) -> Self {
        self.set(|settings| settings.monitor = monitor)
    }

    /// Write a row per epoch to a file: CSV if its name ends in `.csv`, JSON lines if it ends in `.jsonl`. The columns
    /// are those of [`History::to_csv`](crate::train::History::to_csv). There can be several logs.
    ///
    /// The file is replaced after each epoch, atomically, so that it is always complete, in a resumed training too. If
    /// it cannot be written, training continues; the first failure is printed when it happens and again at the end, and is
    /// in [`History::log_failure`](crate::train::History::log_failure).
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.observers.logs.push(Log(path.into()));
        self
    }
}
