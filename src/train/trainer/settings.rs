//! The settings of a trainer, with their defaults, and its callbacks.

use std::ops::ControlFlow;

use super::Trainer;
use super::history::EpochEnd;
use super::progress::Progress;
use crate::layer::Layer;
use crate::optimizers::{Clip, Decay, Penalty, Plateau};

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
            progress: Progress::default(),
        }
    }
}

impl Settings {
    /// Whether the loss after each epoch is monitored.
    pub(crate) fn monitors(&self) -> bool {
        self.patience.is_some() || self.plateau.is_some()
    }
}

impl<'a, N: Layer, F, O, const SLOTS: usize, V> Trainer<'a, N, F, O, SLOTS, V> {
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

    /// Set the seed for the order of samples and for dropout. The default is 0.
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

    /// Stop after `patience` epochs in a row without a smaller loss.
    ///
    /// The monitored loss is that after the epoch, on the validation set, or without one on the training set, which
    /// takes another pass over it. However training ends, even with an error, the network gets the weights with the
    /// smallest loss: those of the epoch [`History::kept`](crate::train::History::kept).
    pub fn early_stopping(self, patience: usize) -> Self {
        self.set(|settings| settings.patience = Some(patience))
    }

    /// Call `callback` after each epoch, with the epoch, the network and the history; `ControlFlow::Break` stops the
    /// training. There can be several callbacks.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Sgd, train::Progress};
    ///
    /// let line: DataSet<[f32; 1], [f32; 1]> = (0..10).map(|x| x as f32 / 10.0).map(|x| ([x], [2.0 * x])).collect();
    /// let mut slopes = Vec::new();
    /// let trained = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.5))
    ///     .epochs(500)
    ///     .progress(Progress::Silent)
    ///     .on_epoch(|end| {
    ///         slopes.push(end.network.weight[0][0]);
    ///         if end.epoch.training.loss < 1e-4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    ///     })
    ///     .fit(&line)?;
    /// assert_eq!(slopes.len(), trained.history.epochs.len());
    /// assert!(slopes.len() < 500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_epoch(mut self, callback: impl FnMut(&EpochEnd<'_, N>) -> ControlFlow<()> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Set what is printed during training. The default is [`Progress::Auto`].
    pub fn progress(self, progress: Progress) -> Self {
        self.set(|settings| settings.progress = progress)
    }
}
