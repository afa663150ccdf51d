//! Sums of two tensors.

use super::super::residual::Addition;
use super::rounding::{Clipped, twice};
use crate::pod::Pod;
use crate::shape::Sample;

/// Bits by which operands are shifted left before they are scaled.
const FRACTION: u32 = 20;

/// An operand of a [`Sum`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Operand {
    /// The integer that represents 0.
    pub zero_point: i32,
    /// The mantissa of its factor: its scale in units of twice the larger scale of both.
    pub mantissa: i32,
    /// The shift of the factor.
    pub shift: i32,
}

/// The sum of two tensors with different quantizations: each is brought to a common scale with 20 more bits and rounded,
/// and so is the sum. Every product is rounded twice, as in convolutions. Of a sum whose shortcut is a sum itself, that one
/// brings its own operands to the common scale, and the rest of its numbers isn't used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Sum {
    /// The shortcut.
    pub around: Operand,
    /// The inner output.
    pub inside: Operand,
    /// The mantissa of the sum's factor.
    pub mantissa: i32,
    /// The shift of the sum's factor.
    pub shift: i32,
    /// The output.
    pub output: Clipped,
}

// SAFETY: all fields are integers.
unsafe impl Pod for Operand {}
// SAFETY: all fields are `Pod`.
unsafe impl Pod for Sum {}

crate::stored!([] Operand { "zero_point": zero_point: i32; "mantissa": mantissa: i32; "shift": shift: i32 });
crate::stored!([] Sum {
    "around": around: Operand;
    "inside": inside: Operand;
    "mantissa": mantissa: i32;
    "shift": shift: i32;
    "output": output: Clipped;
});

impl Operand {
    #[inline(always)]
    fn scaled(&self, integer: i8) -> i32 {
        let steps = i32::from(integer).wrapping_sub(self.zero_point);
        twice(steps.wrapping_shl(FRACTION), self.mantissa, self.shift as u8)
    }

    #[inline(always)]
    fn add_to(&self, integers: &[i8], sums: &mut [i32]) {
        for (sum, &integer) in sums.iter_mut().zip(integers) {
            *sum = sum.wrapping_add(self.scaled(integer));
        }
    }
}

impl Addition for Sum {
    #[inline(always)]
    fn add<A: Sample<Element = i8>, B: Sample<Element = i8>>(&self, around: &A, inside: &mut B) {
        let around = around.elements().iter();
        for (inside, &around) in inside.elements_mut().iter_mut().zip(around) {
            *inside = self.of(around, *inside);
        }
    }

    #[inline(always)]
    fn add_inside(&self, inside: &[i8], sums: &mut [i32]) {
        self.inside.add_to(inside, sums);
    }

    #[inline(always)]
    fn add_around(&self, around: &[i8], sums: &mut [i32]) {
        self.around.add_to(around, sums);
    }

    #[inline(always)]
    fn round(&self, sums: &[i32], outputs: &mut [i8]) {
        for (output, &sum) in outputs.iter_mut().zip(sums) {
            *output = self.rounded(sum);
        }
    }
}

impl Sum {
    /// The sum of two integers.
    #[inline(always)]
    pub(super) fn of(&self, around: i8, inside: i8) -> i8 {
        self.rounded(self.around.scaled(around).wrapping_add(self.inside.scaled(inside)))
    }

    /// The output for the sum of all scaled operands.
    #[inline(always)]
    fn rounded(&self, sum: i32) -> i8 {
        self.output.clip(twice(sum, self.mantissa, self.shift as u8))
    }
}
