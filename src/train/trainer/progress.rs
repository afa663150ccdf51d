//! What a training shows while it runs.

#[cfg_attr(
    not(all(feature = "progress", not(all(target_family = "wasm", target_os = "unknown")))),
    path = "progress/no_bar.rs"
)]
mod bar;

use std::io::{IsTerminal, Write, stderr};

use super::history::{Epoch, History};
use bar::Bar;

/// What a training shows while it runs, on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A line an epoch, and one that says how training ended. With the feature `progress`, on a terminal, there is a bar
    /// too, which moves within the epoch.
    #[default]
    Auto,
    /// The lines alone.
    Lines,
    /// Nothing.
    Silent,
}

/// The display of one training.
pub(crate) struct Display {
    lines: bool,
    bar: Option<Bar>,
}

impl Display {
    /// The display of a training with this many mini-batches an epoch.
    pub(crate) fn new(progress: Progress, batches: usize) -> Self {
        let bar = progress == Progress::Auto && stderr().is_terminal();
        Self { lines: progress != Progress::Silent, bar: bar.then(|| Bar::new(batches)) }
    }

    /// An epoch begins.
    pub(crate) fn begin(&self, number: usize, epochs: usize) {
        if let Some(bar) = &self.bar {
            bar.begin(number, epochs);
        }
    }

    /// A mini-batch is done.
    pub(crate) fn batch(&self) {
        if let Some(bar) = &self.bar {
            bar.advance();
        }
    }

    /// An epoch is done.
    pub(crate) fn end(&self, epoch: &Epoch) {
        self.print(|| epoch.to_string());
    }

    /// The training is done.
    pub(crate) fn finish(&self, history: &History) {
        if let Some(ending) = history.ending() {
            self.print(|| ending);
        }
    }

    /// A line, above the bar.
    fn print(&self, line: impl FnOnce() -> String) {
        if self.lines {
            // Not `eprintln!`, which panics where a pipe is closed at its other end.
            let print = || drop(writeln!(stderr(), "{}", line()));
            match &self.bar {
                Some(bar) => bar.suspend(print),
                None => print(),
            }
        }
    }
}
