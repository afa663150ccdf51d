//! Optimizers: variants of gradient descent. One short file each: formula, source, update.
//!
//! | optimizer | numbers of state per weight | for |
//! |---|---|---|
//! | [`Sgd`] | 0 | the smallest memories |
//! | [`Momentum`], from [`Sgd::momentum`] | 1 | convolutional networks, with a [`Schedule`] |
//! | [`Adam`] | 2 | a first try: its learning rate rarely needs to be tuned |
//! | [`AdamW`] | 2 | the same with weight decay |
//! | [`AmsGrad`] | 3 | where Adam's steps don't settle |
//! | [`RmsProp`] | 1 to 3 | gradients of very different size |
//! | [`Adagrad`] | 1 | sparse gradients, such as those of embeddings |
//! | [`Lion`] | 1 | Adam's effect with half of its state |
//!
//! [`Schedule`] changes the learning rate step by step, [`Plateau`] when the loss stops falling. [`Clip`] and [`Penalty`] change
//! gradients before the update, [`MovingAverage`] averages the weights after it.

mod adagrad;
mod adam;
mod adamw;
mod amsgrad;
mod clip;
mod decay_weights_only;
mod lion;
mod moving_average;
mod penalty;
mod plateau;
mod rmsprop;
mod schedule;
mod sgd;
mod update;

pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use amsgrad::AmsGrad;
pub use clip::{Clip, gradient_norm};
#[cfg(feature = "std")]
pub(crate) use clip::{clamp, shortening, squares};
pub use decay_weights_only::DecayWeightsOnly;
pub use lion::Lion;
pub use moving_average::{Decay, MovingAverage};
pub use penalty::Penalty;
pub use plateau::Plateau;
pub use rmsprop::RmsProp;
pub use schedule::{Schedule, Scheduled};
pub use sgd::{Momentum, Sgd};
pub(crate) use update::advance;

use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;
use crate::weights::parameters::{Parameters, assert_weights};

/// An update rule that moves weights along their gradient, with `SLOTS` numbers of state per weight.
///
/// An optimizer is plain data: its learning rate and other constants. Its state is a [`State`], `SLOTS` networks of
/// the same type that the caller owns, so that it can be on the heap or in a `static`.
///
/// To add an optimizer, write a struct with its constants and implement `update`, which works on flat slices.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an optimizer",
    label = "expected an optimizer, such as `Adam::new(1e-3)`"
)]
pub trait Optimizer<const SLOTS: usize>: Clone + Send + Sync {
    /// Update `parameters` along `gradient`, in step number `step`, counted from 1.
    ///
    /// The slices cover the same range of the weights, of their mean gradient, and of each slot, and have equal
    /// lengths. The update of a weight must not depend on any other weight.
    fn update<V: Simd, S: Scalar>(
        &self,
        simd: V,
        step: u64,
        parameters: &mut [S],
        gradient: &[S],
        slots: [&mut [S]; SLOTS],
    );

    /// The learning rate.
    fn learning_rate(&self) -> f64;

    /// The learning rate in step number `step`, counted from 1: [`learning_rate`](Self::learning_rate), unless there is a
    /// [`Schedule`].
    fn learning_rate_at(&self, _step: u64) -> f64 {
        self.learning_rate()
    }

    /// The same optimizer with another learning rate.
    #[must_use]
    fn with_learning_rate(&self, learning_rate: f64) -> Self;

    /// Validate the settings for weights of type `S`.
    ///
    /// # Errors
    /// The first invalid setting.
    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting>;

    /// The same optimizer without weight decay. The default implementation returns the optimizer itself, which has
    /// none.
    #[must_use]
    fn without_weight_decay(&self) -> Self {
        self.clone()
    }

    /// The optimizer for weights that are [`Role::Vector`](crate::weights::Role::Vector), such as biases, if it is a
    /// different one.
    fn for_vectors(&self) -> Option<Self> {
        None
    }

    /// η, if [`update`](Self::update) in step number `step` is `w ← w − η·g` and nothing else. Then an update needs no pass over memory
    /// of its own.
    #[doc(hidden)]
    fn plain_rate(&self, _step: u64) -> Option<f64> {
        None
    }

    /// Exclude biases and the scales and shifts of normalization layers from weight decay: all weights that are
    /// [`Role::Vector`](crate::weights::Role::Vector).
    ///
    /// There are few of them, they do not overfit, and decay would bias them toward 0. There is no cost per weight:
    /// each range of weights is updated by one optimizer or the other.
    ///
    /// ```
    /// use fnn::{layers::Dense, optimizers::{AdamW, Optimizer, State}};
    ///
    /// let adam = AdamW::new(0.1).weight_decay(0.5).decay_weights_only();
    /// let mut network = Dense::<1, 1> { weight: [[2.0]], bias: [2.0] };
    /// adam.step(&mut network, &Dense { weight: [[0.0]], bias: [0.0] }, &mut State::new());
    /// assert_eq!(network, Dense { weight: [[1.9]], bias: [2.0] });
    /// ```
    fn decay_weights_only(self) -> DecayWeightsOnly<Self> {
        DecayWeightsOnly { optimizer: self }
    }

    /// Multiply the learning rate by `schedule` in each step.
    ///
    /// ```
    /// use fnn::optimizers::{Adam, Optimizer, Schedule};
    ///
    /// let adam = Adam::new(1e-3).scheduled(Schedule::cosine(10_000).warm_up(500));
    /// assert_eq!(adam.schedule.factor(1), 1.0 / 500.0);
    /// ```
    fn scheduled(self, schedule: Schedule) -> Scheduled<Self> {
        Scheduled { optimizer: self, schedule }
    }

    /// Update all of `network` along `gradient`. Does not allocate.
    ///
    /// ```
    /// use fnn::{Network, Parameters, layers::Dense, optimizers::{Optimizer, Sgd, State}};
    ///
    /// let mut network = Dense::<1, 1> { weight: [[1.0]], bias: [0.0] };
    /// let gradient = Dense { weight: [[2.0]], bias: [4.0] };
    /// let sgd = Sgd::new(0.5);
    /// sgd.step(&mut network, &gradient, &mut State::new());
    /// assert_eq!(network, Dense { weight: [[0.0]], bias: [-2.0] });
    /// ```
    fn step<P: Parameters>(&self, network: &mut P, gradient: &P, state: &mut State<P, SLOTS>) {
        state.steps += 1;
        advance(self, state.steps, network, gradient, state.slots.each_mut());
    }
}

/// The state of an optimizer: the number of steps, and its slots, each a network of the same type.
#[derive(Clone, Debug, PartialEq)]
pub struct State<P, const SLOTS: usize> {
    /// The number of steps taken.
    pub steps: u64,
    /// The slots, such as momentum or running means of squares.
    pub slots: [P; SLOTS],
}

impl<P: Parameters, const SLOTS: usize> State<P, SLOTS> {
    /// The initial state: all zeros.
    #[must_use]
    pub const fn new() -> Self {
        const { assert_weights::<P>() }
        // SAFETY: zero bytes are 0 steps, and `Parameters` promises that they are zero weights.
        unsafe { core::mem::zeroed() }
    }

    /// [`new`](Self::new), built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn boxed() -> alloc::boxed::Box<Self> {
        const { assert_weights::<P>() }
        // SAFETY: as in `new`.
        unsafe { crate::pod::zero_bytes_box() }
    }
}

impl<P: Parameters, const SLOTS: usize> Default for State<P, SLOTS> {
    fn default() -> Self {
        Self::new()
    }
}
