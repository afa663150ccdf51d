//! How long something takes, where there is a clock.

use std::time::Instant;

/// Seconds since it was started.
pub(crate) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        // There, `Instant::now` panics.
        let no_clock = cfg!(all(target_family = "wasm", target_os = "unknown"));
        Self((!no_clock).then(Instant::now))
    }

    /// `None` where there is no clock.
    pub(crate) fn seconds(&self) -> Option<f64> {
        self.0.map(|start| start.elapsed().as_secs_f64())
    }
}
