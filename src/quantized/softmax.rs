//! Quantized softmax.

use core::marker::PhantomData;

use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Quantization, Ranges, Signal};
use crate::layers;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};

/// A quantized [`Softmax`](crate::layers::Softmax) of each row of `N` numbers of a sample `A`. Its outputs represent 0,
/// 1/256, … 255/256, as in TensorFlow Lite. 1 KiB: a table of the exponential of every possible difference.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Softmax<const N: usize, A = [f32; N]> {
    /// `2²⁰ · e^(−scale · d)` for a score that is d integers below the largest one.
    pub powers: [u32; 256],
    shape: PhantomData<A>,
}

// SAFETY: the only field that isn't empty is an array of integers.
unsafe impl<const N: usize, A: Sample> Pod for Softmax<N, A> {}

crate::stored!(
    [const N: usize, A: Sample] Softmax<N, A> { "powers": powers: [u32; 256] },
    row_attributes::<A>(const { &[("shape", A::SHAPE), ("row", Shape::SCALAR.repeated(N))] })
);

/// What distinguishes layers of the rows of a sample: its shape, and, unless that is one row, the length of a row.
pub(super) const fn row_attributes<A: Sample>(
    all: &'static [(&'static str, Shape); 2],
) -> &'static [(&'static str, Shape)] {
    if A::SHAPE.rank() == 1 { all.split_at(1).0 } else { all }
}

/// Calls `of_row` with each row of `N` integers of a sample, and of its outputs.
#[inline(always)]
pub(super) fn each_row<A: Sample<Element = i8>, const N: usize>(
    x: &A,
    y: &mut A,
    of_row: impl Fn(&[i8; N], &mut [i8; N]),
) {
    let x = x.elements().as_chunks().0;
    for (x, y) in x.iter().zip(y.elements_mut().as_chunks_mut().0) {
        of_row(x, y);
    }
}

/// e⁰ in the table.
const ONE: u32 = 1 << 20;

impl<const N: usize, A: Sample<Element = f32>> QuantizedLayer for Softmax<N, A> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        const { assert!(N < (u32::MAX / ONE) as usize, "the sum of 4,095 exponentials may overflow its 32 bits") }
        each_row(x, y, |x: &[i8; N], y| {
            let largest = x.iter().copied().fold(i8::MIN, i8::max);
            let power = |x: i8| self.powers[usize::from(largest.wrapping_sub(x) as u8)];
            let sum = x.iter().map(|&x| power(x)).fold(0, u32::wrapping_add).max(1);
            for (y, &x) in y.iter_mut().zip(x) {
                // At most 2²⁸ plus half of a sum that is below 2³²: less than 2³².
                let probability = power(x).wrapping_mul(256).wrapping_add(sum / 2) / sum;
                *y = (probability.min(255) as i32 - 128) as i8;
            }
        });
    }
}

impl<const N: usize, A: Sample<Element = f32>> Quantize for layers::Softmax<N, f32, A> {
    type Quantized<R: Arithmetic> = R::Softmax<N, A>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let scale = f64::from(input.quantization.scale);
        for (distance, power) in quantized.powers.iter_mut().enumerate() {
            *power = libm::round(f64::from(ONE) * libm::exp(-scale * distance as f64)) as u32;
        }
        let output = Quantization { scale: 1.0 / 256.0, zero_point: -128 };
        // A probability's derivatives with respect to the scores, p·(1 − p) and −p·q, add up to at most ½ in magnitude.
        let table = N as f64 / f64::from(ONE);
        Signal::rounded(output, ranges.take(), input.error / 2.0 + table)
    }
}

aware_without_weights!([const N: usize, S: Scalar, A: Sample<Element = S>] layers::Softmax<N, S, A>);
