//! Regularization settings of a trainer: clipping, penalties, averages and plateaus.

use super::Trainer;
use crate::layer::Layer;
use crate::optimizers::{Clip, Decay, Penalty, Plateau};

impl<N: Layer, F, O, const SLOTS: usize, V> Trainer<'_, N, F, O, SLOTS, V> {
    /// Clip the gradient of each mini-batch before the optimizer uses it.
    ///
    /// A gradient that is not finite is still an error. Clipping by value has no measurable cost; clipping by norm
    /// takes a second pass over the gradient. Results stay bit for bit the same with any number of threads.
    ///
    /// ```
    /// use fnn::{DataSet, Trainer, losses::CrossEntropy, optimizers::{Clip, Sgd}, train::Progress};
    ///
    /// fnn::network! {
    ///     struct Net: [4] -> [2] { hidden: Dense(8), Tanh, logits: Dense(2) }
    /// }
    ///
    /// let data: DataSet<[f32; 4], usize> = (0..64).map(|index| ([(index % 2) as f32; 4], index % 2)).collect();
    /// let trainer = Trainer::new(Net::seeded(1), CrossEntropy, Sgd::new(0.5)).clip(Clip::Norm(1.0));
    /// trainer.progress(Progress::Silent).fit(&data)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clip(self, clip: Clip) -> Self {
        self.set(|settings| settings.clip = Some(clip))
    }

    /// Add a penalty on large weights to the loss.
    ///
    /// Its gradient is added to the mean gradient of each mini-batch, before [clipping](Self::clip). *Reported* losses
    /// do not include it, so that training and validation losses are comparable, and early stopping monitors the loss
    /// itself. [`Penalty::value`] computes the penalty. It has no measurable cost.
    pub fn penalty(self, penalty: Penalty) -> Self {
        self.set(|settings| settings.penalty = Some(penalty))
    }

    /// Keep a moving average of the weights, with the decay `decay`: a number, or a [`Decay`] with a warm-up. See
    /// [`MovingAverage`](crate::optimizers::MovingAverage).
    ///
    /// The average is *evaluated after each epoch*, for validation, early stopping and a plateau, and *returned by
    /// [`fit`](Self::fit)*. The steps themselves are not affected. It costs a pass over the weights in each step, and
    /// the memory of one more network.
    ///
    /// ```
    /// use fnn::{DataSet, Trainer, losses::CrossEntropy, optimizers::Adam, train::Progress};
    ///
    /// fnn::network! {
    ///     struct Net: [4] -> [2] { hidden: Dense(8), Tanh, logits: Dense(2) }
    /// }
    ///
    /// let data: DataSet<[f32; 4], usize> = (0..64).map(|index| ([(index % 2) as f32; 4], index % 2)).collect();
    /// let trainer = Trainer::new(Net::seeded(1), CrossEntropy, Adam::new(0.01)).moving_average(0.99);
    /// let average = trainer.epochs(5).progress(Progress::Silent).fit(&data)?.network;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn moving_average(self, decay: impl Into<Decay>) -> Self {
        self.set(|settings| settings.moving_average = Some(decay.into()))
    }

    /// Lower the learning rate when what is monitored stops improving.
    ///
    /// That is the loss after the epoch, on the validation set, or without one on the training set, which takes another
    /// pass over it; [`monitor`](Self::monitor) chooses something else. A schedule multiplies the result. The final value
    /// is in [`Epoch::learning_rate`].
    ///
    /// [`Epoch::learning_rate`]: crate::train::Epoch::learning_rate
    ///
    /// ```
    /// use fnn::layers::Dense;
    /// use fnn::losses::MeanSquaredError;
    /// use fnn::optimizers::{Plateau, Sgd};
    /// use fnn::train::Progress;
    /// use fnn::{DataSet, Network, Trainer};
    ///
    /// let data: DataSet<[f32; 1], [f32; 1]> = (0..10).map(|x| ([x as f32 / 10.0], [(x % 3) as f32])).collect();
    /// let trained = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.5))
    ///     .epochs(50)
    ///     .reduce_on_plateau(Plateau::new().factor(0.5).patience(3))
    ///     .progress(Progress::Silent)
    ///     .fit(&data)?;
    /// assert!(trained.history.epochs[49].learning_rate < 0.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reduce_on_plateau(self, plateau: Plateau) -> Self {
        self.set(|settings| settings.plateau = Some(plateau))
    }
}
