//! Quantized normalization by constants: batch normalization where it doesn't follow a layer that it can be folded
//! into, and the normalization of inputs.

use super::affine::maps;
#[cfg(feature = "alloc")]
use super::affine::{Line, write_maps};
use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Quantization, Ranges, Signal};
use crate::chunks::Chunks;
use crate::image::Channels;
use crate::layers;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::Sample;
#[cfg(feature = "alloc")]
use crate::weights::parameters::Parameters;

/// One number for each channel.
type Each<A, E> = <<A as Channels>::Each as Sample>::Of<E>;

/// A quantized [`BatchNorm`](crate::layers::BatchNorm) or [`Normalize`](crate::layers::Normalize), fused with a clipping
/// activation right after it: a factor and an offset for each channel, as in [`Affine`](super::Affine).
///
/// A batch norm right after a layer with weights is folded into them instead.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct BatchNorm<A: Channels> {
    /// The factor of each channel, times 2^shift.
    pub factor: Each<A, i32>,
    /// The offset of each channel plus a half, times 2^shift.
    pub offset: Each<A, i32>,
    /// The fractional bits of each channel.
    pub shift: Each<A, u8>,
}

// SAFETY: all fields are arrays of integers.
unsafe impl<A: Channels> Pod for BatchNorm<A> {}

crate::stored!([A: Channels] BatchNorm<A> {
    "factor": factor: Each<A, i32>;
    "offset": offset: Each<A, i32>;
    "shift": shift: Each<A, u8>;
}, &[("shape", A::SHAPE)]);

impl<A: Channels<Element = f32>> QuantizedLayer for BatchNorm<A> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        let maps = maps(&self.factor, &self.offset, &self.shift);
        let x = x.elements().blocks(A::SPACE.max(1));
        let y = y.elements_mut().blocks_mut(A::SPACE.max(1));
        for ((x, y), affine) in x.zip(y).zip(maps) {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = affine.apply(x);
            }
        }
    }
}

impl<A, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool> Quantize
    for layers::BatchNorm<A, EPSILON, MOMENTUM, FROZEN>
where
    A: Channels<Element = f32>,
{
    type Quantized<R: Arithmetic> = R::BatchNorm<A>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        quantized.set(input, ranges, || {
            self.channels().map(|channel| Line {
                factor: channel.factor.into(),
                offset: f64::from(channel.bias) - f64::from(channel.mean) * f64::from(channel.factor),
            })
        })
    }
}

impl<A: Channels<Element = f32>> Quantize for layers::Normalize<A> {
    type Quantized<R: Arithmetic> = BatchNorm<A>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let constants = || self.mean.parameters().iter().zip(self.deviation.parameters());
        quantized.set(input, ranges, || {
            constants().map(|(&mean, &deviation)| Line {
                factor: 1.0 / f64::from(deviation),
                offset: -f64::from(mean) / f64::from(deviation),
            })
        })
    }
}

#[cfg(feature = "alloc")]
impl<A: Channels> BatchNorm<A> {
    /// Quantizes a line for each channel.
    fn set<L: Iterator<Item = Line>>(
        &mut self,
        input: Signal,
        ranges: &mut Ranges<'_>,
        lines: impl Fn() -> L,
    ) -> Signal {
        let range = ranges.take();
        let scales = lines().map(|line| line.smallest_scale(input.quantization));
        let output = Quantization::of_range(range.low, range.high).at_least(scales.fold(0.0, f32::max));
        let maps = (&mut self.factor, &mut self.offset, &mut self.shift);
        let error = write_maps(lines(), &input, output, maps);
        Signal::rounded(output, range, error)
    }
}

aware_unrounded!([S: Scalar, A: Channels<Element = S>, const EPSILON: u64, const MOMENTUM: u64, const FROZEN: bool]
    layers::BatchNorm<A, EPSILON, MOMENTUM, FROZEN>);
aware_unrounded!([S: Scalar, A: Channels<Element = S>] layers::Normalize<A>);
