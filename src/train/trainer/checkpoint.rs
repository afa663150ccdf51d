//! Checkpoints: an interrupted training resumes as if it had not been interrupted.

mod identity;
mod position;
mod resume;
mod saver;
mod snapshot;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

pub(crate) use identity::Identity;
use position::Position;
pub(crate) use resume::Length;
pub(crate) use saver::Saver;
pub(crate) use snapshot::Moment;

use super::Trainer;
use crate::error::Error;
use crate::layer::Layer;

/// The content of a checkpoint, in its metadata.
const CONTENT: &str = "checkpoint";
/// The version of the file format.
const FORMAT: &str = "1";
/// The key of that version in the metadata.
const FORMAT_KEY: &str = "fnn.checkpoint";

/// Where a training writes checkpoints, how often, and how many it keeps.
///
/// A path alone means: after every epoch, keep the last three and the best one.
///
/// ```
/// use fnn::train::Checkpoints;
///
/// let checkpoints = Checkpoints::new("runs/digits").every_minutes(10.0).keep(2);
/// ```
#[derive(Clone, Debug)]
#[must_use = "give it to `Trainer::checkpoint`"]
pub struct Checkpoints {
    folder: PathBuf,
    every: Every,
    keep: usize,
}

/// How often a checkpoint is written.
#[derive(Clone, Copy, Debug)]
enum Every {
    Epochs(usize),
    Steps(u64),
    Minutes(f64),
}

impl Checkpoints {
    /// Write checkpoints to `folder`, which is created if it does not exist: after every epoch, keeping the last three.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().into(), every: Every::Epochs(1), keep: 3 }
    }

    /// Write a checkpoint after every `epochs` epochs.
    pub fn every_epochs(self, epochs: usize) -> Self {
        Self { every: Every::Epochs(epochs), ..self }
    }

    /// Write a checkpoint after every `steps` steps, also in the middle of an epoch.
    pub fn every_steps(self, steps: u64) -> Self {
        Self { every: Every::Steps(steps), ..self }
    }

    /// Write a checkpoint after the first step that ends `minutes` after the previous checkpoint, also in the middle of an
    /// epoch.
    pub fn every_minutes(self, minutes: f64) -> Self {
        Self { every: Every::Minutes(minutes), ..self }
    }

    /// How many of the last checkpoints to keep, 3 by default. The checkpoint after the best epoch, as defined by
    /// [`History::best`](super::History::best), is kept too.
    pub fn keep(self, keep: usize) -> Self {
        Self { keep, ..self }
    }

    /// Check the settings.
    fn validate(&self) -> Result<(), Error> {
        let (valid, found) = match self.every {
            Every::Epochs(epochs) => (epochs > 0, format!("every {epochs} epochs")),
            Every::Steps(steps) => (steps > 0, format!("every {steps} steps")),
            Every::Minutes(minutes) => (minutes > 0.0, format!("every {minutes} minutes")),
        };
        if !valid {
            return Err(Error::Setting { name: "checkpoints", expected: "an interval above 0", found });
        }
        if self.keep == 0 {
            return Err(Error::Setting { name: "checkpoints", expected: "to keep at least 1", found: "0".into() });
        }
        Ok(())
    }
}

impl<P: AsRef<Path>> From<P> for Checkpoints {
    fn from(folder: P) -> Self {
        Self::new(folder)
    }
}

/// The settings of a trainer for checkpoints and for stopping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Saving<'a> {
    checkpoints: Option<Checkpoints>,
    resume: Option<PathBuf>,
    /// The optimizer and the loss with their settings, to compare with those of a checkpoint.
    described: Option<[String; 2]>,
    stop: Option<&'a AtomicBool>,
}

impl Saving<'_> {
    /// Check the settings.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        self.checkpoints.as_ref().map_or(Ok(()), Checkpoints::validate)
    }

    /// What all ranks of a training must have in common: when they stop and write.
    pub(crate) fn described(&self) -> impl Iterator<Item = (&'static str, String)> {
        let every = self.checkpoints.as_ref().map(|checkpoints| checkpoints.every);
        let [resumes, stops] = [self.resume.is_some(), self.stop.is_some()].map(|is| is.to_string());
        [("checkpoints", format!("{every:?}")), ("resume", resumes), ("stop flag", stops)].into_iter()
    }
}

