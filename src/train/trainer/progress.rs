//! The progress display of a training.

#[cfg_attr(
    not(all(feature = "progress", not(all(target_family = "wasm", target_os = "unknown")))),
    path = "progress/no_bar.rs"
)]
mod bar;

use std::fmt;
use std::io::{IsTerminal, Write, stderr};

use super::history::{Epoch, History};
use super::stopwatch::Stopwatch;
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
    /// Since the first epoch, and how many have ended.
    stopwatch: Stopwatch,
    ended: usize,
}

impl Display {
    /// A display for this many mini-batches per epoch.
    pub(crate) fn new(progress: Progress, batches: usize) -> Self {
        let bar = progress == Progress::Auto && stderr().is_terminal();
        Self {
            lines: progress != Progress::Silent,
            bar: bar.then(|| Bar::new(batches)),
            stopwatch: Stopwatch::start(),
            ended: 0,
        }
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
    pub(crate) fn end(&mut self, epoch: &Epoch) {
        self.ended += 1;
        // Formatting allocates.
        if !self.lines {
            return;
        }
        // If the other epochs take as long as those so far, validation included.
        let each = self.stopwatch.seconds().map(|seconds| seconds / self.ended as f64);
        let left = each.map(|each| each * epoch.epochs.saturating_sub(epoch.number) as f64);
        let left = left.filter(|left| *left >= 0.5).map_or(String::new(), |left| format!(", {} left", duration(left)));
        self.print(&format_args!("{epoch}{left}"));
    }

    /// Finish the training.
    pub(crate) fn finish(&self, history: &History) {
        if let Some(ending) = history.ending() {
            self.print(&ending);
        }
        for failure in [&history.checkpoint_failure, &history.log_failure].into_iter().flatten() {
            self.print(failure);
        }
    }

    /// Print a failure that does not end the training, and store it in `first`, unless there was one before.
    pub(crate) fn failed(&self, first: &mut Option<String>, failure: &dyn fmt::Display) {
        if first.is_none() {
            let failure = first.insert(failure.to_string());
            self.print(&format_args!("{failure}; training continues"));
        }
    }

    /// Print a line, above the bar.
    pub(crate) fn print(&self, line: &dyn fmt::Display) {
        if self.lines {
            // `eprintln!` would panic if the other end of a pipe is closed.
            let print = || drop(writeln!(stderr(), "{line}"));
            match &self.bar {
                Some(bar) => bar.suspend(print),
                None => print(),
            }
        }
    }
}

/// A duration in words: "42 s", "3 min", "1 h 20 min".
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        _ if seconds < 99.5 => format!("{seconds:.0} s"),
        0..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_words() {
        for (seconds, text) in
            [(0.6, "1 s"), (99.0, "99 s"), (100.0, "2 min"), (3590.0, "1 h 0 min"), (4800.0, "1 h 20 min")]
        {
            assert_eq!(duration(seconds), text);
        }
    }
}
