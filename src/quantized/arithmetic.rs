//! The arithmetics of quantized networks: which integers a layer computes where rounding leaves a choice.

use core::fmt::Debug;

use super::{
    Addition, Affine, BatchNorm, GlobalAvgPool, LogSoftmax, Once, PRelu, QuantizedLayer, Requantize, Rescale, Softmax,
    Sum, tflite,
};
use crate::image::Image;
use crate::layers::{self, Channels};
use crate::shape::Sample;

/// Which integers a quantized network computes.
///
/// Two programs that run the same 8-bit network agree on the last bit only if they round in the same places. The
/// arithmetic is therefore part of a quantized network's type, [`Quantized<N, A>`](super::Quantized), and of its file,
/// which is read only as a network of that arithmetic. A network contains the code of its own arithmetic alone.
///
/// The trait is sealed: [`Native`] is the arithmetic of networks that are quantized here, [`TfliteReference`] that of
/// imported TensorFlow Lite models, [`Onnx`] that of imported ONNX models.
pub trait Arithmetic: sealed::Sealed + Copy + Debug + PartialEq + Send + Sync + 'static {
    /// Its name in files.
    const NAME: &'static str;

    /// How dense layers round.
    type Dense: Requantize;
    /// How convolutions round.
    type Convolution: Requantize;
    /// How two tensors are added.
    type Sum: Addition;
    /// How the outputs of branches are brought to the quantization of a concatenation.
    type Branch: Rescale;
    /// Softmax of each row of N numbers.
    type Softmax<const N: usize, S: Sample<Element = f32>>: QuantizedLayer<Input = S::Of<i8>, Output = S::Of<i8>>;
    /// The logarithms of softmax of each row.
    type LogSoftmax<const N: usize, S: Sample<Element = f32>>: QuantizedLayer<Input = S::Of<i8>, Output = S::Of<i8>>;
    /// The rectifier with slopes of the shape of `P`.
    type PRelu<C, P>: QuantizedLayer<Input = C::Of<i8>, Output = C::Of<i8>>
    where
        C: Channels<Element = f32>,
        P: Sample<Element = f32>;
    /// A batch norm that isn't folded.
    type BatchNorm<C: Channels<Element = f32>>: QuantizedLayer<Input = C::Of<i8>, Output = C::Of<i8>>;
    /// The mean of each channel.
    type GlobalAvgPool<C: Channels<Element = f32>>: QuantizedLayer<Input = C::Of<i8>, Output = <C::Each as Sample>::Of<i8>>;
    /// Linear interpolation.
    type Resize<I, O, const ALIGN_CORNERS: bool>: QuantizedLayer<Input = I::Of<i8>, Output = O::Of<i8>>
    where
        I: Image<Element = f32>,
        O: Image<Element = f32>;
}

/// The arithmetic of networks that are quantized here: every sum is rounded once, halves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native;

impl Arithmetic for Native {
    const NAME: &'static str = "native";

    type Dense = Once;
    type Convolution = Once;
    type Sum = Sum;
    type Branch = Affine;
    type Softmax<const N: usize, S: Sample<Element = f32>> = Softmax<N, S>;
    type LogSoftmax<const N: usize, S: Sample<Element = f32>> = LogSoftmax<N, S>;
    type PRelu<C: Channels<Element = f32>, P: Sample<Element = f32>> = PRelu<C, P>;
    type BatchNorm<C: Channels<Element = f32>> = BatchNorm<C>;
    type GlobalAvgPool<C: Channels<Element = f32>> = GlobalAvgPool<C>;
    type Resize<I: Image<Element = f32>, O: Image<Element = f32>, const ALIGN_CORNERS: bool> =
        layers::Resize<I, O, ALIGN_CORNERS>;
}

/// The arithmetic of TensorFlow Lite's reference kernels: the same integers as an interpreter with
/// `OpResolverType.BUILTIN_REF`.
///
/// Convolutions are rounded twice, halves away from zero the second time; dense layers once, halves up; sums, means and
/// softmax as described at their types. TensorFlow Lite's other kernels differ from these by a step here and there:
/// the optimized ones round convolutions and dense layers twice, halves up, and XNNPACK, the default, multiplies in
/// `f32`.
///
/// Networks of this arithmetic are written by importers, with the integers of the imported file. See
/// [`tflite`](super::tflite).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TfliteReference;

impl Arithmetic for TfliteReference {
    const NAME: &'static str = "tflite-reference";

    type Dense = tflite::Once;
    type Convolution = tflite::Twice;
    type Sum = tflite::Sum;
    type Branch = tflite::Unscaled;
    type Softmax<const N: usize, S: Sample<Element = f32>> = tflite::Softmax<N, S>;
    type LogSoftmax<const N: usize, S: Sample<Element = f32>> = tflite::LogSoftmax<N, S>;
    type PRelu<C: Channels<Element = f32>, P: Sample<Element = f32>> = tflite::PRelu<C, P>;
    type BatchNorm<C: Channels<Element = f32>> = tflite::BatchNorm<C>;
    type GlobalAvgPool<C: Channels<Element = f32>> = tflite::Mean<C>;
    type Resize<I: Image<Element = f32>, O: Image<Element = f32>, const ALIGN_CORNERS: bool> =
        tflite::Resize<I, O, ALIGN_CORNERS>;
}

/// The arithmetic of networks that are imported from quantized ONNX models: every sum of products is rounded once, halves
/// up, by factors of any size.
///
/// ONNX Runtime computes such models in floating point or in integers, depending on its version and the processor, and
/// rounds halves to even. So its integers may differ from those of this arithmetic by one step, where a product lies halfway
/// between two integers up to the rounding error of a 32-bit float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onnx;

impl Arithmetic for Onnx {
    const NAME: &'static str = "onnx";

    type Dense = tflite::Once;
    type Convolution = tflite::Once;
    type Sum = tflite::Sum;
    type Branch = tflite::Unscaled;
    type Softmax<const N: usize, S: Sample<Element = f32>> = tflite::Softmax<N, S>;
    type LogSoftmax<const N: usize, S: Sample<Element = f32>> = tflite::LogSoftmax<N, S>;
    type PRelu<C: Channels<Element = f32>, P: Sample<Element = f32>> = PRelu<C, P>;
    type BatchNorm<C: Channels<Element = f32>> = BatchNorm<C>;
    type GlobalAvgPool<C: Channels<Element = f32>> = tflite::Mean<C, tflite::Once>;
    type Resize<I: Image<Element = f32>, O: Image<Element = f32>, const ALIGN_CORNERS: bool> =
        layers::Resize<I, O, ALIGN_CORNERS>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Native {}
    impl Sealed for super::Onnx {}
    impl Sealed for super::TfliteReference {}
}
