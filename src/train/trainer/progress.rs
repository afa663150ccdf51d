//! What a training shows while it runs.

use std::io::{IsTerminal, Write, stdout};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::history::Epoch;

/// What a training shows while it runs, on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// On a terminal a bar that moves within the epoch, and a line an epoch; elsewhere the lines alone.
    #[default]
    Auto,
    /// A line an epoch.
    Lines,
    /// Nothing.
    Silent,
}

/// The display of one training.
pub(crate) struct Display {
    lines: bool,
    bar: Option<ProgressBar>,
}

impl Display {
    /// The display of a training with so many mini-batches an epoch.
    pub(crate) fn new(progress: Progress, batches: usize) -> Self {
        let bar = (progress == Progress::Auto && stdout().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(batches as u64), ProgressDrawTarget::stdout());
            ProgressStyle::with_template("{prefix}  {bar:40} {pos}/{len}  {eta}")
                .map_or(bar.clone(), |style| bar.with_style(style))
        });
        Self { lines: progress != Progress::Silent, bar }
    }

    /// An epoch begins.
    pub(crate) fn begin(&self, number: usize, epochs: usize) {
        if let Some(bar) = &self.bar {
            bar.set_prefix(format!("epoch {number}/{epochs}"));
            bar.reset();
        }
    }

    /// A mini-batch is done.
    pub(crate) fn batch(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// An epoch is done.
    pub(crate) fn end(&self, epoch: &Epoch) {
        // Not `println!`, which panics where a pipe is closed at its other end.
        let print = || drop(writeln!(stdout(), "{epoch}"));
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None if self.lines => print(),
            None => {}
        }
    }
}

impl Drop for Display {
    /// However training ends, no bar stays behind.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
