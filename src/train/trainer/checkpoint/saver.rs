//! Writing checkpoints, and removing old ones.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::resume::{Length, Monitored, Restored, resume};
use super::snapshot::Snapshot;
use super::{Checkpoints, Every, Identity, Position, Saving};
use crate::atomic_file::{FolderLock, remove_abandoned_in};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::train::exchange::Exchange;
use crate::train::trainer::history::Epoch;
use crate::train::trainer::progress::Display;
use crate::train::trainer::ranks::Ranks;
use crate::train::trainer::stopwatch::Stopwatch;

const START: &str = "step-";
const END: &str = ".safetensors";

/// The checkpoints in a folder with their steps, newest first; none if there is no such folder.
pub(super) fn checkpoints_in(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<Result<Vec<_>, _>>),
    };
    let entries = entries.map_err(|source| Error::File { path: folder.into(), source })?;
    let with_step = entries.iter().filter_map(|entry| Some((step(entry.file_name().to_str()?)?, entry.path())));
    let mut found: Vec<_> = with_step.collect();
    found.sort_by_key(|(step, _)| std::cmp::Reverse(*step));
    Ok(found)
}

/// The step of a checkpoint, from its file name.
fn step(name: &str) -> Option<u64> {
    name.strip_prefix(START)?.strip_suffix(END)?.parse().ok()
}

/// Decides when to write a checkpoint and when to stop, and writes checkpoints.
pub(crate) struct Saver<'a> {
    checkpoints: Option<Checkpoints>,
    /// Two trainings that write to the same folder would remove each other's checkpoints.
    _lock: Option<FolderLock>,
    /// The folder of the checkpoint to resume from.
    resume: Option<PathBuf>,
    /// Present if there is a folder.
    identity: Option<Identity>,
    stop: Option<&'a AtomicBool>,
    /// Mini-batches per epoch.
    batches: u64,
    /// The time since the last checkpoint.
    stopwatch: Stopwatch,
    /// The steps of the last checkpoint.
    written: Option<u64>,
    failure: Option<String>,
    /// Whether this is rank 0, which reads and writes.
    is_first: bool,
}

impl<'a> Saver<'a> {
    /// Create the folder of checkpoints, if one is set and this is rank 0.
    pub(crate) fn new(
        saving: &Saving<'a>,
        identity: Option<Identity>,
        batches: usize,
        is_first: bool,
    ) -> Result<Self, Error> {
        let (checkpoints, resume) = (saving.checkpoints.clone(), saving.resume.clone());
        let mut lock = None;
        if let Some(Checkpoints { folder, .. }) = checkpoints.as_ref().filter(|_| is_first) {
            lock = Some(FolderLock::create("checkpoints", folder)?);
            let canonical = |folder: &Path| fs::canonicalize(folder).ok();
            let resumes = resume.as_ref().is_some_and(|other| canonical(other) == canonical(folder));
            if !resumes && !checkpoints_in(folder)?.is_empty() {
                let expected = "a folder without checkpoints, or `resume` from the same folder";
                let found = format!("checkpoints in {}", folder.display());
                return Err(Error::Setting { name: "checkpoints", expected, found });
            }
            remove_abandoned_in(folder, |name| step(name).is_some());
        }
        let (stop, batches, stopwatch) = (saving.stop, batches as u64, Stopwatch::start());
        Ok(Self {
            checkpoints,
            _lock: lock,
            resume,
            identity,
            stop,
            batches,
            stopwatch,
            written: None,
            failure: None,
            is_first,
        })
    }

    /// Resume from the newest complete checkpoint, if there is one. Returns its path and its position.
    pub(crate) fn resume(
        &self,
        restored: &mut Restored<'_>,
        length: Length,
        monitored: Monitored<'_>,
    ) -> Result<Option<(PathBuf, Position)>, Error> {
        match (&self.resume, &self.identity) {
            (Some(folder), Some(identity)) if self.is_first => resume(folder, identity, length, monitored, restored),
            _ => Ok(None),
        }
    }

    /// Whether the stop flag of any rank is set.
    pub(crate) fn stopped<S: Scalar, X: Exchange>(&self, ranks: &mut Ranks<S, X>) -> Result<bool, Error> {
        self.stop.map_or(Ok(false), |stop| ranks.any(stop.load(Relaxed)))
    }

    /// Whether to write a checkpoint after that many steps.
    pub(crate) fn due<S: Scalar, X: Exchange>(&self, steps: u64, ranks: &mut Ranks<S, X>) -> Result<bool, Error> {
        let Some(Checkpoints { every, .. }) = &self.checkpoints else { return Ok(false) };
        match *every {
            Every::Epochs(epochs) => Ok(steps.is_multiple_of(self.batches.saturating_mul(epochs as u64))),
            Every::Steps(interval) => Ok(steps.is_multiple_of(interval)),
            // Clocks differ.
            Every::Minutes(minutes) => {
                ranks.any(self.stopwatch.seconds().is_some_and(|seconds| seconds >= 60.0 * minutes))
            }
        }
    }

    /// Write a checkpoint. The first failure is printed and stored.
    pub(crate) fn write(&mut self, snapshot: &Snapshot<'_>, display: &Display) {
        self.stopwatch = Stopwatch::start();
        let (Some(checkpoints), Some(identity), true) = (&self.checkpoints, &self.identity, self.is_first) else {
            return;
        };
        let steps = snapshot.position.steps;
        let path = checkpoints.folder.join(format!("{START}{steps:012}{END}"));
        match snapshot.save(&path, identity) {
            Ok(()) => {
                self.written = Some(steps);
                remove_old(checkpoints, steps, &snapshot.position.epochs, self.batches);
            }
            Err(error) => {
                display.failed(&mut self.failure, &format_args!("a checkpoint could not be written, {error}"))
            }
        }
    }

    /// Whether the checkpoint of that many steps is written, or none is to be here.
    pub(crate) fn has_written(&self, steps: u64) -> bool {
        self.checkpoints.is_none() || !self.is_first || self.written == Some(steps)
    }

    /// The first failure to write a checkpoint.
    pub(crate) fn into_failure(self) -> Option<String> {
        self.failure
    }
}

/// Remove all checkpoints except the last ones and the best one. Files that cannot be removed are left alone.
fn remove_old(checkpoints: &Checkpoints, steps: u64, epochs: &[Epoch], batches: u64) {
    let found = checkpoints_in(&checkpoints.folder).unwrap_or_default();
    // Newer ones are damaged, or training would have resumed from them.
    let old = || found.iter().filter(|(step, _)| *step <= steps);
    let cost = |step: u64| {
        let number = step.is_multiple_of(batches).then_some(step / batches)?;
        epochs.get(usize::try_from(number).ok()?.checked_sub(1)?).map(Epoch::cost)
    };
    let with_cost = old().filter_map(|(step, _)| Some((*step, cost(*step)?)));
    // The first of equal ones, as in early stopping.
    let best = with_cost.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    for (step, path) in old().skip(checkpoints.keep) {
        if best.is_none_or(|(best, _)| best != *step) {
            let _ = fs::remove_file(path);
        }
    }
}
