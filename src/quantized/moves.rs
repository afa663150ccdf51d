//! Quantized layers that only move integers: outputs have the quantization of the inputs.

use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Ranges, Signal};
use crate::image::{Channels, Image};
use crate::layers::{Permute, Slice, Upsample};
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};

// SAFETY: the type is empty.
unsafe impl<I: Sample, O: Sample> Pod for Upsample<I, O> {}
// SAFETY: the type is empty.
unsafe impl<A: Sample, O: Sample, const START: usize> Pod for Slice<A, O, START> {}
// SAFETY: the type is empty.
unsafe impl<I: Sample, O: Sample, const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize> Pod
    for Permute<I, O, FIRST, SECOND, THIRD, FOURTH>
{
}

crate::stored!([I: Sample, O: Sample] Upsample<I, O> {}, &[("input", I::SHAPE), ("output", O::SHAPE)]);
crate::stored!(
    [A: Sample, O: Sample, const START: usize] Slice<A, O, START> {},
    &[("input", A::SHAPE), ("output", O::SHAPE), ("start", Shape::SCALAR.repeated(START))]
);
crate::stored!(
    [I: Sample, O: Sample, const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize]
        Permute<I, O, FIRST, SECOND, THIRD, FOURTH> {},
    &[
        ("input", I::SHAPE),
        ("output", O::SHAPE),
        ("axes", Shape::SCALAR.repeated(FOURTH).repeated(THIRD).repeated(SECOND).repeated(FIRST)),
    ]
);

impl<I: Image<Element = f32>, O: Image<Element = f32>> QuantizedLayer for Upsample<I, O> {
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        Self::repeat(x.elements(), y.elements_mut());
    }
}

impl<A: Channels<Element = f32>, O: Channels<Element = f32>, const START: usize> QuantizedLayer for Slice<A, O, START> {
    type Input = A::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        let part = Self::part(x.elements());
        for (y, &x) in y.elements_mut().iter_mut().zip(part) {
            *y = x;
        }
    }
}

impl<I, O, const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize> QuantizedLayer
    for Permute<I, O, FIRST, SECOND, THIRD, FOURTH>
where
    I: Sample<Element = f32>,
    O: Sample<Element = f32>,
{
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        Self::permute(x.elements(), y.elements_mut());
    }
}

impl<I: Image<Element = f32>, O: Image<Element = f32>> Quantize for Upsample<I, O> {
    type Quantized<R: Arithmetic> = Self;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, _: &mut Self::Quantized<Native>, input: Signal, _: &mut Ranges<'_>) -> Signal {
        input
    }
}

impl<A: Channels<Element = f32>, O: Channels<Element = f32>, const START: usize> Quantize for Slice<A, O, START> {
    type Quantized<R: Arithmetic> = Self;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, _: &mut Self::Quantized<Native>, input: Signal, _: &mut Ranges<'_>) -> Signal {
        input
    }
}

impl<I, O, const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize> Quantize
    for Permute<I, O, FIRST, SECOND, THIRD, FOURTH>
where
    I: Sample<Element = f32>,
    O: Sample<Element = f32>,
{
    type Quantized<R: Arithmetic> = Self;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, _: &mut Self::Quantized<Native>, input: Signal, _: &mut Ranges<'_>) -> Signal {
        input
    }
}

aware_without_weights!([S: Scalar, I: Image<Element = S>, O: Image<Element = S>] Upsample<I, O>);
aware_without_weights!([S: Scalar, A: Channels<Element = S>, O: Channels<Element = S>, const START: usize]
    Slice<A, O, START>);
aware_without_weights!([
    S: Scalar, I: Sample<Element = S>, O: Sample<Element = S>,
    const FIRST: usize, const SECOND: usize, const THIRD: usize, const FOURTH: usize
] Permute<I, O, FIRST, SECOND, THIRD, FOURTH>);
