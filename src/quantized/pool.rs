//! Quantized pools: outputs have the quantization of the inputs.

use core::marker::PhantomData;

use super::gather::fold;
use super::{Arithmetic, Quantize, QuantizedLayer, Trace, attributes};
#[cfg(feature = "alloc")]
use super::{Native, Ranges, Signal};
use crate::chunks::Chunks;
use crate::kernels::Plane;
use crate::layers::{self, Channels, Image, Windows, pool_plane};
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};

/// A quantized [`AvgPool`](crate::layers::AvgPool). The mean of the integers is rounded to the nearest one, halves away
/// from 0, as in TensorFlow Lite.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct AvgPool<I, O, K, const COUNT_PADDING: bool = true> {
    /// The zero point, used for padding that is counted.
    pub zero_point: i32,
    shape: PhantomData<(I, O, K)>,
}

/// A quantized [`GlobalAvgPool`](crate::layers::GlobalAvgPool), rounded as in [`AvgPool`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct GlobalAvgPool<A>(PhantomData<A>);

// SAFETY: the type is empty.
unsafe impl<I: Sample, O: Sample, K: Windows> Pod for layers::MaxPool<I, O, K> {}
// SAFETY: the only field that isn't empty is an integer.
unsafe impl<I: Sample, O: Sample, K: Windows, const COUNT_PADDING: bool> Pod for AvgPool<I, O, K, COUNT_PADDING> {}
// SAFETY: the type is empty.
unsafe impl<A: Sample> Pod for GlobalAvgPool<A> {}
// SAFETY: the type is empty.
unsafe impl<A: Sample> Pod for layers::GlobalMaxPool<A> {}

crate::stored!([I: Sample, O: Sample, K: Windows] layers::MaxPool<I, O, K> {}, &attributes::<I, O, K>());
crate::stored!(
    [I: Sample, O: Sample, K: Windows, const COUNT_PADDING: bool] AvgPool<I, O, K, COUNT_PADDING> {
        "zero_point": zero_point: i32
    },
    &mean_attributes::<I, O, K>(COUNT_PADDING)
);
crate::stored!([A: Sample] GlobalAvgPool<A> {}, &[("input", A::SHAPE)]);
crate::stored!([A: Sample] layers::GlobalMaxPool<A> {}, &[("input", A::SHAPE)]);

/// [`attributes`], and whether padding is counted.
const fn mean_attributes<I: Sample, O: Sample, K: Windows>(count_padding: bool) -> [(&'static str, Shape); 8] {
    let [input, output, kernel, stride, before, after, dilation] = attributes::<I, O, K>();
    let count_padding = ("count_padding", Shape::SCALAR.repeated(count_padding as usize));
    [input, output, kernel, stride, before, after, dilation, count_padding]
}

/// The mean of `count` integers, rounded to the nearest one, halves away from 0.
#[inline(always)]
pub(super) fn mean(sum: i32, count: usize) -> i8 {
    let count = count.max(1) as i32;
    let half = if sum < 0 { -(count / 2) } else { count / 2 };
    sum.wrapping_add(half).checked_div(count).unwrap_or_default() as i8
}

/// Checks at compile time that no sum of `count` integers overflows: each is at most 128, and half of `count` is added.
#[track_caller]
pub(super) const fn assert_no_overflow(count: usize) {
    assert!(count <= 1 << 23, "a sum of more than 8,388,608 integers may overflow its 32 bits");
}

/// One number per position of the window on each channel.
#[inline(always)]
fn pool<X: Sample<Element = i8>, Y: Sample<Element = i8>>(
    plane: &Plane,
    x: &X,
    y: &mut Y,
    of_window: impl Fn(&[i8], (usize, usize)) -> i8,
) {
    let channels = x.elements().blocks(plane.inputs());
    for (x, y) in channels.zip(y.elements_mut().blocks_mut(plane.outputs())) {
        for (row, y) in y.blocks_mut(plane.columns.output).enumerate() {
            for (column, y) in y.iter_mut().enumerate() {
                *y = of_window(x, (row, column));
            }
        }
    }
}

/// The largest of each two columns and two rows, where these cover all channels.
#[inline(always)]
fn largest_of_squares(plane: &Plane, x: &[i8], y: &mut [i8]) {
    let width = plane.columns.input;
    for (x, y) in x.blocks(2 * width).zip(y.blocks_mut(plane.columns.output)) {
        let Some((above, below)) = x.split_at_checked(width) else { return };
        for ((y, above), below) in y.iter_mut().zip(above.as_chunks::<2>().0).zip(below.as_chunks::<2>().0) {
            *y = above[0].max(above[1]).max(below[0].max(below[1]));
        }
    }
}

/// The largest integer represents the largest number.
impl<I: Image<Element = f32>, O: Image<Element = f32>, K: Windows> QuantizedLayer for layers::MaxPool<I, O, K> {
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        let plane = const { pool_plane::<I, O, K>() };
        if plane.pairs() == Some(2) {
            return largest_of_squares(&plane, x.elements(), y.elements_mut());
        }
        pool(&plane, x, y, |x, place| fold(&plane, x, place, -128, i32::max).0 as i8);
    }
}

