//! How much memory a training takes.

use core::fmt;

/// The bytes on the heap that a training works in, all of them allocated before its first step.
///
/// [`Trainer::memory`](super::Trainer::memory) makes one, and its `Display` is a table. Not counted is what does not
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
    /// The weights and the optimizer's state before the epoch, and with early stopping the best weights.
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
