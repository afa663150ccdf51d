//! Softmax.

use core::marker::PhantomData;

use super::super::layer::{QuantizedLayer, Trace};
use super::super::softmax::{each_row, row_attributes};
use crate::pod::Pod;
use crate::shape::{Sample, Shape};

/// A softmax of each row of `N` numbers of a sample `A`, whose outputs represent 0, 1/256, … 255/256. 1 KiB: a table of the
/// exponential of every possible difference.
///
/// TensorFlow Lite's kernels sum and scale these exponentials in `f32`, in the order of the classes, and so does this
/// layer: on a chip without a floating-point unit, it takes a few hundred instructions for each class.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Softmax<const N: usize, A = [f32; N]> {
    /// `e^(−scale · d)` for a score that is d integers below the largest one.
    pub powers: [f32; 256],
    shape: PhantomData<A>,
}

// SAFETY: the only field that isn't empty is an array of numbers.
unsafe impl<const N: usize, A: Sample> Pod for Softmax<N, A> {}

crate::stored!(
    [const N: usize, A: Sample] Softmax<N, A> { "powers": powers: [f32; 256] },
    row_attributes::<A>(const { &[("shape", A::SHAPE), ("row", Shape::SCALAR.repeated(N))] })
);

impl<const N: usize, A: Sample<Element = f32>> QuantizedLayer for Softmax<N, A> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        each_row(x, y, |x: &[i8; N], y| {
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
        });
    }
}
