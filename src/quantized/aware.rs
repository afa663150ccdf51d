//! Quantization-aware training: every forward pass rounds weights and activations as the quantized network will.

mod activations;
mod network;
mod weights;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};

pub use activations::FakeQuantize;
pub use network::AwareNetwork;
pub use weights::{FakeWeights, RoundWeights};

#[cfg(feature = "alloc")]
use super::{Calibration, CalibrationError, Quantize, Quantized, Range, conversion};
use crate::image::Image;
use crate::layer::Layer;
use crate::layers::{Bias, Conv, Dense, Residual, Sum, Windows};
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// A network that supports *quantization-aware training*.
///
/// Networks declared with `#[quantizable]` do. Train the network in floats as usual, make it aware with some of the
/// samples, train for another epoch or two with a small learning rate, and quantize the result. The ranges of
/// activations stay those of the first calibration.
///
/// ```
/// use fnn::{DataSet, Error, Trainer, losses::MeanSquaredError, optimizers::Sgd, train::Progress};
///
/// fnn::network! {
///     #[quantizable]
///     struct Small: [2] -> [1] {
///         hidden: Dense(8),
///         Relu,
///         output: Dense(1),
///     }
/// }
///
/// let data = DataSet::from([([0.0, 0.5], [0.5]), ([1.0, 0.25], [1.25]), ([0.5, 0.75], [1.25])]);
/// let trainer = Trainer::new(Small::boxed(1), MeanSquaredError, Sgd::new(0.1)).epochs(300);
/// let trained = trainer.progress(Progress::Silent).fit(&data)?;
/// let aware = trained.network.quantization_aware(data.inputs())?;
/// let trained = Trainer::new(aware, MeanSquaredError, Sgd::new(0.01)).progress(Progress::Silent).fit(&data)?;
/// let quantized = Small::quantize_aware(&trained.network);
/// assert!((quantized.forward(&[1.0, 0.25])[0] - 1.25).abs() < 0.05);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be quantized to int8",
    label = "not quantizable",
    note = "add `#[quantizable]` to the network's declaration"
)]
pub trait QuantizationAware: Layer {
    /// The layer with simulated rounding.
    type Aware: Layer<Scalar = Self::Scalar, Input = Self::Input, Output = Self::Output>;

    /// Writes its weights and the ranges of its activations, in order.
    fn write_aware(&self, aware: &mut Self::Aware, ranges: &mut dyn FnMut() -> [Self::Scalar; 2]);

    /// Copies the weights back, and passes on the ranges.
    fn read_aware(&mut self, aware: &Self::Aware, ranges: &mut dyn FnMut([Self::Scalar; 2]));

    /// The network with simulated rounding, its ranges from the smallest to the largest activation on `samples`, built
    /// in place on the heap.
    ///
    /// # Errors
    /// Those of [`Quantize::quantize`].
    #[cfg(feature = "alloc")]
    fn quantization_aware(&self, samples: &[Self::Input]) -> Result<Box<Aware<Self>>, CalibrationError>
    where
        Self: Quantize,
    {
        self.quantization_aware_by(samples, Calibration::MinMax)
    }

    /// [`quantization_aware`](Self::quantization_aware), with the ranges chosen by `calibration`.
    ///
    /// # Errors
    /// Those of [`Quantize::quantize_by`].
    #[cfg(feature = "alloc")]
    fn quantization_aware_by(
        &self,
        samples: &[Self::Input],
        calibration: Calibration,
    ) -> Result<Box<Aware<Self>>, CalibrationError>
    where
        Self: Quantize,
    {
        const { assert!(!Self::RANGED, "quantization-aware training is for networks, not for a single layer") }
        let mut aware = Aware::<Self>::zeroed_box();
        let (ranges, _) = conversion::calibrate(self, samples, calibration)?;
        let mut ranges = ranges.iter().map(|range| [range.low, range.high]);
        aware.input.range = ranges.next().unwrap_or_default();
        self.write_aware(&mut aware.layers, &mut || ranges.next().unwrap_or_default());
        Ok(aware)
    }

    /// Quantizes a network trained as [`Aware`], built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn quantize_aware(aware: &Aware<Self>) -> Box<Quantized<Self>>
    where
        Self: Quantize,
    {
        let mut network = Self::zeroed_box();
        let mut ranges = Vec::new();
        let mut push = |[low, high]: [f32; 2]| ranges.push(Range { low, high, seen_low: low, seen_high: high });
        push(aware.input.range);
        network.read_aware(&aware.layers, &mut push);
        conversion::quantize(&*network, &ranges).0
    }
}

/// The form of a network for quantization-aware training: see [`QuantizationAware`].
pub type Aware<N> = AwareNetwork<<N as QuantizationAware>::Aware>;

/// Layers with weights: their weights are rounded.
macro_rules! with_weights {
    ([$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> QuantizationAware for $layer {
            type Aware = FakeWeights<Self>;

            fn write_aware(&self, aware: &mut FakeWeights<Self>, _: &mut dyn FnMut() -> [Self::Scalar; 2]) {
                crate::kernels::copy(self.parameters(), aware.layer.parameters_mut());
            }

            fn read_aware(&mut self, aware: &FakeWeights<Self>, _: &mut dyn FnMut([Self::Scalar; 2])) {
                crate::kernels::copy(aware.layer.parameters(), self.parameters_mut());
            }
        }
    };
}
with_weights!([const I: usize, const O: usize, S: Scalar, B: Bias<[S; O]>] Dense<I, O, S, B>);
with_weights!([
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>
] Conv<I, O, W, K, B>);

impl<L> QuantizationAware for Residual<L>
where
    L: QuantizationAware<Input: Sample<Element = L::Scalar>, Output = <L as Layer>::Input>,
{
    type Aware = Residual<L::Aware>;

    fn write_aware(&self, aware: &mut Self::Aware, ranges: &mut dyn FnMut() -> [L::Scalar; 2]) {
        self.inside.write_aware(&mut aware.inside, ranges);
    }

    fn read_aware(&mut self, aware: &Self::Aware, ranges: &mut dyn FnMut([L::Scalar; 2])) {
        self.inside.read_aware(&aware.inside, ranges);
    }
}

impl<S, F, G> QuantizationAware for Sum<F, G>
where
    S: Scalar,
    F: QuantizationAware<Scalar = S, Input: Sample<Element = S>>,
    G: QuantizationAware<Scalar = S, Input = F::Input, Output = F::Output>,
{
    type Aware = Sum<F::Aware, G::Aware>;

    fn write_aware(&self, aware: &mut Self::Aware, ranges: &mut dyn FnMut() -> [S; 2]) {
        self.first.write_aware(&mut aware.first, ranges);
        self.second.write_aware(&mut aware.second, ranges);
    }

    fn read_aware(&mut self, aware: &Self::Aware, ranges: &mut dyn FnMut([S; 2])) {
        self.first.read_aware(&aware.first, ranges);
        self.second.read_aware(&aware.second, ranges);
    }
}
