//! Filters of a single row, which see one channel.

#[cfg(fnn_dsp)]
use core::arch::asm;

use super::super::products::Finish;
use super::super::products::skip;
#[cfg(not(fnn_dsp))]
use super::super::products::tail;
use super::super::requantization::Requantize;
#[cfg(fnn_dsp)]
use super::finished::Raw;
use super::finished::{To, finished};
use super::{extend, multiply_add, pairs, word};
use crate::chunks::Chunks;

/// [`Multiply::row`](super::Multiply::row) for filters of at most `TAPS` weights, which are `GROUPS` groups of four.
#[inline(always)]
pub(super) fn row<const TAPS: usize, const GROUPS: usize>(
    x: &[i8],
    stride: usize,
    filter: &[i8],
    bias: i32,
    sums: &mut [i32],
) {
    let mut weights = [(0, 0); GROUPS];
    for (weights, four) in weights.iter_mut().zip(filter.parts(4)) {
        *weights = extend(word(four));
    }
    let Some(last) = sums.len().checked_sub(1) else { return };
    if x.len() < last * stride + TAPS {
        return;
    }
    let mut x = x.as_ptr();
    for to in sums {
        // SAFETY: the window of the last sum is in the slice, and so are those before it.
        *to = unsafe { dot(x, &weights, bias) };
        x = x.wrapping_add(stride);
    }
}

/// `sum` and the products of inputs with groups of four weights.
///
/// # Safety
/// As many groups of inputs can be read there.
#[inline(always)]
unsafe fn dot<const GROUPS: usize>(x: *const i8, weights: &[(u32, u32); GROUPS], sum: i32) -> i32 {
    weights.iter().enumerate().fold(sum, |sum, (group, &(even, odd))| {
        // SAFETY: the caller's promise.
        let (x_even, x_odd) = pairs(unsafe { *x.add(4 * group).cast() });
        multiply_add(odd, x_odd, multiply_add(even, x_even, sum))
    })
}

/// [`Multiply::channels`](super::Multiply::channels) for rows of at most 16 weights, as far as whole groups of four can be read.
/// Returns how many rows it computed.
#[inline(always)]
pub(super) fn channels<R: Requantize>(
    x: &[i8],
    weights: &[i8],
    taps: usize,
    finish: Finish<'_, R>,
    y: &mut [i8],
) -> usize {
    finished(finish, y, |first, bias, to| {
        multiply_channels(skip(x, first * taps), skip(weights, first * taps), taps, bias, to)
    })
}

/// How many rows of `taps` weights can be read in whole groups of four.
#[inline(always)]
fn readable(length: usize, taps: usize) -> usize {
    let room = length.checked_sub(taps.next_multiple_of(4));
    room.and_then(|room| room.checked_div(taps)).map_or(0, |rows| rows + 1)
}

/// For each row of at most 16 weights, its bias and the products with its own row of `x`, for as many rows as there is everything
/// for and as can be read in whole groups. Returns how many.
#[cfg(fnn_dsp)]
#[inline(never)]
fn multiply_channels(x: &[i8], weights: &[i8], taps: usize, bias: &[i32], to: To<'_>) -> usize {
    let Raw { count, to, mantissa, shift, rounding } = to.raw(bias);
    let count = count.min(readable(x.len().min(weights.len()), taps));
    if count == 0 || taps == 0 || taps > 16 {
        return 0;
    }
    let groups = taps.div_ceil(4);
    // What lies behind a row belongs to the next one: its weights count as zeros.
    let mask = u32::MAX >> (8 * (taps.wrapping_neg() % 4));
    /// What changes less often than there are registers for.
    #[repr(C)]
    struct Rest {
        /// Where the code for a row begins: how many groups are left out, and then its address.
        begin: usize,
        bias_end: *const i32,
        /// Weights in the last group.
        last: usize,
        mask: u32,
    }
    let bias_end = bias.as_ptr().wrapping_add(count);
    let mut rest = Rest { begin: 4 - groups, bias_end, last: taps - 4 * (groups - 1), mask };
    /// Four weights in `r9`, and as many inputs in `r10`.
    macro_rules! products {
        () => {
            "sxtb16 r11, r9
             sxtb16 r12, r10
             smlad r8, r11, r12, r8
             sxtb16 r9, r9, ror #8
             sxtb16 r10, r10, ror #8
             smlad r8, r9, r10, r8"
        };
    }
    macro_rules! group {
        () => {
            concat!("ldr.w r10, [r0, r1]\nldr.w r9, [r0], #4\n", products!())
        };
    }
    // SAFETY: the target has the extension. There are `count` biases, rows of weights and of inputs, whose groups can be read
    // from the start of each on, and sums or factors and integers. Biases, mantissas and sums are words; weights and inputs
    // needn't be for `ldr`. `rest` lies on the stack a second time, at its end. `r6`, `r7` and the stack's end, which can't be
    // operands, are restored. Nothing reads the flag (Q) that a sum sets on overflow.
    unsafe {
        asm!(
            // `adr` counts from a multiple of four, so the assembler must know where there is one: functions begin at
            // multiples of two.
            ".p2align 2
             push {{r6, r7}}
             adr.w r9, 5f
             adr.w r10, 6f
             sub r10, r10, r9
             ldm r12, {{r8, r11}}
             ldrd r6, r7, [r12, #8]
             mla r8, r10, r8, r9
             orr r8, r8, #1
             push {{r8, r11}}
             sub r1, r1, r0
             4:
             ldr r8, [r3], #4
             ldr pc, [sp]",
            "5:",
            group!(),
            "6:",
            group!(),
            group!(),
            "ldr.w r10, [r0, r1]
             ldr.w r9, [r0]
             add r0, r0, r6
             and r9, r9, r7",
            products!(),
            // All products of a row: 16 instructions, with those before and those for the last group.
            "cbz r5, 3f
             ldr r9, [r4], #4
             ldrb r10, [r5], #1
             smmul r8, r8, r9
             and r10, r10, #31
             asr r8, r8, r10
             add r8, r8, lr
             ssat r8, #8, r8, asr #1
             strb r8, [r2], #1
             ldr r9, [sp, #4]
             cmp r3, r9
             bne 4b
             b 2f
             3:
             str r8, [r2], #4
             ldr r9, [sp, #4]
             cmp r3, r9
             bne 4b
             2:
             add sp, #8
             pop {{r6, r7}}",
            inout("r0") weights.as_ptr() => _, inout("r1") x.as_ptr() => _, inout("r2") to => _,
            inout("r3") bias.as_ptr() => _, inout("r4") mantissa => _, inout("r5") shift => _,
            inout("r12") &mut rest => _, in("lr") rounding,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    count
}

#[cfg(not(fnn_dsp))]
fn multiply_channels(x: &[i8], weights: &[i8], taps: usize, bias: &[i32], to: To<'_>) -> usize {
    let rows = if taps > 16 { 0 } else { readable(x.len().min(weights.len()), taps) };
    let rows = x.blocks(taps).zip(weights.blocks(taps)).zip(bias).take(rows);
    to.write(rows.map(|((x, weights), &bias)| tail(x, weights, bias)))
}
