//! One epoch after the other.

use std::fmt::Debug;
use std::ops::ControlFlow;

use super::check;
use super::checkpoint::{Length, Moment, Saver};
use super::course::Course;
use super::evaluate::Evaluation;
use super::feed::Feed;
use super::history::{Epoch, EpochEnd, History, Metric, Stopped};
use super::log;
use super::monitor::Monitor;
use super::observers::Observers;
use super::parallel::{Sharing, Threads};
use super::progress::Display;
use super::settings::Settings;
use super::step::{Failure, Memory};
use super::stopping::Best;
use super::stopwatch::Stopwatch;
use crate::error::Error;
use crate::layer::Layer;
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::random::mix;
use crate::train::exchange::Exchange;
use crate::weights::parameters::first_non_finite;

/// A training, and where it is.
pub(super) struct Epochs<'r, 'a, 'x, N: Layer, T, F, O, X, const SLOTS: usize, const B: usize> {
    pub(super) loss: &'r F,
    pub(super) settings: Settings,
    pub(super) observers: &'r mut Observers<'a, N>,
    pub(super) network: &'r mut N,
    pub(super) history: &'r mut History,
    pub(super) memory: &'r mut Memory<N, T, SLOTS, B, &'x X>,
    pub(super) best: &'r mut Option<Best<N>>,
    pub(super) saver: &'r mut Saver<'a>,
    pub(super) display: &'r mut Display,
    /// With the learning rate of this moment.
    pub(super) optimizer: O,
    pub(super) now: Moment,
    /// Mini-batches per epoch.
    pub(super) batches: usize,
}

