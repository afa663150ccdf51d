//! The epochs of a training.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Trainer;
use super::check;
use super::checkpoint::{Identity, Moment, Saver};
use super::compare::{Untyped, compare};
use super::epochs::Epochs;
use super::evaluate::Evaluator;
use super::feed::{Feed, Reader};
use super::history::History;
use super::parallel::{Threads, work};
use super::progress::{Display, Progress};
use super::ranks::Division;
use super::settings::Settings;
use super::step::Memory;
use super::stopping::Best;
use super::validation::Validation;
use crate::data::AnySource;
use crate::error::Error;
use crate::layer::Layer;
use crate::losses::Loss;
use crate::network::Network;
use crate::network::block::with_block;
use crate::optimizers::Optimizer;
use crate::pod::{Aligned, as_bytes, zero_bytes_box};
use crate::train::exchange::Exchange;
use crate::weights::parameters::{Parameters, assert_weights};

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
        let weights = (N::PARAMETERS, as_bytes(self.network.parameters()));
        let network = Untyped { kind: N::KIND, graph: N::graph(), weights };
        compare(exchange, &network, &self.settings, &self.saving, identity.as_ref())?;
        let mut saver = exchange.agree(Saver::new(&self.saving, identity, batches, is_first))?;
        let batch_size = self.settings.batch_size.min(data.len());
        let Settings { clip, moving_average, .. } = self.settings;
        let threads = Threads::of_step(self.settings.threads, work::<N>(batch_size));
        let mut memory = Memory::<N, T, SLOTS, B, &X>::new(batch_size, threads, clip, moving_average, exchange);
        let mut trained = aligned_copy(&*self.network);
        let network = &mut trained.0;
        let training = (&mut *network, data);
        let result = caught(|| {
            with_block!(N, E => {
                self.run_epochs::<_, _, B, E>(training, history, &mut memory, &mut best, &mut saver, &mut display)
            })
        });
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

    /// Runs the epochs. `E` samples are evaluated at a time.
    fn run_epochs<T, X, const B: usize, const E: usize>(
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
        let Settings { epochs, shuffle, .. } = self.settings;
        let batch_size = self.settings.batch_size.min(data.len());
        let check = check::sample::<N, T, F>(&self.loss);
        let reader = |set, source| Reader { set, source, check: &check, seed: 0 };
        let division = Division::of::<N>(exchange);
        let mut feed = exchange.agree(Feed::new(reader("training", data), batch_size, shuffle, division))?;
        let (validation, monitors) = (self.validation, self.settings.monitors());
        let evaluated = validation.set().map(|validation| reader("validation", validation));
        let evaluated = evaluated.or(monitors.then(|| reader("training", data)));
        let mut evaluator = evaluated.as_ref().map_or(Evaluator::<_, _, E>::none(), Evaluator::new);
        // Reading is always worth a thread.
        let step_work = work::<N>(batch_size);
        let epoch_work = if feed.reads() { u64::MAX } else { step_work };
        let most = evaluated.as_ref().map_or(0, |reader| reader.work::<N>());
        // A rank waits for others, which must not occupy threads that these need.
        let new = if memory.ranks.is_alone() { Threads::new } else { Threads::apart };
        let threads = exchange.agree(new(self.settings.threads, epoch_work.max(most)))?;

        let now = Moment::new(self.optimizer.learning_rate(), self.settings.plateau);
        let (optimizer, batches) = (self.optimizer.clone(), feed.batches());
        let (loss, settings, observers) = (&self.loss, self.settings, &mut self.observers);
        let mut training = Epochs {
            loss,
            settings,
            observers,
            network,
            history,
            memory,
            best,
            saver,
            display,
            optimizer,
            now,
            batches,
        };
        training.resume()?;
        for number in training.history.epochs.len() + 1..=epochs {
            if training.stops()? || training.train(number, &mut feed, &threads, (epoch_work, step_work))?.is_break() {
                break;
            }
            let evaluate = |reader| evaluator.evaluate(training.outcome(), loss, reader, &threads, exchange);
            let after = evaluated.as_ref().map(evaluate).transpose()?;
            training.end_epoch(number, after, validation.set().and(after))?;
        }
        training.finish()
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

/// A copy of some weights where vectors lie best, built in place on the heap.
fn aligned_copy<N: Parameters>(weights: &N) -> Box<Aligned<N>> {
    const { assert_weights::<N>() }
    // SAFETY: zero bytes are weights, and what follows them is padding.
    let mut copy: Box<Aligned<N>> = unsafe { zero_bytes_box() };
    copy.0.parameters_mut().copy_from_slice(weights.parameters());
    copy
}
