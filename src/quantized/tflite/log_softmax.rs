//! Logarithms of probabilities.

use core::marker::PhantomData;

use super::super::layer::{QuantizedLayer, Trace};
use super::super::quantization::saturate;
use super::super::softmax::{each_row, row_attributes};
use super::fixed_point::logarithm;
use super::rounding::{divide, twice};
use crate::pod::Pod;
use crate::shape::{Sample, Shape};

/// The logarithms of softmax of each row of `N` numbers of a sample `A`, whose outputs represent 0, −1/16, … −255/16. 1 KiB: a
/// table of the exponential of every possible difference.
///
/// As TensorFlow Lite's kernel does, it sums up exponentials with 19 bits after the point, and takes the logarithm in
/// integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LogSoftmax<const N: usize, A = [f32; N]> {
    /// `2¹⁹ · e^(−scale · d)` for a score that is d integers below the largest one.
    pub powers: [i32; 256],
    /// The mantissa of a step of the scores, in units of 2⁻²⁶.
    pub mantissa: i32,
    /// Its shift.
    pub shift: i32,
    /// The mantissa of the factor back to steps of the scores.
    pub reverse_mantissa: i32,
    /// Its shift.
    pub reverse_shift: i32,
    /// The largest difference, with a minus sign, whose exponential is computed.
    pub smallest: i32,
    shape: PhantomData<A>,
}

// SAFETY: the fields that aren't empty are integers.
unsafe impl<const N: usize, A: Sample> Pod for LogSoftmax<N, A> {}

crate::stored!(
    [const N: usize, A: Sample] LogSoftmax<N, A> {
        "powers": powers: [i32; 256];
        "mantissa": mantissa: i32;
        "shift": shift: i32;
        "reverse_mantissa": reverse_mantissa: i32;
        "reverse_shift": reverse_shift: i32;
        "smallest": smallest: i32;
    },
    row_attributes::<A>(const { &[("shape", A::SHAPE), ("row", Shape::SCALAR.repeated(N))] })
);

impl<const N: usize, A: Sample<Element = f32>> QuantizedLayer for LogSoftmax<N, A> {
    type Input = A::Of<i8>;
    type Output = A::Of<i8>;
    type Workspace = ();

    #[inline(always)]
    fn forward<T: Trace>(&self, x: &A::Of<i8>, y: &mut A::Of<i8>, (): &mut (), _: &mut T) {
        const { assert!(N < 1 << 12, "the sum of 4,096 exponentials may overflow its 32 bits") }
        each_row(x, y, |x: &[i8; N], y| {
            let largest = x.iter().copied().fold(i8::MIN, i8::max);
            let power = |x: i8| self.powers[usize::from(largest.wrapping_sub(x) as u8)];
            let sum = logarithm(x.iter().fold(0i32, |sum, &x| sum.wrapping_add(power(x))));
            let reversed = twice(sum.wrapping_add(i32::MIN), self.reverse_mantissa, self.reverse_shift as u8);
            let smallest = self.smallest.wrapping_sub(1).max(reversed);
            for (y, &x) in y.iter_mut().zip(x) {
                let difference = i32::from(x) - i32::from(largest);
                *y = if difference > smallest {
                    let steps = twice(difference, self.mantissa, self.shift as u8).wrapping_sub(sum);
                    // From 26 bits after the point to 4.
                    saturate(divide(steps, 22).saturating_add(127))
                } else {
                    i8::MIN
                };
            }
        });
    }
}
