//! Networks in 8 bits: integers for weights and for what flows between layers.
//!
//! Weights are integers from −127 to 127 with a scale for each output of a layer, activations integers from −128 to 127
//! with a [`Quantization`] for all of one layer's, sums and biases have 32 bits. What a layer's sums become as 8-bit
//! integers is one multiplication and one shift, without floating point. So results are the same bits on any machine.
//!
//! The scheme is that of TensorFlow Lite's "8-bit quantization specification"
//! (<https://ai.google.dev/edge/litert/models/quantization_spec>), with its integer arithmetic in the single-rounding form;
//! Jacob and others, "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
//! CVPR 2018. Weights have a scale for each output in dense layers too.

mod activation;
mod arithmetic;
pub(crate) mod aware;
#[cfg(feature = "alloc")]
mod calibration;
mod conv;
#[cfg(feature = "alloc")]
pub(crate) mod conversion;
mod dense;
#[cfg(any(fnn_dsp, test))]
mod dsp;
mod filters;
mod gather;
pub(crate) mod layer;
mod network;
mod pool;
mod products;
mod quantize;
#[cfg(feature = "alloc")]
mod report;
mod residual;
mod softmax;

pub use activation::Activation;
pub use arithmetic::{Multiplier, Quantization};
pub use aware::{Aware, AwareNetwork, FakeQuantize, FakeWeights, QuantizationAware, RoundWeights};
#[cfg(feature = "alloc")]
pub use calibration::{Calibration, Observer, Range, Ranges, Signal};
pub use conv::Conv;
pub use dense::Dense;
pub use filters::Filters;
pub use layer::{Integers, QuantizedLayer, Trace, Visitor};
pub use network::QuantizedNetwork;
pub use pool::{AvgPool, GlobalAvgPool, MaxPool};
pub(crate) use products::LONGEST_SUM;
pub use quantize::{Quantize, Quantized};
#[cfg(feature = "alloc")]
pub use report::{Activation as ActivationReport, QuantizationReport};
pub use residual::{ProjectedResidual, Residual, Sum};
pub use softmax::Softmax;
