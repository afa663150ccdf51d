//! Networks quantized to int8: integer weights and activations.
//!
//! Weights are integers from −127 to 127 with a scale for each output of a layer, activations integers from −128 to 127
//! with one [`Quantization`] per layer; sums and biases have 32 bits. Requantizing a sum to 8 bits takes one
//! multiplication and one shift, without floating point. So results are the same bits on any machine.
//!
//! The scheme is that of TensorFlow Lite's "8-bit quantization specification"
//! (<https://ai.google.dev/edge/litert/models/quantization_spec>); Jacob and others, "Quantization and training of
//! neural networks for efficient integer-arithmetic-only inference", CVPR 2018. Weights have a scale for each output in
//! dense layers too.
//!
//! # Arithmetic
//! Where a network rounds is its [`Arithmetic`]. Networks that are quantized here have [`Native`]: every sum is rounded
//! once, `⌊sum · factor + ½⌋`. For dense layers, so do TensorFlow Lite's reference kernels; they round convolutions twice,
//! and compute sums, means and softmax in other ways. Imported TensorFlow Lite models have [`TfliteReference`], the
//! arithmetic of those kernels: `Quantized<Net, TfliteReference>` gives the same integers. A network contains the code of
//! its own arithmetic alone.
//!
//! No sum overflows its 32 bits: a layer that adds up more than 33,026 products is a compile error.
//!
//! # What can't be quantized
//! `LayerNorm`, `RmsNorm`, `GroupNorm` and `LocalResponseNorm`: their mean and variance are those of each sample, so that integers
//! would need a root and a division for each row or number, and TensorFlow Lite and ONNX Runtime compute them in floating point
//! too. `Embedding`: its inputs are tokens, not numbers; put the network behind it in int8. All other kinds are, as the table of
//! [`network!`](crate::network!) says.
//!
//! # How accurate it is
//! LeNet on MNIST's 10,000 test digits, trained for 5 epochs, and 2 more where the table says so; 177,704 bytes in
//! `f32`, 46,360 in int8, of which 44,190 are weights. The example `quantize` prints these figures (here on x86-64 with
//! AVX-512), and a report for each layer:
//!
//! | seed | `f32` | min–max | 99.99 % | squared error | quantization-aware | `f32`, trained as long |
//! |---|---|---|---|---|---|---|
//! | 1 | 99.00 % | 99.02 % | 99.01 % | 99.01 % | 99.14 % | 99.12 % |
//! | 2 | 98.99 % | 98.96 % | 99.00 % | 99.00 % | 99.00 % | 99.01 % |
//! | 3 | 99.10 % | 99.06 % | 99.05 % | 99.08 % | 99.02 % | 99.02 % |
//!
//! # In firmware
//! On the workstation, [`save`](QuantizedNetwork::save) the network. In the firmware, declare
//! `static NET: Quantized<Net> = include_quantized!("net.int8" as Net);`, which lies in flash; or
//! [`read`](QuantizedNetwork::read) a file that lies there. [`forward_integers`](QuantizedNetwork::forward_integers)
//! returns the same bits on both.
//!
//! # Files
//! A file of a quantized network is a safetensors file whose data section is the network as it lies in memory, aligned
//! to 16 bytes: [`read`](QuantizedNetwork::read) uses it in place. Each array is a tensor with a dotted name
//! (`conv1.weight` of type `I8`, `conv1.bias` of type `I32`, …); padding is a tensor too (`conv1.weight.padding`). The
//! quantization of inputs and outputs is `network-input.scale` and so on. In the metadata, `fnn.content` is `int8`,
//! `fnn.format` is `1`, `fnn.arithmetic` names how sums are requantized, `fnn.structure` lists the layers with their
//! attributes and shapes, and `fnn.checksum` is the hash XXH32 of the data section. All of it must match.

