//! The quantized rectifier with learned slopes.

use core::marker::PhantomData;

use super::affine::maps;
#[cfg(feature = "alloc")]
use super::affine::{Line, write_maps};
use super::{Affine, Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Quantization, Ranges, Signal};
use crate::chunks::Chunks;
use crate::image::Channels;
use crate::layers;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// A quantized [`PRelu`](crate::layers::PRelu): a factor for numbers above 0, and one for each slope, as in [`Affine`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct PRelu<A, P: Sample> {
    /// The integer that represents 0 in the input.
    pub zero_point: i32,
    /// How numbers above 0 are rescaled.
    pub positive: Affine,
    /// The factor below 0 for each slope, times 2^shift.
    pub factor: P::Of<i32>,
    /// The offset for each slope, plus a half, times 2^shift.
    pub offset: P::Of<i32>,
    /// The fractional bits for each slope.
    pub shift: P::Of<u8>,
    shape: PhantomData<A>,
}

// SAFETY: all fields that aren't empty are integers or arrays of them.
unsafe impl<A: Sample, P: Sample> Pod for PRelu<A, P> {}

crate::stored!([A: Sample, P: Sample] PRelu<A, P> {
    "zero_point": zero_point: i32;
    "positive": positive: Affine;
    "factor": factor: P::Of<i32>;
    "offset": offset: P::Of<i32>;
    "shift": shift: P::Of<u8>;
}, &[("shape", A::SHAPE)]);

impl<A: Channels<Element = f32>, P: Sample<Element = f32>> QuantizedLayer for PRelu<A, P> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        let slopes = maps(&self.factor, &self.offset, &self.shift);
        let share = const { layers::slope_of::<A, P>() };
        let x = x.elements().blocks(share.max(1));
        let y = y.elements_mut().blocks_mut(share.max(1));
        for ((x, y), negative) in x.zip(y).zip(slopes) {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = if i32::from(x) > self.zero_point { self.positive.apply(x) } else { negative.apply(x) };
            }
        }
    }
}

impl<A, P> Quantize for layers::PRelu<A, P>
where
    A: Channels<Element = f32>,
    P: Sample<Element = f32> + Parameters<Scalar = f32>,
{
    type Quantized<R: Arithmetic> = R::PRelu<A, P>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let slopes = || self.weight.parameters().iter().map(|&slope| Line { factor: slope.into(), offset: 0.0 });
        let range = ranges.take();
        let lines = slopes().chain([Line::IDENTITY]);
        let scales = lines.map(|line| line.smallest_scale(input.quantization));
        let output = Quantization::of_range(range.low, range.high).at_least(scales.fold(0.0, f32::max));
        quantized.zero_point = input.quantization.zero_point;
        quantized.positive = Line::IDENTITY.between(input.quantization, output);
        let positive = Line::IDENTITY.error(input.error, quantized.positive, output);
        let maps = (&mut quantized.factor, &mut quantized.offset, &mut quantized.shift);
        let negative = write_maps(slopes(), &input, output, maps);
        Signal::rounded(output, range, positive.max(negative))
    }
}

aware_unrounded!([S: Scalar, A: Channels<Element = S>, P: Sample<Element = S> + Parameters<Scalar = S>]
    layers::PRelu<A, P>);
