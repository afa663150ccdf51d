//! A progress bar within the epoch, drawn by `indicatif`.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar for this many mini-batches, on standard error.
    pub(crate) fn new(batches: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(batches as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix}  {bar:40} {pos}/{len}  {eta}");
        Self(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }

    pub(crate) fn begin(&self, number: usize, epochs: usize) {
        self.0.set_prefix(format!("epoch {number}/{epochs}"));
        self.0.reset();
    }

    pub(crate) fn advance(&self) {
        self.0.inc(1);
    }

    /// Print something in place of the bar, which then moves down.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for Bar {
    /// Remove the bar, however training ends.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
