//! Resuming from a checkpoint.

use std::fs;
use std::path::{Path, PathBuf};

use super::saver::checkpoints_in;
use super::snapshot::prefixes;
use super::{CONTENT, FORMAT, FORMAT_KEY, Identity, Position};
use crate::error::{Error, Mismatch};
use crate::optimizers::{MovingAverage, State};
use crate::train::trainer::monitor::Monitor;
use crate::train::trainer::stopping::Best;
use crate::weights::parameters::Parameters;
use crate::weights::safetensors::NetworksFile;

/// What a checkpoint is loaded into, besides its position.
pub(crate) struct Restored<'a, N, const SLOTS: usize> {
    pub(crate) network: &'a mut N,
    pub(crate) state: &'a mut State<N, SLOTS>,
    pub(crate) average: Option<&'a mut MovingAverage<N>>,
    pub(crate) best: Option<&'a mut Best<N>>,
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
pub(crate) fn resume<N: Parameters, const SLOTS: usize>(
    folder: &Path,
    identity: &Identity,
    length: Length,
    monitored: Monitored<'_>,
    restored: Restored<'_, N, SLOTS>,
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
fn take<N: Parameters, const SLOTS: usize>(
    file: &NetworksFile<'_>,
    identity: &Identity,
    length: Length,
    monitored: Monitored<'_>,
    restored: Restored<'_, N, SLOTS>,
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
        Position::parse(|key| file.metadata(key), length.epochs, monitored).map_err(|mismatch| vec![mismatch])?;
    let begun = (position.epochs.len() as u64).checked_mul(length.batches as u64);
    let in_epoch = begun.and_then(|begun| position.steps.checked_sub(begun));
    if in_epoch.is_none_or(|steps| steps >= length.batches as u64) {
        let expected = format!("fewer than {} after {} epochs", length.batches, position.epochs.len());
        let found = format!("{} in all", position.steps);
        return Err(vec![Mismatch { field: "step".into(), expected, found }]);
    }
    let Restored { network, state, average, best } = restored;
    let prefixes = prefixes::<SLOTS>(average.is_some(), best.is_some());
    let (average, average_steps) = average.map(|average| (&mut average.network, &mut average.steps)).unzip();
    let (best, best_so_far) = best.map(|best| (&mut *best.network, (&mut best.epoch, &mut best.waited))).unzip();
    let networks = std::iter::once(network).chain(&mut state.slots).chain(average).chain(best);
    file.load(&mut prefixes.zip(networks).collect::<Vec<_>>())?;
    state.steps = position.steps;
    if let Some(steps) = average_steps {
        *steps = position.average_steps;
    }
    if let (Some((epoch, waited)), Some((best_epoch, best_waited))) = (best_so_far, position.best) {
        (*epoch, *waited) = (best_epoch, best_waited);
    }
    Ok(position)
}
