//! Training: the trainer, and what a training loop of one's own is made of, on any machine.
//!
//! With the feature `std`, [`Trainer`] goes over a data set mini-batch by mini-batch, on every core. Without an operating
//! system, [`InPlaceBuffers`] train a network where it lies, [`FineTuneBuffers`] its last layers alone, and
//! [`GradientBuffers`] hold all of a gradient, for any optimizer.

pub(crate) mod fine_tune;
mod forward_pass;
pub(crate) mod gradient_buffers;
pub(crate) mod in_place;
mod loop_state;
#[cfg(feature = "std")]
pub(crate) mod trainer;

pub use fine_tune::{FineTune, FineTuneBuffers};
pub use forward_pass::ForwardPass;
pub use gradient_buffers::GradientBuffers;
pub use in_place::{InPlaceBuffers, TrainInPlace};
#[cfg(feature = "std")]
pub use trainer::{
    Epoch, EpochEnd, Evaluation, History, IntoBox, LearningRateCurve, Progress, Stopped, Trained, Trainer,
    TrainingError, TrainingMemory, Validation, evaluate,
};
