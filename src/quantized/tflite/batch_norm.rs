//! Products and sums with a number for each channel.

use super::super::layer::{QuantizedLayer, Trace};
use super::rounding::{Clipped, Factor};
use super::sum::Sum;
use crate::chunks::Chunks;
use crate::image::Channels;
use crate::pod::Pod;
use crate::shape::Sample;

/// One integer for each channel.
type Each<A> = <<A as Channels>::Each as Sample>::Of<i8>;

/// A batch norm that isn't folded: a product with an 8-bit integer for each channel, rounded to a quantization of its own,
/// and a sum with another one, as TensorFlow Lite's `MUL` and `ADD`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct BatchNorm<A: Channels> {
    /// The integer that represents 0 in the input.
    pub zero_point: i32,
    /// The integer that represents a factor of 0.
    pub factor_zero_point: i32,
    /// How products are rescaled.
    pub scale: Factor,
    /// The products.
    pub product: Clipped,
    /// How terms, `around`, are added to products, `inside`.
    pub sum: Sum,
    /// The factors.
    pub factor: Each<A>,
    /// The terms.
    pub term: Each<A>,
}

// SAFETY: all fields are integers or `Pod`.
unsafe impl<A: Channels> Pod for BatchNorm<A> {}

crate::stored!([A: Channels] BatchNorm<A> {
    "zero_point": zero_point: i32;
    "factor_zero_point": factor_zero_point: i32;
    "scale": scale: Factor;
    "product": product: Clipped;
    "sum": sum: Sum;
    "factor": factor: Each<A>;
    "term": term: Each<A>;
}, &[("shape", A::SHAPE)]);

impl<A: Channels<Element = f32>> QuantizedLayer for BatchNorm<A> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        let factors = self.factor.elements().iter();
        let channels = factors.zip(self.term.elements());
        let x = x.elements().blocks(A::SPACE.max(1));
        let y = y.elements_mut().blocks_mut(A::SPACE.max(1));
        for ((x, y), (&factor, &term)) in x.zip(y).zip(channels) {
            let factor = i32::from(factor).wrapping_sub(self.factor_zero_point);
            for (y, &x) in y.iter_mut().zip(x) {
                let product = i32::from(x).wrapping_sub(self.zero_point).wrapping_mul(factor);
                *y = self.sum.of(term, self.product.clip(self.scale.apply(product)));
            }
        }
    }
}