/// In quantization-aware training, a layer without weights whose outputs aren't rounded stays as it is.
macro_rules! aware_without_weights {
    ([$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> crate::quantized::QuantizationAware for $layer {
            type Aware = Self;

            fn write_aware(&self, _: &mut Self, _: &mut dyn FnMut() -> [Self::Scalar; 2]) {}

            fn read_aware(&mut self, _: &Self, _: &mut dyn FnMut([Self::Scalar; 2])) {}
        }
    };
}

/// In quantization-aware training, a layer whose weights aren't rounded to 8 bits stays as it is.
macro_rules! aware_unrounded {
    ([$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> crate::quantized::QuantizationAware for $layer {
            type Aware = Self;

            fn write_aware(&self, aware: &mut Self, _: &mut dyn FnMut() -> [Self::Scalar; 2]) {
                use crate::weights::parameters::Parameters;
                crate::kernels::copy(self.parameters(), aware.parameters_mut());
            }

            fn read_aware(&mut self, aware: &Self, _: &mut dyn FnMut([Self::Scalar; 2])) {
                use crate::weights::parameters::Parameters;
                crate::kernels::copy(aware.parameters(), self.parameters_mut());
            }
        }
    };
}

mod activation;
mod affine;
mod arithmetic;
pub(crate) mod aware;
mod batch_norm;
#[cfg(feature = "alloc")]
mod calibration;
#[cfg(feature = "alloc")]
mod calibration_error;
mod concat;
mod conv;
#[cfg(feature = "alloc")]
pub(crate) mod conversion;
mod dense;
#[cfg(all(test, feature = "alloc"))]
mod drawn;
#[cfg(any(fnn_dsp, test))]
mod dsp;
pub(crate) mod file;
mod filters;
mod gather;
#[cfg(fnn_integer_dot)]
mod integer_dot;
pub(crate) mod layer;
mod log_softmax;
mod moves;
mod network;
mod pool;
mod prelu;
mod product;
mod products;
mod quantization;
mod quantize;
#[cfg(feature = "alloc")]
mod report;
mod requantization;
mod residual;
mod resize;
mod softmax;
pub(crate) mod stream;
pub mod tflite;
#[cfg(any(fnn_without_vectors, test))]
mod tile;
mod zero_pad;

pub use activation::Activation;
pub use affine::{Affine, Rescale};
pub use arithmetic::{Arithmetic, Native, Onnx, TfliteReference};
pub use aware::{Aware, AwareNetwork, FakeQuantize, FakeWeights, QuantizationAware, RoundWeights};
pub use batch_norm::BatchNorm;
#[cfg(feature = "alloc")]
pub use calibration::{Calibration, Observer, Range, Ranges, Signal};
#[cfg(feature = "alloc")]
pub use calibration_error::CalibrationError;
pub use concat::Concat;
pub use conv::Conv;
pub use dense::Dense;
pub use filters::Filters;
pub use layer::{QuantizedLayer, Trace};
pub use log_softmax::LogSoftmax;
pub use network::QuantizedNetwork;
pub use pool::{AvgPool, GlobalAvgPool};
pub use prelu::PRelu;
pub use product::{MultipliedBranches, Products};
pub(crate) use products::LONGEST_SUM;
pub use quantization::{Multiplier, Quantization};
pub use quantize::{Quantize, Quantized};
#[cfg(feature = "alloc")]
pub use report::{ActivationReport, QuantizationReport};
pub use requantization::{Once, Requantize};
pub use residual::{AddedBranches, Addition, Residual, Sum};
pub use softmax::Softmax;
pub use zero_pad::ZeroPad;

use crate::shape::{Sample, Shape};
pub use crate::stored;
pub use crate::weights::stored::{Content, Dtype, Numbers, NumbersVisitor, Part, Stored, StoredNumber};
use crate::window::{Axis, Windows};

/// What distinguishes layers that slide a window: the shapes of their input and output, and how the window slides.
const fn attributes<I: Sample, O: Sample, K: Windows>() -> [(&'static str, Shape); 7] {
    const fn pair(rows: usize, columns: usize) -> Shape {
        Shape::SCALAR.repeated(columns).repeated(rows)
    }
    let (Axis { kernel, stride, before, after, dilation }, columns) = (K::ROWS, K::COLUMNS);
    [
        ("input", I::SHAPE),
        ("output", O::SHAPE),
        ("kernel", pair(kernel, columns.kernel)),
        ("stride", pair(stride, columns.stride)),
        ("before", pair(before, columns.before)),
        ("after", pair(after, columns.after)),
        ("dilation", pair(dilation, columns.dilation)),
    ]
}

/// The checksum of the data of an int8 file, which its metadata has as `fnn.checksum` in eight hexadecimal digits: XXH32
/// with seed 0. For programs that write such files.
///
/// ```
/// assert_eq!(fnn::quantized::checksum(b""), 0x02cc_5d05);
/// ```
#[must_use]
pub const fn checksum(data: &[u8]) -> u32 {
    crate::hash::xxh32(data)
}
