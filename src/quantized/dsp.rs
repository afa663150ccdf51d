//! Four 8-bit integers in a register of a Cortex-M4, M7 or M33, whose DSP extension multiplies two pairs of 16-bit ones
//! at once.

use core::arch::asm;

/// The numbers 0 and 2, and the numbers 1 and 3, as 16-bit integers side by side.
#[derive(Clone, Copy)]
pub(super) struct Four {
    even: u32,
    odd: u32,
}

impl Four {
    /// Four numbers, from anywhere in memory.
    #[inline(always)]
    pub(super) fn of(numbers: &[i8; 4]) -> Self {
        let word = u32::from_le_bytes(numbers.map(i8::cast_unsigned));
        let (even, odd);
        // SAFETY: the extension is there, and the instructions only compute.
        unsafe {
            asm!("sxtb16 {}, {}", lateout(reg) even, in(reg) word, options(pure, nomem, nostack, preserves_flags));
            asm!("sxtb16 {}, {}, ror #8", lateout(reg) odd, in(reg) word, options(pure, nomem, nostack, preserves_flags));
        }
        Self { even, odd }
    }

    /// `sum` and the products, number by number.
    #[inline(always)]
    pub(super) fn multiply_add(self, other: Self, sum: i32) -> i32 {
        multiply_add(self.odd, other.odd, multiply_add(self.even, other.even, sum))
    }
}

/// `sum` and the products of both halves. It wraps around where it overflows, which no sum here does.
#[inline(always)]
fn multiply_add(one: u32, other: u32, mut sum: i32) -> i32 {
    // SAFETY: the extension is there; the instruction only computes, and sets a flag (Q) on overflow that nothing reads.
    unsafe {
        asm!(
            "smlad {sum}, {one}, {other}, {sum}",
            sum = inlateout(reg) sum, one = in(reg) one, other = in(reg) other,
            options(pure, nomem, nostack)
        );
    }
    sum
}
