//! The rectifier with learned slopes.

use core::marker::PhantomData;

use super::super::layer::{QuantizedLayer, Trace};
use super::rounding::{Clipped, Factor};
use crate::chunks::Chunks;
use crate::image::Channels;
use crate::layers;
use crate::pod::Pod;
use crate::shape::Sample;

/// A rectifier with slopes of 8 bits: numbers below 0 are multiplied by their slope before they are rescaled, and those
/// above are rescaled alone.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct PRelu<A, P: Sample> {
    /// The integer that represents 0 in the input.
    pub zero_point: i32,
    /// The integer that represents a slope of 0.
    pub slope_zero_point: i32,
    /// How numbers above 0 are rescaled.
    pub positive: Factor,
    /// How the products of numbers below 0 and slopes are rescaled.
    pub negative: Factor,
    /// The output.
    pub output: Clipped,
    /// The slopes.
    pub slope: P::Of<i8>,
    shape: PhantomData<A>,
}

// SAFETY: the fields that aren't empty are integers or `Pod`.
unsafe impl<A: Sample, P: Sample> Pod for PRelu<A, P> {}

crate::stored!([A: Sample, P: Sample] PRelu<A, P> {
    "zero_point": zero_point: i32;
    "slope_zero_point": slope_zero_point: i32;
    "positive": positive: Factor;
    "negative": negative: Factor;
    "output": output: Clipped;
    "slope": slope: P::Of<i8>;
}, &[("shape", A::SHAPE)]);

impl<A: Channels<Element = f32>, P: Sample<Element = f32>> QuantizedLayer for PRelu<A, P> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        let share = const { layers::slope_of::<A, P>() };
        let x = x.elements().blocks(share.max(1));
        let y = y.elements_mut().blocks_mut(share.max(1));
        for ((x, y), &slope) in x.zip(y).zip(self.slope.elements()) {
            let slope = i32::from(slope).wrapping_sub(self.slope_zero_point);
            for (y, &x) in y.iter_mut().zip(x) {
                let x = i32::from(x).wrapping_sub(self.zero_point);
                let rescaled = if x >= 0 { self.positive.apply(x) } else { self.negative.apply(x.wrapping_mul(slope)) };
                *y = self.output.clip(rescaled);
            }
        }
    }
}
