//! The epochs of a training.

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Trainer;
use super::check;
use super::checkpoint::{Identity, Length, Moment, Saver};
use super::compare::compare;
use super::course::Course;
use super::evaluate::Evaluator;
use super::feed::{Feed, Reader};
use super::history::{Epoch, EpochEnd, History, Stopped};
use super::monitor::Monitor;
use super::parallel::{Sharing, Threads, work};
use super::progress::{Display, Progress};
use super::ranks::Division;
use super::settings::Settings;
use super::step::{Failure, Memory};
use super::stopping::Best;
use super::stopwatch::Stopwatch;
use super::validation::Validation;
use crate::data::AnySource;
use crate::error::Error;
use crate::layer::Layer;
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::pod::{Aligned, zero_bytes_box};
use crate::random::mix;
use crate::train::exchange::Exchange;
use crate::weights::parameters::{Parameters, assert_weights, first_non_finite};

impl<'a, N: Layer, F, O, const SLOTS: usize, V> Trainer<'a, N, F, O, SLOTS, V> {
    /// Run all epochs, and restore the best weights. `B` is the largest chunk.
    pub(super) fn run<T, X, const B: usize>(
        &mut self,
        exchange: &X,
        data: &AnySource<'_, N::Input, T>,
        history: &mut History,
    ) -> Result<(), Error>
    where
        X: Exchange,
        T: Copy + Debug + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, T>,
    {
        let mut best = self.settings.patience.map(Best::new);
        let batches = data.len().div_ceil(self.settings.batch_size);
        let is_first = exchange.rank() == 0;
        let mut display = Display::new(if is_first { self.settings.progress } else { Progress::Silent }, batches);
        let names = self.observers.names();
        let identity = Identity::new(&self.saving, &self.settings, &names, data, self.validation.set());
        let identity = exchange.agree(identity)?;
        compare(exchange, &*self.network, &self.settings, &self.saving, identity.as_ref())?;
        let mut saver = exchange.agree(Saver::new(&self.saving, identity, batches, is_first))?;
        let batch_size = self.settings.batch_size.min(data.len());
        let Settings { clip, moving_average, .. } = self.settings;
        let threads = Threads::of_step(self.settings.threads, work::<N>(batch_size));
        let mut memory = Memory::<N, T, SLOTS, B, &X>::new(batch_size, threads, clip, moving_average, exchange);
        let mut trained = aligned_copy(&*self.network);
        let network = &mut trained.0;
        let training = (&mut *network, data);
        let result = caught(|| self.run_epochs(training, history, &mut memory, &mut best, &mut saver, &mut display));
        if matches!(result, Err(Error::Panic { .. })) {
            memory.recover(network);
        }
        history.checkpoint_failure = saver.into_failure();
        if let Some(best) = best {
            history.kept = best.restore(network);
        }
        self.network.parameters_mut().copy_from_slice(network.parameters());
        if result.is_ok() {
            display.finish(history);
        }
        result
    }

    /// Runs the epochs.
    fn run_epochs<T, X, const B: usize>(
        &mut self,
        (network, data): (&mut N, &AnySource<'_, N::Input, T>),
        history: &mut History,
        memory: &mut Memory<N, T, SLOTS, B, &X>,
        best: &mut Option<Best<N>>,
        saver: &mut Saver<'a>,
        display: &mut Display,
    ) -> Result<(), Error>
    where
        X: Exchange,
        T: Copy + Debug + Send + Sync,
        F: Loss<N::Output, T>,
        O: Optimizer<SLOTS>,
        V: Validation<N::Input, T>,
    {
        let exchange = memory.ranks.exchange;
        let Settings { epochs, seed, shuffle, penalty, clip, .. } = self.settings;
        let batch_size = self.settings.batch_size.min(data.len());
        let check = check::sample::<N, T, F>(&self.loss);
        let reader = |set, source| Reader { set, source, check: &check, seed: 0 };
        let division = Division::of::<N>(exchange);
        let mut feed = exchange.agree(Feed::new(reader("training", data), batch_size, shuffle, division))?;
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
        // A rank waits for others, which must not occupy threads that these need.
        let new = if memory.ranks.is_alone() { Threads::new } else { Threads::apart };
        let threads = exchange.agree(new(self.settings.threads, epoch_work.max(most)))?;

        let mut now = Moment::new(optimizer.learning_rate(), self.settings.plateau);
        let (length, names) = (Length { epochs, batches }, self.observers.names());
        let monitored = (self.settings.monitor, &*names);
        let (restored, _) = memory.restored(&mut *network, best.as_mut());
        let resumed = exchange.agree(saver.resume(restored, length, monitored))?;
        let (restored, ranks) = memory.restored(&mut *network, best.as_mut());
        if let Some((path, position)) = restored.spread(ranks, resumed, length, monitored)? {
            display.print(|| format!("resumed from {} after step {}", path.display(), position.steps));
            now = Moment::of(&position, self.settings.plateau);
            history.epochs = position.epochs;
            if now.plateau.is_some() {
                optimizer = optimizer.with_learning_rate(now.learning_rate);
            }
        }

        for number in history.epochs.len() + 1..=epochs {
            if now.stopped.is_some() || saver.stopped(&mut memory.ranks)? {
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
            let network = &mut *network;
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
                        let steps = memory.steps();
                        if steps == last as u64 {
                            return Ok(ControlFlow::Continue(()));
                        }
                        if saver.stopped(&mut memory.ranks)? {
                            return Ok(ControlFlow::Break(()));
                        }
                        if saver.due(steps, &mut memory.ranks)? {
                            let seconds = add(moment.seconds, stopwatch.seconds());
                            let moment = Moment { totals: *totals, seconds, ..moment };
                            saver.write(&memory.snapshot(network, best.as_ref(), moment, epochs_before)?, display);
                        }
                        Ok(ControlFlow::Continue(()))
                    },
                )
            });
            finite(result, &mut *network, memory, number, batches)?;
            now.seconds = add(now.seconds, stopwatch.seconds());
            if memory.steps() < last as u64 {
                history.stopped = Some(Stopped::Flag);
                break;
            }
            // Of a set in memory, this was known before the training.
            if now.totals.mean().loss.is_nan() {
                memory.rewind(network);
                return Err(check::only_zeros("training"));
            }

