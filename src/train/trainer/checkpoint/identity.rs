//! What must be equal for a training to resume from a checkpoint.

use std::fmt::{self, Debug, Write};

use super::Saving;
use crate::data::DataSet;
use crate::error::Mismatch;
use crate::random::mix;
use crate::shape::Sample;
use crate::train::trainer::settings::Settings;
use crate::weights::safetensors::{NetworksFile, escape};

/// The data and each setting that affects the result, except the number of epochs: a name and a text.
pub(crate) struct Identity(Vec<(&'static str, String)>);

impl Identity {
    /// The identity of a training, if it writes checkpoints or resumes from one.
    pub(crate) fn new<I: Sample, T: Debug>(
        saving: &Saving<'_>,
        settings: &Settings,
        data: &DataSet<I, T>,
        validation: Option<&DataSet<I, T>>,
    ) -> Option<Self> {
        let [optimizer, loss] = saving.described.clone()?;
        let Settings { batch_size, epochs: _, seed, shuffle, threads: _, progress: _, .. } = *settings;
        let Settings { patience, penalty, clip, moving_average, plateau, .. } = *settings;
        Some(Self(vec![
            ("optimizer", optimizer),
            ("loss", loss),
            ("training set", describe(data)),
            ("validation set", validation.map_or("none".into(), describe)),
            ("batch size", batch_size.min(data.len()).to_string()),
            ("seed", seed.to_string()),
            ("shuffle", shuffle.to_string()),
            ("early stopping", optional(patience)),
            ("penalty", optional(penalty)),
            ("clip", optional(clip)),
            ("moving average", optional(moving_average)),
            ("plateau", optional(plateau)),
        ]))
    }

    /// The metadata of a checkpoint.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, value)| (key(name), value.clone()))
    }

    /// The differences of a checkpoint.
    pub(crate) fn mismatches(&self, file: &NetworksFile<'_>) -> Vec<Mismatch> {
        let differs = self.0.iter().filter_map(|(name, value)| {
            let found = file.metadata(&key(name));
            let mismatch = |found: &str| Mismatch {
                field: (*name).into(),
                expected: format!("`{value}`"),
                found: if found.is_empty() { "nothing".into() } else { format!("`{found}`") },
            };
            (found != Some(&escape(value))).then(|| mismatch(found.unwrap_or_default()))
        });
        differs.collect()
    }
}

/// The key of a setting in the metadata.
fn key(name: &str) -> String {
    format!("fnn.settings.{}", name.replace(' ', "_"))
}

/// A setting that may be absent.
fn optional(setting: Option<impl Debug>) -> String {
    setting.map_or("none".into(), |setting| format!("{setting:?}"))
}

/// How many samples there are, and a fingerprint.
fn describe<I: Sample, T: Debug>(data: &DataSet<I, T>) -> String {
    let mut fingerprint = Fingerprint(data.len() as u64);
    fingerprint.inputs(data.inputs());
    // Targets of any type can only be printed, which is slow for large ones.
    let stride = size_of_val(data.targets()) / MOST_TARGET_BYTES + 1;
    for target in data.targets().iter().step_by(stride) {
        let _ = write!(fingerprint, "{target:?};");
    }
    format!("{} samples, fingerprint {:016x}", data.len(), fingerprint.0)
}

/// The most bytes of targets that are part of a fingerprint.
const MOST_TARGET_BYTES: usize = 1 << 22;

/// A hash: different data have different ones, except with negligible probability.
struct Fingerprint(u64);

impl Fingerprint {
    /// Add the bytes.
    fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(size_of::<u64>()) {
            let mut word = [0; size_of::<u64>()];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = mix(self.0, u64::from_le_bytes(word));
        }
    }

    /// Add the bits of samples.
    fn inputs<I: Sample>(&mut self, inputs: &[I]) {
        const { assert!(I::INITIALIZED == size_of::<I>(), "samples are numbers, and nothing else") }
        // SAFETY: all bytes of a sample are initialized, as was just asserted, and bytes have no alignment.
        self.bytes(unsafe { core::slice::from_raw_parts(inputs.as_ptr().cast(), size_of_val(inputs)) });
    }
}

impl Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
