//! A fingerprint of data: a hash that tells whether a training resumes with the same data.

use std::fmt::{self, Debug, Write};

use crate::pod::as_bytes;
use crate::random::mix;
use crate::shape::Sample;

/// A hash: different data have different ones, except with negligible probability.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// The most bytes of targets that are part of a fingerprint.
    pub(crate) const MOST_TARGET_BYTES: usize = 1 << 22;

    /// The fingerprint of nothing, for that many samples.
    pub(crate) const fn new(samples: usize) -> Self {
        Self(samples as u64)
    }

    /// Add the bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(size_of::<u64>()) {
            let mut word = [0; size_of::<u64>()];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = mix(self.0, u64::from_le_bytes(word));
        }
    }

    /// Add the bits of samples.
    pub(crate) fn inputs<I: Sample>(&mut self, inputs: &[I]) {
        self.bytes(as_bytes(inputs));
    }

    /// Add the text of a target.
    pub(crate) fn target(&mut self, target: &impl Debug) {
        let _ = write!(self, "{target:?};");
    }

    /// The fingerprint.
    pub(crate) const fn finish(self) -> u64 {
        self.0
    }
}

/// The fingerprint of bytes.
pub(crate) fn fingerprint_of(bytes: &[u8]) -> u64 {
    let mut fingerprint = Fingerprint::new(bytes.len());
    fingerprint.bytes(bytes);
    fingerprint.finish()
}

impl Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
