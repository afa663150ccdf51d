//! Quantized padding: the zero point stands for 0.

use core::marker::PhantomData;

use super::{Arithmetic, Quantize, QuantizedLayer, Trace, attributes};
#[cfg(feature = "alloc")]
use super::{Native, Ranges, Signal};
use crate::chunks::Chunks;
use crate::layers::{self, Image, Windows, padding_plane};
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// A quantized [`ZeroPad`](crate::layers::ZeroPad). Outputs have the quantization of the inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct ZeroPad<I, O, K> {
    /// The zero point, which is written around the input.
    pub zero_point: i32,
    shape: PhantomData<(I, O, K)>,
}

// SAFETY: the only field that isn't empty is an integer.
unsafe impl<I: Sample, O: Sample, K: Windows> Pod for ZeroPad<I, O, K> {}

crate::stored!(
    [I: Sample, O: Sample, K: Windows] ZeroPad<I, O, K> { "zero_point": zero_point: i32 },
    &attributes::<I, O, K>()
);

impl<I: Image<Element = f32>, O: Image<Element = f32>, K: Windows> QuantizedLayer for ZeroPad<I, O, K> {
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        let plane = const { padding_plane::<I, O, K>() };
        let (above, left) = (plane.rows.window.before, plane.columns.window.before);
        let channels = x.elements().blocks(plane.inputs());
        for (x, y) in channels.zip(y.elements_mut().blocks_mut(plane.outputs())) {
            y.fill(self.zero_point as i8);
            let rows = y.blocks_mut(plane.columns.output).skip(above);
            for (x, y) in x.blocks(plane.columns.input).zip(rows) {
                let inner = y.get_mut(left..).unwrap_or_default();
                inner.iter_mut().zip(x).for_each(|(to, &from)| *to = from);
            }
        }
    }
}

impl<I: Image<Element = f32>, O: Image<Element = f32>, K: Windows> Quantize for layers::ZeroPad<I, O, K> {
    type Quantized<M: Arithmetic> = ZeroPad<I, O, K>;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, _: &mut Ranges<'_>) -> Signal {
        quantized.zero_point = input.quantization.zero_point;
        input
    }
}

aware_without_weights!([S: Scalar, I: Image<Element = S>, O: Image<Element = S>, K: Windows] layers::ZeroPad<I, O, K>);
