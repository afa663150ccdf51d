//! The trait of float layers that can be quantized.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};

#[cfg(feature = "alloc")]
use super::affine::{Affine, Line};
#[cfg(feature = "alloc")]
use super::residual::Total;
use super::{Arithmetic, Native, QuantizedLayer, QuantizedNetwork};
#[cfg(feature = "alloc")]
use super::{
    Calibration, CalibrationError, Observer, Quantization, QuantizationReport, Ranges, Signal, conversion, report,
};
use crate::layer::Layer;
#[cfg(feature = "alloc")]
use crate::network::Network;
use crate::shape::Sample;

/// A sample with the shape of `S`, in 8-bit integers.
type Int8<S> = <S as Sample>::Of<i8>;

/// A layer that can be quantized to int8: see [`quantized`](crate::quantized).
///
/// Implemented by networks declared with `#[quantizable]`. `quantize` takes some samples, a few hundred of the training
/// data, to calibrate the ranges of the activations. It is a [`CalibrationError`] if there are none, or if a number in a
/// sample, a weight or an activation is NaN or infinite. `quantize_and_report` reports the error of the result. Quantizing
/// needs the feature `alloc`; the quantized network doesn't.
///
/// ```
/// use fnn::Quantized;
///
/// fnn::network! {
///     #[quantizable]
///     struct Small: [3] -> [2] {
///         hidden: Dense(8),
///         Relu,
///         scores: Dense(2),
///     }
/// }
///
/// let network = Small::seeded(1);
/// let samples = [[0.1, -0.4, 0.7], [0.9, 0.2, -1.0]];
/// let quantized: Quantized<Small> = network.quantize(&samples)?;
/// let (one, other) = (network.forward(&samples[0]), quantized.forward(&samples[0]));
/// assert!((one[0] - other[0]).abs() < 0.03);
/// assert_eq!(quantized.layers.hidden.filters.weight.len(), 8);
/// # Ok::<(), fnn::quantized::CalibrationError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be quantized to int8",
    label = "not quantizable",
    note = "add `#[quantizable]` to the network's declaration"
)]
pub trait Quantize: Layer<Scalar = f32, Input: Sample<Element = f32>, Output: Sample<Element = f32>> {
    /// The quantized layer, in the arithmetic `A`.
    type Quantized<A: Arithmetic>: QuantizedLayer<Input = Int8<Self::Input>, Output = Int8<Self::Output>>;

    /// Whether the output has a range of its own, other than that of the input or of an inner layer.
    const RANGED: bool = true;

    /// Computes the outputs, and passes the activations of inner layers to `observer`. By default, there are none.
    #[cfg(feature = "alloc")]
    fn observe(&self, inputs: &[Self::Input], _observer: &mut Observer) -> Vec<Self::Output> {
        self.forward_all(inputs)
    }

    /// Writes the integers, given the input and the ranges of the activations. Returns the output.
    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal;

    /// Whether it is a concatenation, which, inside another one, is quantized like that.
    #[doc(hidden)]
    const JOINED: bool = false;

    /// Whether it is a sum, which, as the second branch of another one, is quantized with that.
    #[doc(hidden)]
    const ADDED: bool = false;

    /// As a branch of a concatenation or a sum: [`quantize_into`](Self::quantize_into), but for the quantization of the
    /// output.
    #[cfg(feature = "alloc")]
    #[doc(hidden)]
    fn quantize_branches(
        &self,
        quantized: &mut Self::Quantized<Native>,
        input: Signal,
        ranges: &mut Ranges<'_>,
        branches: &mut Vec<Signal>,
    ) {
        branches.push(self.quantize_into(quantized, input, ranges));
    }

    /// As a branch of a concatenation: how its outputs are rescaled to the quantization of the whole.
    #[cfg(feature = "alloc")]
    #[doc(hidden)]
    fn join_branches(
        &self,
        _quantized: &mut Self::Quantized<Native>,
        branches: &mut core::slice::Iter<'_, Signal>,
        output: Quantization,
    ) -> Affine {
        let branch = branches.next().map_or(output, |branch| branch.quantization);
        Line::IDENTITY.between(branch, output)
    }

    /// As a branch of a sum: writes its factors, if it is a sum itself; otherwise, returns its own.
    #[cfg(feature = "alloc")]
    #[doc(hidden)]
    fn add_branches(&self, _quantized: &mut Self::Quantized<Native>, total: &mut Total<'_>) -> i32 {
        total.factor()
    }

    /// Quantizes the network, with ranges from the smallest to the largest activation on `samples`. A result of more
    /// than 256 KiB is a compile error.
    ///
    /// # Errors
    /// If there are no samples, or a number in a sample, a weight or an activation isn't finite.
    #[cfg(feature = "alloc")]
    fn quantize(&self, samples: &[Self::Input]) -> Result<Quantized<Self>, CalibrationError> {
        self.quantize_by(samples, Calibration::MinMax)
    }

    /// Quantizes the network, calibrated on `samples` by `calibration`. A result of more than 256 KiB is a compile
    /// error.
    ///
    /// # Errors
    /// Those of [`quantize`](Self::quantize), and if the share of [`Calibration::Percentile`] is invalid.
    #[cfg(feature = "alloc")]
    fn quantize_by(
        &self,
        samples: &[Self::Input],
        calibration: Calibration,
    ) -> Result<Quantized<Self>, CalibrationError> {
        const { assert_small::<Quantized<Self>>() }
        Ok(*self.quantize_boxed(samples, calibration)?)
    }

    /// Quantizes the network in place on the heap, at any size.
    ///
    /// # Errors
    /// Those of [`quantize_by`](Self::quantize_by).
    #[cfg(feature = "alloc")]
    fn quantize_boxed(
        &self,
        samples: &[Self::Input],
        calibration: Calibration,
    ) -> Result<Box<Quantized<Self>>, CalibrationError> {
        let (ranges, _) = conversion::calibrate(self, samples, calibration)?;
        Ok(conversion::quantize(self, &ranges).0)
    }

    /// [`quantize_boxed`](Self::quantize_boxed), with a report of the errors on those samples.
    ///
    /// # Errors
    /// Those of [`quantize_by`](Self::quantize_by).
    #[cfg(feature = "alloc")]
    fn quantize_and_report(
        &self,
        samples: &[Self::Input],
        calibration: Calibration,
    ) -> Result<(Box<Quantized<Self>>, QuantizationReport), CalibrationError> {
        let (ranges, seen) = conversion::calibrate(self, samples, calibration)?;
        let (quantized, signals) = conversion::quantize(self, &ranges);
        let report = report::report(self, &quantized, samples, (seen, &signals));
        Ok((quantized, report))
    }
}

/// The quantized form of a network, in the arithmetic `A`: see [`Quantize`] and [`Arithmetic`].
pub type Quantized<N, A = Native> = QuantizedNetwork<<N as Quantize>::Quantized<A>, A>;

/// Checks at compile time that a network may pass through the stack.
#[cfg(feature = "alloc")]
#[track_caller]
const fn assert_small<L>() {
    assert!(
        size_of::<L>() <= 256 * 1024,
        "the quantized network is too large for the stack: build it on the heap with `quantize_boxed(…)`"
    );
}
