//! The result of a training.

use std::fmt;

use super::history::History;
use crate::error::Error;

/// A trained network, and the history of its training.
#[non_exhaustive]
pub struct Trained<N> {
    /// The network: with early stopping, at its best epoch, otherwise after the last step; with a
    /// [`moving_average`](crate::Trainer::moving_average), the average at that time.
    pub network: Box<N>,
    /// The epochs.
    pub history: History,
}

impl<N> fmt::Debug for Trained<N> {
    /// Omits the weights.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trained").field("history", &self.history).finish_non_exhaustive()
    }
}

/// Why training failed, and the network with its last valid weights.
///
/// `?` converts it to an [`Error`], which drops the network, or to a `Box<dyn std::error::Error>`.
#[non_exhaustive]
pub struct TrainingError<N> {
    /// The error.
    pub reason: Error,
    /// The network with the last valid weights; with early stopping, the best ones.
    pub network: Box<N>,
    /// The completed epochs.
    pub history: Box<History>,
}

impl<N> fmt::Debug for TrainingError<N> {
    /// The error as text, which `main` prints for a returned error, without weights and history.
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
