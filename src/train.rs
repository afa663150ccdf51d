//! Training: the trainer, and the buffers for custom training loops on any target.
//!
//! With the feature `std`, [`Trainer`] trains on a data set in mini-batches, on all cores. Without an operating
//! system, [`InPlaceBuffers`] train a network in place, [`FineTuneBuffers`] train only its last layers, and
//! [`GradientBuffers`] compute the full gradient for any optimizer.

#[cfg(feature = "std")]
mod cross_validation;
#[cfg(feature = "std")]
mod exchange;
pub(crate) mod fine_tune;
mod forward_pass;
pub(crate) mod gradient_buffers;
pub(crate) mod in_place;
#[cfg(feature = "ctrlc")]
mod interrupt;
mod loop_state;
#[cfg(feature = "std")]
mod sweep;
#[cfg(feature = "std")]
pub(crate) mod trainer;

#[cfg(feature = "std")]
pub use cross_validation::{CrossValidation, cross_validate};
#[cfg(feature = "std")]
pub use exchange::{Exchange, InProcess};
pub use fine_tune::{FineTune, FineTuneBuffers, Frozen};
pub use forward_pass::ForwardPass;
pub use gradient_buffers::GradientBuffers;
pub use in_place::{InPlaceBuffers, TrainInPlace};
#[cfg(feature = "ctrlc")]
pub use interrupt::interrupt_flag;
#[cfg(feature = "std")]
pub use sweep::{Sweep, SweepResults, Trial, TrialResult};
#[cfg(feature = "std")]
pub use trainer::{
    Checkpoints, Epoch, EpochEnd, Evaluation, History, IntoBox, LearningRateCurve, Metric, Monitor, Progress, Stopped,
    Trained, Trainer, TrainingError, TrainingMemory, Validation, evaluate, try_evaluate,
};
