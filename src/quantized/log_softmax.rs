//! Quantized logarithms of probabilities.

use core::marker::PhantomData;

use super::softmax::{each_row, row_attributes};
use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Native, Quantization, Ranges, Signal};
use crate::layers;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};

/// A quantized [`LogSoftmax`](crate::layers::LogSoftmax) of each row of `N` numbers of a sample `A`. Its outputs represent
/// 0, −1/16, … −255/16, as in TensorFlow Lite. 1 KiB: a table of the exponential of every possible difference.
///
/// The output for a score that is d integers below the largest one is `−(scale · d + ln Σ e^(−scale · dⱼ))`, rounded once
/// to the nearest multiple of 1/16, halves away from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct LogSoftmax<const N: usize, A = [f32; N]> {
    /// `2²⁰ · e^(−scale · d)` for a score that is d integers below the largest one.
    pub powers: [u32; 256],
    /// A step of the scores in steps of the outputs, times 2¹⁶.
    pub step: u32,
    shape: PhantomData<A>,
}

// SAFETY: the fields that aren't empty are integers.
unsafe impl<const N: usize, A: Sample> Pod for LogSoftmax<N, A> {}

crate::stored!(
    [const N: usize, A: Sample] LogSoftmax<N, A> { "powers": powers: [u32; 256]; "step": step: u32 },
    row_attributes::<A>(const { &[("shape", A::SHAPE), ("row", Shape::SCALAR.repeated(N))] })
);

/// The bits after the point of the table, and its e⁰.
const BITS: u32 = 20;
const ONE: u32 = 1 << BITS;

/// Steps per unit of the output.
const STEPS: f64 = 16.0;

/// The bits after the point of logarithms and steps.
const POINT: u32 = 16;

/// `16 · ln 2 · 2^POINT`: an octave in steps of the output.
const OCTAVE: u32 = (STEPS * core::f64::consts::LN_2 * (1 << POINT) as f64 + 0.5) as u32;

/// `log₂ (sum / 2^BITS) · 2^POINT`, rounded down, for a sum of at least 2^BITS: bit by bit, each found by squaring.
#[inline(always)]
fn log2(sum: u32) -> u32 {
    let sum = sum.max(ONE);
    // From 1 to below 2, times 2³¹.
    let mut mantissa = sum << (sum.leading_zeros() & 31);
    let mut logarithm = 31 - BITS - sum.leading_zeros();
    for _ in 0..POINT {
        let square = (u64::from(mantissa) * u64::from(mantissa)) >> 31;
        let bit = (square >> 32) as u32 & 1;
        mantissa = (square >> bit) as u32;
        logarithm = (logarithm << 1) | bit;
    }
    logarithm
}

impl<const N: usize, A: Sample<Element = f32>> QuantizedLayer for LogSoftmax<N, A> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        const { assert!(N < (u32::MAX / ONE) as usize, "the sum of 4,095 exponentials may overflow its 32 bits") }
        each_row(x, y, |x: &[i8; N], y| {
            let largest = x.iter().copied().fold(i8::MIN, i8::max);
            let distance = |x: i8| largest.wrapping_sub(x) as u8;
            let sum = x.iter().map(|&x| self.powers[usize::from(distance(x))]).fold(0, u32::wrapping_add);
            let logarithm = ((u64::from(log2(sum)) * u64::from(OCTAVE)) >> POINT) as u32;
            let half = 1 << (POINT - 1);
            for (y, &x) in y.iter_mut().zip(x) {
                let steps = u32::from(distance(x)).saturating_mul(self.step).saturating_add(logarithm + half) >> POINT;
                *y = (127 - steps.min(255) as i32) as i8;
            }
        });
    }
}

impl<const N: usize, A: Sample<Element = f32>> Quantize for layers::LogSoftmax<N, f32, A> {
    type Quantized<R: Arithmetic> = R::LogSoftmax<N, A>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Self::Quantized<Native>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
        let scale = f64::from(input.quantization.scale);
        for (distance, power) in quantized.powers.iter_mut().enumerate() {
            *power = libm::round(f64::from(ONE) * libm::exp(-scale * distance as f64)) as u32;
        }
        quantized.step = libm::round(STEPS * scale * f64::from(1 << POINT)) as u32;
        let output = Quantization { scale: (1.0 / STEPS) as f32, zero_point: 127 };
        // An output's derivatives with respect to the scores, 1 − p and −q, add up to at most 2 in magnitude.
        let table = N as f64 / f64::from(ONE) + 260.0 / f64::from(1 << POINT) / STEPS;
        Signal::rounded(output, ranges.take(), 2.0 * input.error + table)
    }
}

aware_without_weights!([const N: usize, S: Scalar, A: Sample<Element = S>] layers::LogSoftmax<N, S, A>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_accurate_to_their_last_bit() {
        for sum in (0..12)
            .flat_map(|octave| [0, 1, 77, 1 << 19, ONE - 1].map(|more| (ONE << octave).saturating_add(more << octave)))
        {
            let exact = libm::log2(f64::from(sum) / f64::from(ONE)) * f64::from(1 << POINT);
            let found = f64::from(log2(sum));
            assert!(found <= exact + 1e-6 && exact - found < 1.001, "{sum}: {found}, not {exact}");
        }
    }
}