            let outcome = memory.outcome(network);
            let evaluate = |reader| evaluator.evaluate(outcome, &self.loss, reader, &threads, exchange);
            let after = evaluated.as_ref().map(evaluate).transpose()?;
            if after.is_some_and(|after| !after.loss.is_finite()) {
                memory.rewind(network);
                return Err(Error::NonFinite {
                    epoch: number,
                    batch: batches,
                    what: "the loss after the epoch".into(),
                });
            }
            let mut metrics = self.observers.measure(memory.outcome(network));
            memory.ranks.spread_metrics(&mut metrics)?;
            let monitor = self.settings.monitor;
            let monitored = after.filter(|_| monitors).and_then(|after| monitor.value(after, &metrics));
            if monitors && !monitored.is_some_and(f64::is_finite) {
                return Err(unknown(monitor, monitored, number, batches));
            }
            history.epochs.push(Epoch {
                number,
                epochs,
                training: now.totals.mean(),
                validation: validation.set().and(after),
                monitored,
                learning_rate: optimizer.learning_rate_at(memory.steps()),
                seconds: now.seconds,
                metrics,
                monitor: monitor.to_owned(),
            });
            if memory.ranks.is_first() {
                self.observers.log(history, display);
            }
            now = Moment::new(optimizer.learning_rate(), now.plateau);
            let mut stops = false;
            if let Some(end) = EpochEnd::new(memory.outcome(network), history) {
                display.end(end.epoch);
                stops = self.observers.call(&end);
            }
            if memory.ranks.any(stops)? {
                now.stopped = Some(Stopped::Callback);
            }
            let cost = monitored.map(|value| monitor.cost(value));
            if let (Some(plateau), Some(cost)) = (now.plateau.as_mut(), cost) {
                now.learning_rate = plateau.see(cost, now.learning_rate);
                optimizer = optimizer.with_learning_rate(now.learning_rate);
            }
            if let (Some(best), Some(cost)) = (best.as_mut(), cost)
                && !best.see(memory.outcome(network), number, cost)
            {
                now.stopped.get_or_insert(Stopped::EarlyStopping);
            }
            if saver.due(memory.steps(), &mut memory.ranks)? {
                saver.write(&memory.snapshot(network, best.as_ref(), now, &history.epochs)?, display);
            }
        }
        if memory.ranks.any(!saver.has_written(memory.steps()))? {
            saver.write(&memory.snapshot(network, best.as_ref(), now, &history.epochs)?, display);
        }
        memory.take_outcome(network);
        Ok(())
    }
}

/// Return an error if a step failed or the weights after the last one are not finite. Restores the weights from
/// before the epoch if they are not finite.
fn finite<N: Layer, T, X: Exchange, const SLOTS: usize, const B: usize>(
    result: Result<(), Failure>,
    network: &mut N,
    memory: &mut Memory<N, T, SLOTS, B, X>,
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
        (Ok(()), Some((name, _))) => Err(Error::NonFinite { epoch, batch: batches, what: format!("`{name}`") }),
        (Err(Failure::NonFinite(batch, what)), _) => Err(Error::NonFinite { epoch, batch, what }),
        (Err(Failure::Other(error)), _) => Err(error),
    }
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

/// The result of `work`, or an error if it panics. What it changes must be restored then.
pub(super) fn caught(work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_string());
        let message = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::Panic { message: message.unwrap_or_else(|| "a value that is not a text".into()) })
    })
}

/// Seconds of both, where there is a clock.
fn add(seconds: Option<f64>, more: Option<f64>) -> Option<f64> {
    seconds.zip(more).map(|(seconds, more)| seconds + more)
}

/// A copy of some weights where vectors lie best, built in place on the heap.
fn aligned_copy<N: Parameters>(weights: &N) -> Box<Aligned<N>> {
    const { assert_weights::<N>() }
    // SAFETY: zero bytes are weights, and what follows them is padding.
    let mut copy: Box<Aligned<N>> = unsafe { zero_bytes_box() };
    copy.0.parameters_mut().copy_from_slice(weights.parameters());
    copy
}
