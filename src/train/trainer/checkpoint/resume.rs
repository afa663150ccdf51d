//! Resuming from a checkpoint.

use std::fs;
use std::path::{Path, PathBuf};

use super::saver::checkpoints_in;
use super::snapshot::Networks;
use super::{CONTENT, FORMAT, FORMAT_KEY, Identity, Position};
use crate::error::{Error, Mismatch};
use crate::scalar::Scalar;
use crate::train::exchange::Exchange;
use crate::train::trainer::monitor::Monitor;
use crate::train::trainer::ranks::Ranks;
use crate::train::trainer::stopping::Wait;
use crate::weights::safetensors::NetworksFile;

/// What a checkpoint is loaded into, besides its position.
pub(crate) struct Restored<'a> {
    pub(super) networks: Networks<&'a mut [u8]>,
    pub(super) steps: &'a mut u64,
    /// Those of the moving average.
    pub(super) average_steps: Option<&'a mut u64>,
    /// That of early stopping.
    pub(super) wait: Option<&'a mut Wait>,
}

impl Restored<'_> {
    /// Set what belongs to the networks of a position.
    fn set(&mut self, position: &Position) {
        *self.steps = position.steps;
        if let Some(steps) = &mut self.average_steps {
            **steps = position.average_steps;
        }
        if let (Some(wait), Some((best, epochs))) = (&mut self.wait, position.best) {
            **wait = Wait { best, epochs };
        }
    }

    /// Give all ranks what rank 0 has loaded.
    pub(crate) fn spread<S: Scalar, X: Exchange>(
        mut self,
        ranks: &Ranks<S, X>,
        resumed: Option<(PathBuf, Position)>,
        length: Length,
        monitored: Monitored<'_>,
    ) -> Result<Option<(PathBuf, Position)>, Error> {
        if ranks.is_alone() {
            return Ok(resumed);
        }
        let line = |(key, value): (String, String)| format!("{key}\t{value}\n");
        let text = |(path, position): &(PathBuf, Position)| {
            format!("{}\n{}", path.display(), position.metadata().map(line).collect::<String>())
        };
        let text = ranks.spread_text(resumed.as_ref().map(text).unwrap_or_default())?;
        let Some((path, lines)) = text.split_once('\n') else { return Ok(None) };
        let get = |key: &str| lines.lines().filter_map(|line| line.split_once('\t')).find(|(name, _)| *name == key);
        let position = Position::parse(&|key| get(key).map(|(_, value)| value), length.epochs, monitored)
            .map_err(|mismatch| Error::Rank { rank: 0, reason: mismatch.to_string() })?;
        self.set(&position);
        self.networks.iter_mut().try_for_each(|(_, numbers)| ranks.spread(numbers.bytes))?;
        Ok(Some((path.into(), position)))
    }
}

/// The length of a training.
#[derive(Clone, Copy)]
pub(crate) struct Length {
    pub(crate) epochs: usize,
    /// Mini-batches per epoch.
    pub(crate) batches: usize,
}

/// What is monitored, and the names of all metrics.
pub(crate) type Monitored<'a> = (Monitor, &'a [&'static str]);

/// Load the newest complete checkpoint in `folder`, if there is one. Returns its path and its position.
///
/// If it is not of this training, nothing is changed.
pub(crate) fn resume(
    folder: &Path,
    identity: &Identity,
    length: Length,
    monitored: Monitored<'_>,
    restored: &mut Restored<'_>,
) -> Result<Option<(PathBuf, Position)>, Error> {
    let mut newest_error = None;
    for (_, path) in checkpoints_in(folder)? {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) => {
                newest_error.get_or_insert(Error::File { path, source });
                continue;
            }
        };
        match NetworksFile::new(&path, &bytes) {
            Ok(file) => {
                return match take(&file, identity, length, monitored, restored) {
                    Ok(position) => Ok(Some((path, position))),
                    Err(mismatches) => Err(Error::Checkpoint { path, mismatches }),
                };
            }
            Err(damaged) => {
                newest_error.get_or_insert(damaged);
            }
        }
    }
    newest_error.map_or(Ok(None), Err)
}

/// Load a checkpoint, if it is of this training.
fn take(
    file: &NetworksFile<'_>,
    identity: &Identity,
    length: Length,
    monitored: Monitored<'_>,
    restored: &mut Restored<'_>,
) -> Result<Position, Vec<Mismatch>> {
    let is = |field: &str, expected: &str, found: &str| {
        let (expected, found) = (format!("`{expected}`"), format!("`{found}`"));
        if expected == found { Ok(()) } else { Err(vec![Mismatch { field: field.into(), expected, found }]) }
    };
    is("content", CONTENT, file.content())?;
    is("version of the format", FORMAT, file.metadata(FORMAT_KEY).unwrap_or("nothing"))?;
    let mismatches = identity.mismatches(file);
    if !mismatches.is_empty() {
        return Err(mismatches);
    }
    let position =
        Position::parse(&|key| file.metadata(key), length.epochs, monitored).map_err(|mismatch| vec![mismatch])?;
    let begun = (position.epochs.len() as u64).checked_mul(length.batches as u64);
    let in_epoch = begun.and_then(|begun| position.steps.checked_sub(begun));
    if in_epoch.is_none_or(|steps| steps >= length.batches as u64) {
        let expected = format!("fewer than {} after {} epochs", length.batches, position.epochs.len());
        let found = format!("{} in all", position.steps);
        return Err(vec![Mismatch { field: "step".into(), expected, found }]);
    }
    file.load(&mut restored.networks)?;
    restored.set(&position);
    Ok(position)
}
