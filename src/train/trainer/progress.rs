//! The progress display of a training.

#[cfg_attr(
    not(all(feature = "progress", not(all(target_family = "wasm", target_os = "unknown")))),
    path = "progress/no_bar.rs"
)]
mod bar;

use std::io::{IsTerminal, Write, stderr};

use super::history::{Epoch, History};
use bar::Bar;

/// What a training prints to standard error while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A line per epoch, and a final line about how training ended. With the feature `progress`, on a terminal, also a
    /// progress bar within the epoch.
    #[default]
    Auto,
    /// Only the lines.
    Lines,
    /// Nothing.
    Silent,
}

/// The progress display of one training.
pub(crate) struct Display {
    lines: bool,
    bar: Option<Bar>,
}

impl Display {
    /// A display for this many mini-batches per epoch.
    pub(crate) fn new(progress: Progress, batches: usize) -> Self {
        let bar = progress == Progress::Auto && stderr().is_terminal();
        Self { lines: progress != Progress::Silent, bar: bar.then(|| Bar::new(batches)) }
    }

    /// Start an epoch.
    pub(crate) fn begin(&self, number: usize, epochs: usize) {
        if let Some(bar) = &self.bar {
            bar.begin(number, epochs);
        }
    }

    /// Count a mini-batch.
    pub(crate) fn batch(&self) {
        if let Some(bar) = &self.bar {
            bar.advance();
        }
    }

    /// Finish an epoch.
    pub(crate) fn end(&self, epoch: &Epoch) {
        self.print(|| epoch.to_string());
    }

    /// Finish the training.
    pub(crate) fn finish(&self, history: &History) {
        if let Some(ending) = history.ending() {
            self.print(|| ending);
        }
        if let Some(failure) = &history.checkpoint_failure {
            self.print(|| failure.clone());
        }
    }

    /// Print a line, above the bar.
    pub(crate) fn print(&self, line: impl FnOnce() -> String) {
        if self.lines {
            // `eprintln!` would panic if the other end of a pipe is closed.
            let print = || drop(writeln!(stderr(), "{}", line()));
            match &self.bar {
                Some(bar) => bar.suspend(print),
                None => print(),
            }
        }
    }
}
