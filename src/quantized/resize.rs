//! Quantized interpolation: outputs have the quantization of the inputs.

use super::pool::{assert_no_overflow, mean};
use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Ranges, Signal};
use crate::chunks::Chunks;
use crate::image::Image;
use crate::layers::Resize;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};

// SAFETY: the type is empty.
unsafe impl<I: Sample, O: Sample, const ALIGN_CORNERS: bool> Pod for Resize<I, O, ALIGN_CORNERS> {}

crate::stored!(
    [I: Sample, O: Sample, const ALIGN_CORNERS: bool] Resize<I, O, ALIGN_CORNERS> {},
    &[("input", I::SHAPE), ("output", O::SHAPE), ("align_corners", Shape::SCALAR.repeated(ALIGN_CORNERS as usize))]
);

/// The weighted mean of the integers is rounded to the nearest one, halves away from 0.
impl<I: Image<Element = f32>, O: Image<Element = f32>, const ALIGN_CORNERS: bool> QuantizedLayer
    for Resize<I, O, ALIGN_CORNERS>
{
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        const { assert_no_overflow(Self::WHOLE) }
        let inputs = x.elements();
        let outputs = y.elements_mut();
        Self::for_each_place(|index, neighbors| {
            let channels = inputs.blocks(I::SPACE.max(1));
            for (x, y) in channels.zip(outputs.blocks_mut(O::SPACE.max(1))) {
                let Some(y) = y.get_mut(index) else { continue };
                let product = |(index, weight): (usize, usize)| {
                    i32::from(x.get(index).copied().unwrap_or_default()).wrapping_mul(weight as i32)
                };
                *y = mean(neighbors.map(product).into_iter().sum(), const { Self::WHOLE });
            }
        });
    }
}

impl<I: Image<Element = f32>, O: Image<Element = f32>, const ALIGN_CORNERS: bool> Quantize
    for Resize<I, O, ALIGN_CORNERS>
{
    type Quantized<M: Arithmetic> = M::Resize<I, O, ALIGN_CORNERS>;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, _: &mut Self::Quantized<Native>, input: Signal, _: &mut Ranges<'_>) -> Signal {
        input.rounded_again()
    }
}

aware_without_weights!(
    [S: Scalar, I: Image<Element = S>, O: Image<Element = S>, const ALIGN_CORNERS: bool] Resize<I, O, ALIGN_CORNERS>
);
