//! The memory requirements of a training.

use core::fmt;

use super::Trainer;
use super::chunk_size::with_largest_chunk;
use super::evaluate::Evaluator;
use super::feed::Feed;
use super::parallel::{Threads, work};
use super::step::Memory;
use super::validation::Validation;
use crate::data::{AnySource, Source};
use crate::layer::Layer;
use crate::network::block::with_block;
use crate::pod::Aligned;

/// The heap memory of a training in bytes, all of it allocated before the first step.
///
/// Created by [`Trainer::memory`]; its `Display` is a table. It does not include memory that is independent of the
/// network and the data: `rayon`'s threads, the history, and captures of callbacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrainingMemory {
    /// The trained weights.
    pub weights: usize,
    /// The gradients in memory. Of dense layers with more than 1,024 weights that are in no block, none; or one, if their norm
    /// is clipped or a mini-batch has more than 256 samples (512 for networks of more than 131,072 weights). Of all other
    /// weights, one for every 32 samples of a mini-batch (64), but at most eight.
    pub gradients: usize,
    /// The state of the optimizer.
    pub optimizer: usize,
    /// The activations saved for the backward pass, and scratch memory: of 32 samples (64 for networks of more than 131,072
    /// weights) for each thread that shares a step; with a dense layer of more than 1,024 weights, for every 32 samples (64) of a
    /// mini-batch, but at most eight times. The outputs of branches that end in a convolution or a batch norm have room here that
    /// nothing is written to.
    pub tape: usize,
    /// The samples of the mini-batch for which there is a tape, and the order of all samples; of a [`Source`] that is not in memory,
    /// also two mini-batches, and the order of up to 2²⁰ samples.
    pub samples: usize,
    /// The weights while they are trained, where vectors lie best; the weights and the optimizer's state from before the
    /// epoch, the best weights for early stopping, and the moving average.
    pub copies: usize,
    /// The buffers for the evaluation after each epoch.
    pub evaluation: usize,
}

impl TrainingMemory {
    /// The total in bytes.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.rows().0
    }

    /// The total, and the rows of the table.
    const fn rows(&self) -> (usize, [(&'static str, usize); 7]) {
        let Self { weights, gradients, optimizer, tape, samples, copies, evaluation } = *self;
        let rows = [
            ("weights", weights),
            ("gradients", gradients),
            ("optimizer", optimizer),
            ("tape", tape),
            ("samples", samples),
            ("copies", copies),
            ("evaluation", evaluation),
        ];
        (weights + gradients + optimizer + tape + samples + copies + evaluation, rows)
    }
}

impl fmt::Display for TrainingMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, rows) = self.rows();
        for (name, bytes) in rows.into_iter().filter(|&(_, bytes)| bytes > 0) {
            writeln!(f, "{name:<10} {bytes:>12} bytes")?;
        }
        write!(f, "{:<10} {total:>12} bytes", "total")
    }
}

impl<N: Layer, F, O, const SLOTS: usize, V> Trainer<'_, N, F, O, SLOTS, V> {
    /// The memory that [`fit`](Self::fit) needs to train on `data`, with the same number of threads.
    ///
    /// ```
    /// use fnn::{DataSet, Trainer, losses::CrossEntropy, optimizers::Sgd};
    ///
    /// fnn::network! {
    ///     struct Net: [8] -> [2] { hidden: Dense(16), Relu, logits: Dense(2) }
    /// }
    ///
    /// let data: DataSet<[f32; 8], usize> = (0..100).map(|index| ([(index % 2) as f32; 8], index % 2)).collect();
    /// let trainer = Trainer::new(Net::seeded(1), CrossEntropy, Sgd::new(0.1).momentum(0.9)).batch_size(64);
    /// let memory = trainer.memory(&data);
    /// assert_eq!(memory.weights, size_of::<Net>());
    /// assert_eq!((memory.gradients, memory.optimizer), (2 * size_of::<Net>(), size_of::<Net>() + 8));
    /// println!("{memory}");
    /// let trained = trainer.fit(&data)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn memory<D>(&self, data: &D) -> TrainingMemory
    where
        D: Source<Input = N::Input>,
        V: Validation<N::Input, D::Target>,
    {
        let settings = &self.settings;
        let evaluated: Option<&AnySource<'_, _, _>> = self.validation.set().or(settings.monitors().then_some(data));
        let evaluated = evaluated
            .map(|set| with_block!(N, B => Evaluator::<N, D::Target, B>::bytes(set.len(), set.in_memory().is_some())));
        let (batch_size, average) = (settings.batch_size.min(data.len()), settings.moving_average.is_some());
        let threads = Threads::of_step(settings.threads, work::<N>(batch_size));
        let mut memory = with_largest_chunk!(N, CHUNK => {
            Memory::<N, D::Target, SLOTS, CHUNK>::bytes(batch_size, threads, settings.clip, average)
        });
        memory.weights = size_of::<N>();
        memory.samples += Feed::bytes(data, batch_size);
        memory.copies += size_of::<Aligned<N>>();
        memory.copies += if settings.patience.is_some() { size_of::<N>() } else { 0 };
        memory.evaluation = evaluated.unwrap_or(0);
        memory
    }
}
