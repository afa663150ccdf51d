//! Softmax.

use super::super::layer::{QuantizedLayer, Trace};
use crate::pod::Pod;
use crate::shape::Sample;

/// A softmax whose outputs represent 0, 1/256, … 255/256. 1 KiB: a table of the exponential of every possible difference.
///
/// TensorFlow Lite's kernels sum and scale these exponentials in `f32`, in the order of the classes, and so does this
/// layer: on a chip without a floating-point unit, it takes a few hundred instructions for each class.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Softmax<const N: usize> {
    /// `e^(−scale · d)` for a score that is d integers below the largest one.
    pub powers: [f32; 256],
}

// SAFETY: the only field is an array of numbers.
unsafe impl<const N: usize> Pod for Softmax<N> {}

crate::stored!(
    [const N: usize] Softmax<N> { "powers": powers: [f32; 256] },
    &[("shape", <[i8; N] as Sample>::SHAPE)]
);

impl<const N: usize> QuantizedLayer for Softmax<N> {
    type Input = [i8; N];
    type Output = [i8; N];
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &[i8; N], y: &mut [i8; N], (): &mut (), _: &mut T) {
        let largest = x.iter().copied().fold(i8::MIN, i8::max);
        let power = |x: i8| self.powers[usize::from(largest.wrapping_sub(x) as u8)];
        let sum = x.iter().fold(0.0, |sum, &x| sum + power(x));
        // The scale of the outputs is a power of two, so that the product is exact.
        let factor = 1.0 / (sum * (1.0 / 256.0));
        for (y, &x) in y.iter_mut().zip(x) {
            let probability = power(x) * factor;
            // Rounds halves up without a call: `as` truncates and saturates.
            let whole = probability as i32;
            let up = i32::from(probability - whole as f32 >= 0.5);
            *y = (whole.saturating_add(up).min(255) - 128) as i8;
        }
    }
}
