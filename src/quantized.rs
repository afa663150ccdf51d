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

mod arithmetic;
#[cfg(feature = "alloc")]
mod calibration;
#[cfg(feature = "alloc")]
pub(crate) mod conversion;
mod dense;
mod filters;
pub(crate) mod layer;
mod network;
mod products;
mod quantize;

pub use arithmetic::{Multiplier, Quantization};
#[cfg(feature = "alloc")]
pub use calibration::{Calibration, Observer, Range, Ranges, Signal};
pub use dense::Dense;
pub use filters::Filters;
pub use layer::{QuantizedLayer, Trace};
pub use network::QuantizedNetwork;
pub use quantize::{Quantize, Quantized};