impl<'a, N: Layer, F, O, const SLOTS: usize, V> Trainer<'a, N, F, O, SLOTS, V> {
    /// Write checkpoints during training: to a folder after every epoch, or as set by [`Checkpoints`].
    ///
    /// Each is a safetensors file, `step-000000001200.safetensors`, written atomically. It contains the weights
    /// under the names that [`save`](crate::Network::save) gives them, the optimizer's slots under `optimizer/0/` and so
    /// on, a [`moving_average`](Self::moving_average) under `average/`, the best weights of
    /// [`early_stopping`](Self::early_stopping) under `best/`, and in its metadata everything else that
    /// [`resume`](Self::resume) needs. The last one is written at the end of training, unless it ends in an error.
    ///
    /// If a checkpoint cannot be written, training continues. The first failure is printed when it happens and again at the
    /// end, except with [`Progress::Silent`](super::Progress::Silent), and is stored in
    /// [`History::checkpoint_failure`](super::History::checkpoint_failure). Steps do not allocate; writing a checkpoint
    /// does.
    ///
    /// # Errors
    /// In [`fit`](Self::fit): [`Error::Setting`] if the folder already has checkpoints that are not resumed, if another
    /// training is writing to it (on Unix), or if an interval is 0, and [`Error::File`] if the folder cannot be created.
    ///
    /// ```
    /// use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Adam, train::Progress};
    ///
    /// let line: DataSet<[f32; 1], [f32; 1]> = (0..10).map(|x| x as f32 / 10.0).map(|x| ([x], [2.0 * x + 1.0])).collect();
    /// let folder = std::env::temp_dir().join(format!("fnn-doc-checkpoint-{}", std::process::id()));
    /// // The same program starts the training, and resumes it after an interruption.
    /// let train = |epochs| {
    ///     Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Adam::new(0.1))
    ///         .epochs(epochs)
    ///         .progress(Progress::Silent)
    ///         .checkpoint(&folder)
    ///         .resume(&folder)
    ///         .fit(&line)
    /// };
    /// train(20)?;
    /// let resumed = train(50)?;
    /// assert_eq!(resumed.history.epochs.len(), 50);
    ///
    /// let at_once = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Adam::new(0.1)).epochs(50);
    /// assert_eq!(at_once.progress(Progress::Silent).fit(&line)?.network, resumed.network);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint(mut self, checkpoints: impl Into<Checkpoints>) -> Self
    where
        F: Debug,
        O: Debug,
    {
        self.describe();
        self.saving.checkpoints = Some(checkpoints.into());
        self
    }

    /// Resume from the newest complete checkpoint in `folder`; if there is none, start from the beginning.
    ///
    /// The result is the same, bit for bit, as without the interruption, wherever that was, and at any number of threads.
    /// With more [`epochs`](Self::epochs) than before, training continues. If early stopping or a callback had ended it,
    /// it stays ended; if a [`stop_flag`](Self::stop_flag) had, it continues.
    ///
    /// Layers without weights, and callbacks, are not compared: keep them the same. The fingerprint of a data set covers all
    /// inputs, and up to 4 MiB of targets, evenly spaced; that of another source is its
    /// [`fingerprint`](crate::data::Source::fingerprint), by default of up to 127 samples.
    ///
    /// # Errors
    /// In [`fit`](Self::fit): [`Error::Checkpoint`] with all differences if the network, the optimizer, the loss, the data,
    /// the seed, the batch size or another setting differs from that of the checkpoint, or if the file format is newer. If
    /// all files are damaged, the error about the newest one. [`Error::File`] if `folder` is a file, or cannot be read.
    pub fn resume(mut self, folder: impl AsRef<Path>) -> Self
    where
        F: Debug,
        O: Debug,
    {
        self.describe();
        self.saving.resume = Some(folder.as_ref().into());
        self
    }

    /// End training after the step in which `stop` becomes true, for example in a handler of Ctrl-C.
    ///
    /// A last checkpoint is written if [`checkpoint`](Self::checkpoint) is set, and [`fit`](Self::fit) returns the network
    /// and the history with [`Stopped::Flag`](super::Stopped::Flag); with [`early_stopping`](Self::early_stopping) the
    /// network has the best weights.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Sgd};
    /// use fnn::train::{Progress, Stopped};
    ///
    /// let line: DataSet<[f32; 1], [f32; 1]> = (0..10).map(|x| x as f32 / 10.0).map(|x| ([x], [2.0 * x])).collect();
    /// let stop = AtomicBool::new(false);
    /// let trained = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.5))
    ///     .epochs(1_000_000)
    ///     .progress(Progress::Silent)
    ///     .on_epoch(|end| {
    ///         // In a program, another thread or a signal handler.
    ///         stop.store(end.epoch.number == 3, Relaxed);
    ///         std::ops::ControlFlow::Continue(())
    ///     })
    ///     .stop_flag(&stop)
    ///     .fit(&line)?;
    /// assert_eq!(trained.history.stopped, Some(Stopped::Flag));
    /// assert_eq!(trained.history.epochs.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop_flag(mut self, stop: &'a AtomicBool) -> Self {
        self.saving.stop = Some(stop);
        self
    }

    /// Store the texts of the optimizer and the loss, which only `Debug` gives.
    pub(super) fn describe(&mut self)
    where
        F: Debug,
        O: Debug,
    {
        self.saving.described = Some([format!("{:?}", self.optimizer), format!("{:?}", self.loss)]);
    }
}
