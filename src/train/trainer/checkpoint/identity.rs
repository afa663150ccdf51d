//! What must be equal for a training to resume from a checkpoint.

use std::fmt::Debug;

use super::Saving;
use crate::data::AnySource;
use crate::error::{Error, Mismatch};
use crate::shape::Sample;
use crate::train::trainer::settings::Settings;
use crate::weights::safetensors::{NetworksFile, escape};

/// The data and each setting that affects the result, except the number of epochs: a name and a text.
pub(crate) struct Identity(Vec<(&'static str, String)>);

impl Identity {
    /// The identity of a training, if it writes checkpoints or resumes from one.
    pub(crate) fn new<I: Sample, T: Copy + Debug + Send + Sync>(
        saving: &Saving<'_>,
        settings: &Settings,
        metrics: &[&str],
        data: &AnySource<'_, I, T>,
        validation: Option<&AnySource<'_, I, T>>,
    ) -> Result<Option<Self>, Error> {
        let Some([optimizer, loss]) = saving.described.clone() else { return Ok(None) };
        let Settings { batch_size, epochs: _, seed, shuffle, threads: _, progress: _, .. } = *settings;
        let Settings { patience, penalty, clip, moving_average, plateau, monitor, .. } = *settings;
        Ok(Some(Self(vec![
            ("optimizer", optimizer),
            ("loss", loss),
            ("training set", describe(data)?),
            ("validation set", validation.map_or(Ok("none".into()), describe)?),
            ("batch size", batch_size.min(data.len()).to_string()),
            ("seed", seed.to_string()),
            ("shuffle", shuffle.to_string()),
            ("early stopping", optional(patience)),
            ("penalty", optional(penalty)),
            ("clip", optional(clip)),
            ("moving average", optional(moving_average)),
            ("plateau", optional(plateau)),
            ("monitor", format!("{monitor:?}")),
            ("metrics", format!("{metrics:?}")),
        ])))
    }

    /// The names and texts.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.0.iter().cloned()
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
fn describe<I: Sample, T: Copy + Debug + Send + Sync>(data: &AnySource<'_, I, T>) -> Result<String, Error> {
    Ok(format!("{} samples, fingerprint {:016x}", data.len(), data.fingerprint()?))
}
