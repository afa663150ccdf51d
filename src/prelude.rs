//! What most programs use: `use fnn::prelude::*;`.
//!
//! Networks and their methods, losses, optimizers, the trainer, and the buffers for custom training loops. Layer types
//! are in [`layers`](crate::layers); everything else is in the module of its name.

#[cfg(feature = "std")]
pub use crate::data::Source;
pub use crate::losses::{
    BinaryCrossEntropy, BinaryFocal, CosineSimilarity, CrossEntropy, Focal, Hinge, Huber, KullbackLeibler, Loss,
    MeanAbsoluteError, MeanSquaredError, WeightedCrossEntropy,
};
pub use crate::metrics;
pub use crate::network::FoldBatchNorm;
pub use crate::optimizers::{
    Adagrad, Adam, AdamW, AmsGrad, Decay, Lion, MovingAverage, Optimizer, Plateau, RmsProp, Schedule, Scheduled, Sgd,
};
#[cfg(feature = "alloc")]
pub use crate::quantized::Calibration;
pub use crate::quantized::{QuantizationAware, Quantize};
pub use crate::train::{FineTune, FineTuneBuffers, GradientBuffers, InPlaceBuffers, TrainInPlace};
#[cfg(feature = "std")]
pub use crate::train::{Progress, evaluate};
#[cfg(feature = "std")]
pub use crate::{DataSet, Error, Trainer};
pub use crate::{Folded, Initializer, Layer, Network, Parameters, Quantized, Random, Scalar, gradient_check};
