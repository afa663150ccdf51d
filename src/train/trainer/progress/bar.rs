//! A bar that moves within the epoch, drawn by `indicatif`.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// The bar of this many mini-batches, on standard error.
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

    /// Print something where the bar is, which then moves below it.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for Bar {
    /// However training ends, no bar stays behind.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
