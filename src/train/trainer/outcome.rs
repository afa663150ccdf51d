//! What comes out of a training.

use std::fmt;

use super::history::History;
use crate::error::Error;

/// A trained network, and how it came to be.
pub struct Trained<N> {
    /// The network: with early stopping as it was best, otherwise as the last step left it; with a
    /// [`moving_average`](crate::Trainer::moving_average) its average at that time.
    pub network: Box<N>,
    /// The epochs.
    pub history: History,
}

impl<N> fmt::Debug for Trained<N> {
    /// Without the weights.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trained").field("history", &self.history).finish_non_exhaustive()
    }
}

/// Why training failed, and the network as it was while all was well.
///
/// It goes through `?` into an [`Error`], which forgets the network, or into a `Box<dyn std::error::Error>`.
pub struct TrainingError<N> {
    /// What went wrong.
    pub reason: Error,
    /// The network with the last good weights; with early stopping with the best ones.
    pub network: Box<N>,
    /// The epochs before.
    pub history: Box<History>,
}

impl<N> fmt::Debug for TrainingError<N> {
    /// The sentence, which `main` prints of an error that it returns, and neither weights nor epochs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<N> fmt::Display for TrainingError<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<N> std::error::Error for TrainingError<N> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.reason.source()
    }
}

impl<N> From<TrainingError<N>> for Error {
    fn from(error: TrainingError<N>) -> Self {
        error.reason
    }
}
