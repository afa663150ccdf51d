#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;
extern crate self as fnn;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod apart;
mod backpropagation;
#[cfg(feature = "std")]
pub mod data;
mod descent;
#[cfg(feature = "std")]
mod error;
mod fine_tune;
mod fold;
mod gradient_check;
mod image;
mod in_place;
mod initializer;
mod kernels;
mod layer;
pub mod layers;
mod layout;
mod loss;
mod memory;
pub mod metrics;
mod network;
mod optimizer;
mod parameters;
mod plain;
pub mod quantized;
mod random;
mod real;
mod scalar;
mod sentence;
mod shape;
mod summary;
#[cfg(feature = "std")]
mod train;
mod verdict;
mod weights;
mod window;

pub use backpropagation::Backpropagation;
#[cfg(feature = "std")]
pub use data::DataSet;
#[cfg(feature = "std")]
pub use error::Error;
pub use fine_tune::{FineTune, FineTuning};
pub use fnn_macros::Parameters;
pub use fold::{FoldBatchNorm, Folded};
pub use gradient_check::{Deviation, Report, gradient_check};
pub use in_place::{InPlace, TrainInPlace};
pub use initializer::Initializer;
pub use kernels::{Operation, Portable, Simd, dispatch};
pub use layer::{Chance, Layer, Pass, Recorded, Row};
pub use layout::{Layout, Part};
pub use loss::{
    BinaryCrossEntropy, BinaryFocal, CosineSimilarity, CrossEntropy, Focal, Hinge, Huber, KullbackLeibler, Loss,
    MeanAbsoluteError, MeanSquaredError, Term, WeightedCrossEntropy,
};
pub use network::Network;
pub use optimizer::{
    Adagrad, Adam, AdamW, AmsGrad, Clip, DecayWeightsOnly, Lion, Momentum, MovingAverage, Optimizer, Penalty, Plateau,
    RmsProp, Schedule, Scheduled, Sgd, State, gradient_norm,
};
pub use parameters::{Name, Parameters, Role, Roles, Visitor};
pub use plain::Plain;
#[cfg(feature = "alloc")]
pub use quantized::Calibration;
pub use quantized::{Aware, QuantizationAware, Quantize, Quantized};
pub use random::Random;
pub use real::Real;
pub use scalar::Scalar;
pub use shape::{Sample, Shape};
pub use summary::Summary;
#[cfg(feature = "std")]
pub use train::{
    Epoch, Evaluation, History, IntoBox, LearningRateCurve, Progress, Trained, Trainer, TrainingError, TrainingMemory,
    evaluate,
};
pub use weights::WeightsError;

#[doc = include_str!("network.md")]
#[macro_export]
macro_rules! network {
    ($($declaration:tt)*) => {
        $crate::__private::declare! { [$crate] $($declaration)* }
    };
}
