//! How much memory a training takes.

use core::fmt;

use super::Trainer;
use super::evaluate::Evaluator;
use super::step::Memory;
use super::validation::Validation;
use crate::data::DataSet;
use crate::layer::Layer;

/// The bytes on the heap that a training works in, all of them allocated before its first step.
///
/// [`Trainer::memory`] makes one, and its `Display` is a table. Not counted is what does not
/// grow with the network or the data: `rayon`'s threads, the history, what a callback captures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrainingMemory {
    /// The weights that are trained.
    pub weights: usize,
    /// The gradients that are accumulated: one for every 32 samples of a mini-batch, but at most eight.
    pub gradients: usize,
    /// What the optimizer remembers for each weight.
    pub optimizer: usize,
    /// What forward keeps for backward, and the layers' working memory: for 32 samples, as often as there are gradients.
    pub tape: usize,
    /// The samples of the mini-batch, side by side, and the order of all samples.
    pub samples: usize,
    /// The weights and the optimizer's state before the epoch, with early stopping the best weights, and the moving
    /// average.
    pub copies: usize,
    /// What the measurement after each epoch needs.
    pub evaluation: usize,
}

impl TrainingMemory {
    /// All of it, in bytes.
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
    /// How much memory [`fit`](Self::fit) will take to train on `data`.
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
    pub fn memory<T>(&self, data: &DataSet<N::Input, T>) -> TrainingMemory
    where
        T: Copy + Send + Sync,
        V: Validation<N::Input, T>,
    {
        let settings = &self.settings;
        let measured = self.validation.set().or(settings.monitors().then_some(data)).map_or(0, DataSet::len);
        let (batch_size, average) = (settings.batch_size.min(data.len()), settings.moving_average.is_some());
        let mut memory = Memory::<N, T, SLOTS>::bytes(batch_size, average);
        memory.weights = size_of::<N>();
        memory.samples += size_of::<usize>() * data.len();
        memory.copies += if settings.patience.is_some() { size_of::<N>() } else { 0 };
        memory.evaluation = Evaluator::<N>::bytes(measured);
        memory
    }
}
