//! Quantized softmax.

use super::{Arithmetic, Quantize, QuantizedLayer, Trace};
#[cfg(feature = "alloc")]
use super::{Quantization, Ranges, Signal};
use crate::layers;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// A quantized [`Softmax`](crate::layers::Softmax). Its outputs represent 0, 1/256, … 255/256, as in TensorFlow Lite. 1
/// KiB: a table of the exponential of every possible difference.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Softmax<const N: usize> {
    /// `2²⁰ · e^(−scale · d)` for a score that is d integers below the largest one.
    pub powers: [u32; 256],
}

// SAFETY: all fields are integers.
unsafe impl<const N: usize> Pod for Softmax<N> {}

crate::stored!(
    [const N: usize] Softmax<N> { "powers": powers: [u32; 256] },
    &[("shape", <[i8; N] as Sample>::SHAPE)]
);

/// e⁰ in the table.
const ONE: u32 = 1 << 20;

impl<const N: usize> QuantizedLayer for Softmax<N> {
    type Input = [i8; N];
    type Output = [i8; N];
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &[i8; N], y: &mut [i8; N], (): &mut (), _: &mut T) {
        const { assert!(N < (u32::MAX / ONE) as usize, "the sum of 4,095 exponentials may overflow its 32 bits") }
        let largest = x.iter().copied().fold(i8::MIN, i8::max);
        let power = |x: i8| self.powers[usize::from(largest.wrapping_sub(x) as u8)];
        let sum = x.iter().map(|&x| power(x)).fold(0, u32::wrapping_add).max(1);
        for (y, &x) in y.iter_mut().zip(x) {
            // At most 2²⁸ plus half of a sum that is below 2³²: less than 2³².
            let probability = power(x).wrapping_mul(256).wrapping_add(sum / 2) / sum;
            *y = (probability.min(255) as i32 - 128) as i8;
        }
    }
}

impl<const N: usize> Quantize for layers::Softmax<N> {
    type Quantized<A: Arithmetic> = A::Softmax<N>;

    #[cfg(feature = "alloc")]
    fn quantize_into(&self, quantized: &mut Softmax<N>, input: Signal, ranges: &mut Ranges<'_>) -> Signal {
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

aware_without_weights!([const N: usize, S: Scalar] layers::Softmax<N, S>);
