//! The instructions, and how bytes and pairs of 16-bit integers are put into words.

#[cfg(fnn_dsp)]
use core::arch::asm;

use crate::memory;

/// Bytes 0 and 2, and bytes 1 and 3, as 16-bit integers side by side.
#[cfg(fnn_dsp)]
#[inline(always)]
pub(super) fn extend(word: u32) -> (u32, u32) {
    let (even, odd);
    // SAFETY: the target has the extension, and the instructions have no side effects.
    unsafe {
        asm!("sxtb16 {}, {}", lateout(reg) even, in(reg) word, options(pure, nomem, nostack, preserves_flags));
        asm!("sxtb16 {}, {}, ror #8", lateout(reg) odd, in(reg) word, options(pure, nomem, nostack, preserves_flags));
    }
    (even, odd)
}

/// `SXTB16` as defined in the Armv7-M Architecture Reference Manual, section A7.7.
#[cfg(not(fnn_dsp))]
pub(super) fn extend(word: u32) -> (u32, u32) {
    let half = |byte: u32| u32::from((word >> (8 * byte)) as u8 as i8 as u16);
    (half(0) | half(2) << 16, half(1) | half(3) << 16)
}

/// `sum` and the products of both halves. It wraps around where it overflows, which no sum here does.
#[cfg(fnn_dsp)]
#[inline(always)]
pub(super) fn multiply_add(one: u32, other: u32, mut sum: i32) -> i32 {
    // SAFETY: the target has the extension; the only side effect is the overflow flag (Q), which nothing reads.
    unsafe {
        asm!(
            "smlad {sum}, {one}, {other}, {sum}",
            sum = inlateout(reg) sum, one = in(reg) one, other = in(reg) other,
            options(pure, nomem, nostack)
        );
    }
    sum
}

/// `SMLAD` as defined there.
#[cfg(not(fnn_dsp))]
pub(super) fn multiply_add(one: u32, other: u32, sum: i32) -> i32 {
    let product = |shift: u32| i32::from((one >> shift) as i16) * i32::from((other >> shift) as i16);
    sum.wrapping_add(product(0)).wrapping_add(product(16))
}

/// The lower halves of two pairs, and the upper ones.
#[inline(always)]
pub(super) fn low(one: u32, other: u32) -> u32 {
    one & 0xffff | other << 16
}

#[cfg(not(fnn_dsp))]
#[inline(always)]
pub(super) fn high(one: u32, other: u32) -> u32 {
    one >> 16 | other & 0xffff_0000
}

/// Up to four bytes, and zeros.
#[inline(always)]
pub(super) fn word(bytes: &[i8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte.cast_unsigned()))
}

/// Four integers as pairs.
#[inline(always)]
pub(super) fn pairs(mut four: [i8; 4]) -> (u32, u32) {
    // One load, at every optimization level: with `map`, a loop is left at "z", and four loads with a pattern.
    extend(u32::from_le_bytes(*memory::workspace(&mut four)))
}
