//! The settings of a trainer, with their defaults.

use super::Trainer;
use super::check;
use super::monitor::Monitor;
use super::progress::Progress;
use crate::error::Error;
use crate::layer::Layer;
use crate::optimizers::{Clip, Decay, Penalty, Plateau};
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;

/// The settings of a training.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    pub(crate) seed: u64,
    pub(crate) shuffle: bool,
    pub(crate) threads: Option<usize>,
    pub(crate) patience: Option<usize>,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) clip: Option<Clip>,
    pub(crate) moving_average: Option<Decay>,
    pub(crate) plateau: Option<Plateau>,
    pub(crate) monitor: Monitor,
    pub(crate) progress: Progress,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: 32,
            epochs: 1,
            seed: 0,
            shuffle: true,
            threads: None,
            patience: None,
            penalty: None,
            clip: None,
            moving_average: None,
            plateau: None,
            monitor: Monitor::Loss,
            progress: Progress::default(),
        }
    }
}

impl Settings {
    /// Check them, and those of the optimizer, for weights of type `S`.
    pub(super) fn validate<S: Scalar>(&self, optimizer: Result<(), InvalidSetting>) -> Result<(), Error> {
        check::positive("batch size", Some(self.batch_size))?;
        check::positive("epochs", Some(self.epochs))?;
        check::positive("threads", self.threads)?;
        check::positive("patience", self.patience)?;
        optimizer?;
        self.penalty.map_or(Ok(()), |penalty| penalty.validate::<S>())?;
        self.clip.map_or(Ok(()), Clip::validate::<S>)?;
        self.moving_average.map_or(Ok(()), Decay::validate::<S>)?;
        Ok(self.plateau.map_or(Ok(()), |plateau| plateau.validate())?)
    }

    /// Whether something is monitored after each epoch.
    pub(crate) fn monitors(&self) -> bool {
        self.patience.is_some() || self.plateau.is_some() || self.monitor != Monitor::Loss
    }
}

impl<N: Layer, F, O, const SLOTS: usize, V> Trainer<'_, N, F, O, SLOTS, V> {
    /// The same trainer with changed settings.
    pub(super) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Set the mini-batch size. The default is 32; the last mini-batch of an epoch may be smaller. 1 is stochastic
    /// gradient descent.
    pub fn batch_size(self, batch_size: usize) -> Self {
        self.set(|settings| settings.batch_size = batch_size)
    }

    /// Use the whole training set as one batch: one step per epoch.
    pub fn full_batch(self) -> Self {
        self.batch_size(usize::MAX)
    }

    /// Set the number of passes over the training set. The default is 1.
    pub fn epochs(self, epochs: usize) -> Self {
        self.set(|settings| settings.epochs = epochs)
    }

    /// Set the seed for the order of samples, for dropout and for what is random about the samples of a
    /// [`Source`](crate::data::Source). The default is 0.
    pub fn seed(self, seed: u64) -> Self {
        self.set(|settings| settings.seed = seed)
    }

    /// Set whether the samples are shuffled in each epoch, as by default, or kept in the order of the set.
    pub fn shuffle(self, shuffle: bool) -> Self {
        self.set(|settings| settings.shuffle = shuffle)
    }

    /// Train on this many threads instead of `rayon`'s global pool. Without the feature `rayon` there is only one.
    pub fn threads(self, threads: usize) -> Self {
        self.set(|settings| settings.threads = Some(threads))
    }

    /// Stop after `patience` epochs in a row without improvement.
    ///
    /// What is monitored is the loss after the epoch, on the validation set, or without one on the training set, which
    /// takes another pass over it; [`monitor`](Self::monitor) chooses something else. However training ends, even with
    /// an error, the network gets the weights of the best epoch,
    /// [`History::kept`](crate::train::History::kept).
    pub fn early_stopping(self, patience: usize) -> Self {
        self.set(|settings| settings.patience = Some(patience))
    }

    /// Set what is printed during training. The default is [`Progress::Auto`].
    pub fn progress(self, progress: Progress) -> Self {
        self.set(|settings| settings.progress = progress)
    }
}