impl<N, T, F, O, X, const SLOTS: usize, const B: usize> Epochs<'_, '_, '_, N, T, F, O, X, SLOTS, B>
where
    N: Layer,
    T: Copy + Debug + Send + Sync,
    F: Loss<N::Output, T>,
    O: Optimizer<SLOTS>,
    X: Exchange,
{
    /// Go on from a checkpoint, if there is one to resume from.
    pub(super) fn resume(&mut self) -> Result<(), Error> {
        let Settings { epochs, monitor, plateau, .. } = self.settings;
        let (length, names) = (Length { epochs, batches: self.batches }, self.observers.names());
        let (exchange, monitored) = (self.memory.ranks.exchange, (monitor, &*names));
        let (mut restored, ranks) = self.memory.restored(self.network, self.best.as_mut());
        let resumed = exchange.agree(self.saver.resume(&mut restored, length, monitored))?;
        if let Some((path, position)) = restored.spread(ranks, resumed, length, monitored)? {
            self.display.print(&format_args!("resumed from {} after step {}", path.display(), position.steps));
            self.now = Moment::of(&position, plateau);
            self.history.epochs = position.epochs;
            if self.now.plateau.is_some() {
                self.optimizer = self.optimizer.with_learning_rate(self.now.learning_rate);
            }
        }
        Ok(())
    }

    /// Whether the training stops before its next epoch.
    pub(super) fn stops(&mut self) -> Result<bool, Error> {
        let stops = self.now.stopped.is_some() || self.saver.stopped(&mut self.memory.ranks)?;
        if stops {
            self.history.stopped = self.now.stopped.or(Some(Stopped::Flag));
        }
        Ok(stops)
    }

    /// Take the steps of an epoch, or those that are left of it, unless the training stops in the middle: of work for threads of
    /// `work`, that of an epoch and of a step.
    pub(super) fn train(
        &mut self,
        number: usize,
        feed: &mut Feed<'_, N::Input, T>,
        threads: &Threads,
        (epoch_work, step_work): (u64, u64),
    ) -> Result<ControlFlow<()>, Error> {
        let Settings { epochs, seed, penalty, clip, .. } = self.settings;
        let Self { network, history, memory, best, saver, display, now, batches, .. } = self;
        let (best, history, display) = (best.as_ref(), &mut **history, &mut **display);
        let batches = *batches;
        let stopwatch = Stopwatch::start();
        display.begin(number, epochs);
        let seed = mix(seed, number as u64);
        feed.begin(seed);
        // Not 0 where the training was resumed in the middle of the epoch.
        let first = memory.steps_since((number - 1) * batches);
        (0..first).for_each(|_| display.batch());

        let course = Course { loss: self.loss, optimizer: &self.optimizer, adjust: (penalty, clip), seed };
        let (moment, epochs_before, last, reads) = (*now, &*history.epochs, (number * batches) as u64, feed.reads());
        let result = threads.run(epoch_work, |several| {
            let sharing = Sharing::new(several, step_work, reads);
            memory.epoch(network, &course, (feed, first), sharing, &mut now.totals, |memory, network, totals| {
                display.batch();
                let steps = memory.steps();
                if steps == last {
                    return Ok(ControlFlow::Continue(()));
                }
                if saver.stopped(&mut memory.ranks)? {
                    return Ok(ControlFlow::Break(()));
                }
                if saver.due(steps, &mut memory.ranks)? {
                    let seconds = add(moment.seconds, stopwatch.seconds());
                    let moment = Moment { totals: *totals, seconds, ..moment };
                    saver.write(&memory.snapshot(network, best, moment, epochs_before)?, display);
                }
                Ok(ControlFlow::Continue(()))
            })
        });
        let infinite = first_non_finite(&**network).map(|(name, _)| name);
        if infinite.is_some() {
            memory.rewind(network);
        }
        finite(result, infinite.as_deref(), number, batches)?;
        now.seconds = add(now.seconds, stopwatch.seconds());
        if memory.steps() < last {
            history.stopped = Some(Stopped::Flag);
            return Ok(ControlFlow::Break(()));
        }
        // Of a set in memory, this was known before the training.
        if now.totals.mean().loss.is_nan() {
            memory.rewind(network);
            return Err(check::only_zeros("training"));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What the network is after the epoch, or would be after the last one.
    pub(super) fn outcome(&self) -> &N {
        self.memory.outcome(self.network)
    }

    /// All that follows the steps of an epoch and the evaluation `after` it, which may be that of a validation set.
    pub(super) fn end_epoch(
        &mut self,
        number: usize,
        after: Option<Evaluation>,
        validation: Option<Evaluation>,
    ) -> Result<(), Error> {
        let monitored = self.record(number, after, validation)?;
        self.now = Moment::new(self.optimizer.learning_rate(), self.now.plateau);
        self.call_back()?;
        if let Some(value) = monitored {
            self.adapt(number, self.settings.monitor.cost(value));
        }
        if self.saver.due(self.memory.steps(), &mut self.memory.ranks)? {
            self.save()?;
        }
        Ok(())
    }

    /// Add the epoch to the history. Returns the value of what is monitored.
    fn record(
        &mut self,
        number: usize,
        after: Option<Evaluation>,
        validation: Option<Evaluation>,
    ) -> Result<Option<f64>, Error> {
        if after.is_some_and(|after| !after.loss.is_finite()) {
            self.memory.rewind(self.network);
            let what = "the loss after the epoch".into();
            return Err(Error::NonFinite { epoch: number, batch: self.batches, what });
        }
        let mut metrics = self.observers.measure(self.memory.outcome(self.network));
        self.memory.ranks.spread_metrics(&mut metrics)?;
        let learning_rate = self.optimizer.learning_rate_at(self.memory.steps());
        let epoch =
            epoch(&self.settings, &self.now, (number, self.batches), (after, validation), metrics, learning_rate)?;
        let monitored = epoch.monitored;
        self.history.epochs.push(epoch);
        if self.memory.ranks.is_first() {
            log::write(&self.observers.logs, self.history, self.display);
        }
        Ok(monitored)
    }

    /// Show the epoch to the callbacks, which may stop the training.
    fn call_back(&mut self) -> Result<(), Error> {
        let mut stops = false;
        if let Some(end) = EpochEnd::new(self.memory.outcome(self.network), self.history) {
            self.display.end(end.epoch);
            stops = self.observers.call(&end);
        }
        if self.memory.ranks.any(stops)? {
            self.now.stopped = Some(Stopped::Callback);
        }
        Ok(())
    }

    /// Reduce the learning rate on a plateau, and keep the best weights or stop early.
    fn adapt(&mut self, number: usize, cost: f64) {
        if let Some(plateau) = self.now.plateau.as_mut() {
            self.now.learning_rate = plateau.see(cost, self.now.learning_rate);
            self.optimizer = self.optimizer.with_learning_rate(self.now.learning_rate);
        }
        if let Some(best) = self.best.as_mut()
            && !best.see(self.memory.outcome(self.network), number, cost)
        {
            self.now.stopped.get_or_insert(Stopped::EarlyStopping);
        }
    }

    /// Write the last checkpoint, unless it is there, and leave the network to return.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let is_written = self.saver.has_written(self.memory.steps());
        if self.memory.ranks.any(!is_written)? {
            self.save()?;
        }
        self.memory.take_outcome(self.network);
        Ok(())
    }

    /// Write a checkpoint.
    fn save(&mut self) -> Result<(), Error> {
        let snapshot = self.memory.snapshot(self.network, self.best.as_ref(), self.now, &self.history.epochs)?;
        self.saver.write(&snapshot, self.display);
        Ok(())
    }
}

/// Return an error if a step failed or some weights after the last one are not finite, those with the name `infinite`.
fn finite(result: Result<(), Failure>, infinite: Option<&str>, epoch: usize, batches: usize) -> Result<(), Error> {
    match (result, infinite) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(name)) => Err(Error::NonFinite { epoch, batch: batches, what: format!("`{name}`") }),
        (Err(Failure::NonFinite(batch, what)), _) => Err(Error::NonFinite { epoch, batch, what }),
        (Err(Failure::Other(error)), _) => Err(error),
    }
}

/// An epoch for the history, or an error if what is monitored is not a number.
fn epoch(
    settings: &Settings,
    now: &Moment,
    (number, batches): (usize, usize),
    (after, validation): (Option<Evaluation>, Option<Evaluation>),
    metrics: Vec<Metric>,
    learning_rate: f64,
) -> Result<Epoch, Error> {
    let (Settings { epochs, monitor, .. }, monitors) = (*settings, settings.monitors());
    let monitored = after.filter(|_| monitors).and_then(|after| monitor.value(after, &metrics));
    if monitors && !monitored.is_some_and(f64::is_finite) {
        return Err(unknown(monitor, monitored, number, batches));
    }
    let (training, seconds, monitor) = (now.totals.mean(), now.seconds, monitor.to_owned());
    Ok(Epoch { number, epochs, training, validation, monitored, learning_rate, seconds, metrics, monitor })
}

/// The error if what is monitored is not a number.
fn unknown(monitor: Monitor, value: Option<f64>, epoch: usize, batch: usize) -> Error {
    match (monitor, value) {
        (Monitor::Accuracy, None) => Error::Setting {
            name: "monitor",
            expected: "a loss that defines which answers are correct",
            found: "no accuracy".into(),
        },
        _ => Error::NonFinite { epoch, batch, what: format!("metric `{}`", monitor.metric().unwrap_or("loss")) },
    }
}

/// Seconds of both, where there is a clock.
fn add(seconds: Option<f64>, more: Option<f64>) -> Option<f64> {
    seconds.zip(more).map(|(seconds, more)| seconds + more)
}
