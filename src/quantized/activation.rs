//! Quantized activations: a lookup table.

use core::marker::PhantomData;

use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Quantization, Ranges, Signal};
use crate::layers;
use crate::layers::activation::Function;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// Any [`Activation`](crate::layers::Activation), quantized: a table of its value at each of the 256 integers. 256
/// bytes.
///
/// `Relu` and `Relu6` right after a layer with weights or a residual block need no table: saturation has the same
/// effect.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Activation<A> {
    /// The values at 0, 1, … 127, −128, … −1.
    pub table: [i8; 256],
    shape: PhantomData<A>,
}

// SAFETY: all fields are integers.
unsafe impl<A: Sample> Pod for Activation<A> {}

crate::stored!([A: Sample] Activation<A> { "table": table: [i8; 256] }, &[("shape", A::SHAPE)]);

impl<A: Sample<Element = f32>> QuantizedLayer for Activation<A> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        let x = x.elements().iter();
        for (y, &x) in y.elements_mut().iter_mut().zip(x) {
            *y = self.table[usize::from(x as u8)];
        }
    }
}

impl<F: Function, A: Sample<Element = f32>> Quantize for layers::Activation<F, A> {
    type Quantized<M: Arithmetic> = Activation<A>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Activation<A>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let range = ranges.take();
        let output = Quantization::of_range(range.low, range.high);
        let mut worst = 0.0f64;
        for (index, y) in quantized.table.iter_mut().enumerate() {
            let x = input.quantization.dequantize(index as u8 as i8);
            let value = F::value(x);
            *y = output.quantize(value);
            // How much the function changes over the error of x; it is smooth.
            for part in -8..=8 {
                let nearby = F::value(x + (input.error * f64::from(part) / 8.0) as f32);
                worst = worst.max(f64::from((nearby - value).abs()));
            }
        }
        Signal::rounded(output, range, worst)
    }
}

aware_without_weights!([F: Function, S: Scalar, A: Sample<Element = S>] layers::Activation<F, A>);