impl<I: Image<Element = f32>, O: Image<Element = f32>, K: Windows, const COUNT_PADDING: bool> QuantizedLayer
    for AvgPool<I, O, K, COUNT_PADDING>
{
    type Input = I::Of<i8>;
    type Output = O::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &I::Of<i8>, y: &mut O::Of<i8>, (): &mut (), _: &mut T) {
        let plane = const { pool_plane::<I, O, K>() };
        const { assert_no_overflow(pool_plane::<I, O, K>().taps()) }
        pool(&plane, x, y, |x, place| {
            let (sum, count) = fold(&plane, x, place, 0, |sum, element| sum + element);
            if !COUNT_PADDING {
                return mean(sum, count);
            }
            let outside = (plane.taps() - count.min(plane.taps())) as i32;
            mean(sum + outside * i32::from(self.zero_point as i8), plane.taps())
        });
    }
}

impl<A: Channels<Element = f32>> QuantizedLayer for GlobalAvgPool<A> {
    type Input = A::Of<i8>;
    type Output = <A::Each as Sample>::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut Self::Output, (): &mut (), _: &mut T) {
        const { assert_no_overflow(A::SPACE) }
        let channels = x.elements().blocks(A::SPACE.max(1));
        for (x, y) in channels.zip(y.elements_mut()) {
            *y = mean(x.iter().map(|&x| i32::from(x)).sum(), A::SPACE);
        }
    }
}

/// The largest integer represents the largest number.
impl<A: Channels<Element = f32>> QuantizedLayer for layers::GlobalMaxPool<A> {
    type Input = A::Of<i8>;
    type Output = <A::Each as Sample>::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut Self::Output, (): &mut (), _: &mut T) {
        let channels = x.elements().blocks(A::SPACE.max(1));
        for (x, y) in channels.zip(y.elements_mut()) {
            *y = x.iter().copied().fold(i8::MIN, i8::max);
        }
    }
}

impl<I: Image<Element = f32>, O: Image<Element = f32>, K: Windows> Quantize for layers::MaxPool<I, O, K> {
    type Quantized<M: Arithmetic> = Self;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, _: &mut Self, input: Signal, _: &mut Ranges<'_>) -> Signal {
        input
    }
}

impl<I: Image<Element = f32>, O: Image<Element = f32>, K: Windows, const COUNT_PADDING: bool> Quantize
    for layers::AvgPool<I, O, K, COUNT_PADDING>
{
    type Quantized<M: Arithmetic> = AvgPool<I, O, K, COUNT_PADDING>;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, _: &mut Ranges<'_>) -> Signal {
        quantized.zero_point = input.quantization.zero_point;
        input.rounded_again()
    }
}

impl<A: Channels<Element = f32>> Quantize for layers::GlobalAvgPool<A> {
    type Quantized<M: Arithmetic> = M::GlobalAvgPool<A>;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, _: &mut Self::Quantized<Native>, input: Signal, _: &mut Ranges<'_>) -> Signal {
        input.rounded_again()
    }
}

impl<A: Channels<Element = f32>> Quantize for layers::GlobalMaxPool<A> {
    type Quantized<M: Arithmetic> = Self;
    const RANGED: bool = false;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, _: &mut Self, input: Signal, _: &mut Ranges<'_>) -> Signal {
        input
    }
}

aware_without_weights!([S: Scalar, I: Image<Element = S>, O: Image<Element = S>, K: Windows] layers::MaxPool<I, O, K>);
aware_without_weights!(
    [S: Scalar, I: Image<Element = S>, O: Image<Element = S>, K: Windows, const COUNT_PADDING: bool]
    layers::AvgPool<I, O, K, COUNT_PADDING>
);
aware_without_weights!([S: Scalar, A: Channels<Element = S>] layers::GlobalAvgPool<A>);
aware_without_weights!([S: Scalar, A: Channels<Element = S>] layers::GlobalMaxPool<A>);
