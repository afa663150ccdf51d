//! That a float layer has a form in 8 bits.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};

#[cfg(feature = "alloc")]
use super::{Calibration, Observer, QuantizationReport, Ranges, Signal, conversion, report};
use super::{QuantizedLayer, QuantizedNetwork};
use crate::layer::Layer;
#[cfg(feature = "alloc")]
use crate::network::Network;
use crate::shape::Sample;

/// A layer that has a form in 8 bits: see [`quantized`](crate::quantized).
///
/// Networks have one that are declared with `#[quantizable]`. `quantize` takes some samples, a few hundred of those that
/// the network was trained with, to see how large the numbers between layers are; those that are infinite or undefined
/// are left out. Without any, nothing is known of the numbers, and all of them become 0: `quantize_and_report` tells how
/// far off a result is. It needs the feature `alloc`; what comes of it doesn't.
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
/// let quantized: Quantized<Small> = network.quantize(&samples);
/// let (one, other) = (network.forward(&samples[0]), quantized.forward(&samples[0]));
/// assert!((one[0] - other[0]).abs() < 0.03);
/// assert_eq!(quantized.layers.hidden.filters.weight.len(), 8);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be quantized to int8",
    label = "not quantizable",
    note = "add `#[quantizable]` to the network's declaration"
)]
pub trait Quantize: Layer<Scalar = f32, Input: Sample<Element = f32>> {
    /// The form in 8 bits.
    type Quantized: QuantizedLayer;

    /// Whether what comes out has a range of its own, which is not that of what goes in or of something inside.
    const RANGED: bool = true;

    /// Compute, and show what is inside of the layer to `observer`. As provided, nothing is.
    #[cfg(feature = "alloc")]
    fn observe(&self, inputs: &[Self::Input], _observer: &mut Observer) -> Vec<Self::Output> {
        self.forward_all(inputs)
    }

    /// Write the integers, given what goes in, and the ranges of what comes inside and out. Tells what comes out.
    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized, input: Signal, ranges: &mut Ranges<'_>) -> Signal;

    /// The network in 8 bits, calibrated on `samples` from the smallest to the largest number that flows. Up to 256 KiB,
    /// which is a compile error beyond.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn quantize(&self, samples: &[Self::Input]) -> Quantized<Self> {
        self.quantize_by(samples, Calibration::MinMax)
    }

    /// The network in 8 bits, calibrated on `samples`. Up to 256 KiB, which is a compile error beyond.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn quantize_by(&self, samples: &[Self::Input], calibration: Calibration) -> Quantized<Self> {
        const { assert_small::<Quantized<Self>>() }
        *self.quantize_boxed(samples, calibration)
    }

    /// The network in 8 bits, built in place on the heap, whatever its size.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn quantize_boxed(&self, samples: &[Self::Input], calibration: Calibration) -> Box<Quantized<Self>> {
        let seen = conversion::observe(self, samples);
        conversion::quantize(self, &conversion::ranges(&seen, calibration)).0
    }

    /// [`quantize_boxed`](Self::quantize_boxed), and how far the result is off on those samples.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn quantize_and_report(
        &self,
        samples: &[Self::Input],
        calibration: Calibration,
    ) -> (Box<Quantized<Self>>, QuantizationReport) {
        let seen = conversion::observe(self, samples);
        let (quantized, signals) = conversion::quantize(self, &conversion::ranges(&seen, calibration));
        let report = report::report(self, &quantized, samples, (seen, &signals));
        (quantized, report)
    }
}

/// The form that a network has in 8 bits: see [`Quantize`].
pub type Quantized<N> = QuantizedNetwork<<N as Quantize>::Quantized>;

/// Judge, at compile time, that a network may pass through the stack.
#[cfg(feature = "alloc")]
#[track_caller]
const fn assert_small<L>() {
    assert!(
        size_of::<L>() <= 256 * 1024,
        "the quantized network is too large for the stack: build it on the heap with `quantize_boxed(…)`"
    );
}
