//! Means of channels.

use core::marker::PhantomData;

use super::super::layer::{QuantizedLayer, Trace};
use super::super::pool::assert_no_overflow;
use super::super::requantization::Requantize;
use super::rounding::Twice;
use crate::chunks::Chunks;
use crate::layers::Channels;
use crate::pod::Pod;
use crate::shape::Sample;

/// The mean of each channel, with a quantization of its own: the sum of a channel, less as many zero points, times one
/// factor, rounded as `R` says: in TensorFlow Lite as in convolutions.
///
/// It is TensorFlow Lite's `MEAN` over rows and columns. Its `AVERAGE_POOL_2D` has the quantization of its input, and is
/// [`AvgPool`](super::super::AvgPool).
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Mean<C, R = Twice> {
    /// The inputs' zero point times the number of places, with the other sign.
    pub offset: i32,
    /// The mantissa of the factor: the inputs' scale over that of the outputs and the number of places.
    pub mantissa: i32,
    /// The shift of the factor.
    pub shift: i32,
    /// How the sums are rounded, with the outputs' zero point.
    pub requantization: R,
    shape: PhantomData<C>,
}

// SAFETY: the fields that aren't empty are integers or `Pod`.
unsafe impl<C: Sample, R: Pod> Pod for Mean<C, R> {}

crate::stored!(
    [C: Sample, R: Requantize] Mean<C, R> {
        "offset": offset: i32;
        "mantissa": mantissa: i32;
        "shift": shift: i32;
        "": requantization: R;
    },
    &[("input", C::SHAPE)]
);

impl<C: Channels<Element = f32>, R: Requantize> QuantizedLayer for Mean<C, R> {
    type Input = C::Of<i8>;
    type Output = <C::Each as Sample>::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &C::Of<i8>, y: &mut Self::Output, (): &mut (), _: &mut T) {
        const { assert_no_overflow(C::SPACE) }
        let channels = x.elements().blocks(C::SPACE.max(1));
        for (x, y) in channels.zip(y.elements_mut()) {
            let sum = x.iter().fold(self.offset, |sum, &x| sum.wrapping_add(i32::from(x)));
            *y = self.requantization.requantize(sum, self.mantissa, self.shift as u8);
        }
    }
}
