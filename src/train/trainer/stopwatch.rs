//! Elapsed time, on platforms with a clock.

use std::time::Instant;

/// Measures seconds from its start.
pub(crate) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        // `Instant::now` panics on this target.
        let no_clock = cfg!(all(target_family = "wasm", target_os = "unknown"));
        Self((!no_clock).then(Instant::now))
    }

    /// `None` without a clock.
    pub(crate) fn seconds(&self) -> Option<f64> {
        self.0.map(|start| start.elapsed().as_secs_f64())
    }
}
