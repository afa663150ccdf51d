//! Two rows of weights at a time, on inputs that are pairs of 16-bit integers.

#[cfg(fnn_dsp)]
use core::arch::asm;

use super::dense::Pairs;
#[cfg(not(fnn_dsp))]
use super::dense::one_row;
#[cfg(fnn_dsp)]
use super::finished::Raw;
use super::finished::To;
#[cfg(not(fnn_dsp))]
use crate::chunks::Chunks;

/// For each row of `length` weights, four at least, its bias and the products with inputs: for as many rows as there is everything
/// for, without the last one of an odd number. Returns how many.
#[cfg(fnn_dsp)]
#[inline(never)]
pub(super) fn multiply_rows(weights: &[i8], length: usize, bias: &[i32], inputs: &[Pairs], to: To<'_>) -> usize {
    /// What changes less often than there are registers for.
    #[repr(C)]
    struct Rest {
        /// Sums or integers.
        to: *mut u8,
        mantissa: *const i32,
        /// Null for sums.
        shift: *const u8,
        rounding: i32,
        inputs: *const Pairs,
        length: usize,
        bias_end: *const i32,
        /// Where the code for two rows begins: how many groups of a turn are skipped in the first one, and then its address.
        begin: usize,
        /// The end of the inputs in whole groups.
        inputs_end: *const Pairs,
        /// How many weights the last four share with the groups before, and their bits.
        back: usize,
        bits: usize,
    }
    let Raw { count, to, mantissa, shift, rounding } = to.raw(bias);
    let Some(rows) = weights.len().checked_div(length) else { return 0 };
    let count = count.min(rows) & !1;
    if count == 0 || length < 4 || inputs.len() < length.div_ceil(4) {
        return 0;
    }
    // Rows of words are read in groups of eight weights, of which there are eight a turn; others in groups of four, two a turn.
    let words = length.is_multiple_of(8) && weights.as_ptr().cast::<u32>().is_aligned();
    let groups = length / 4;
    let begin = if words { (groups / 2).wrapping_neg() % 8 } else { groups % 2 };
    let back = length.wrapping_neg() % 4;
    let mut rest = Rest {
        to,
        mantissa,
        shift,
        rounding,
        inputs: inputs.as_ptr(),
        length,
        bias_end: bias.as_ptr().wrapping_add(count),
        begin,
        inputs_end: inputs.as_ptr().wrapping_add(groups),
        back,
        bits: 8 * back,
    };
    /// Eight inputs: 19 instructions for 16 products.
    macro_rules! eight {
        () => {
            concat!("ldm.w r6!, {{r2, r3, r4, r5}}\n", eight!("r0", "r8"), eight!("r1", "r9"))
        };
        ($row:literal, $sum:literal) => {
            concat!(
                "ldm.w ",
                $row,
                "!, {{r10, r11}}",
                "\nsxtb16 r12, r10\nsmlad ",
                $sum,
                ", r12, r2, ",
                $sum,
                "\nsxtb16 r10, r10, ror #8\nsmlad ",
                $sum,
                ", r10, r3, ",
                $sum,
                "\nsxtb16 r12, r11\nsmlad ",
                $sum,
                ", r12, r4, ",
                $sum,
                "\nsxtb16 r11, r11, ror #8\nsmlad ",
                $sum,
                ", r11, r5, ",
                $sum,
                "\n",
            )
        };
    }
    /// Four inputs.
    macro_rules! four {
        () => {
            concat!("ldrd r2, r3, [r6], #8\n", four!("r0", "r8"), four!("r1", "r9"))
        };
        ($row:literal, $sum:literal) => {
            concat!("ldr.w r10, [", $row, "], #4\n", four!($sum))
        };
        ($sum:literal) => {
            concat!(
                "sxtb16 r12, r10\nsmlad ",
                $sum,
                ", r12, r2, ",
                $sum,
                "\nsxtb16 r10, r10, ror #8\nsmlad ",
                $sum,
                ", r10, r3, ",
                $sum,
                "\n",
            )
        };
    }
    // SAFETY: the target has the extension. There are `count` biases, rows, and sums or factors and integers, an even number,
    // and inputs for all weights of a row, of which there are four at least. The last four weights of a row are in it, and are
    // shifted to leave those that aren't in a group. Inputs, biases, mantissas and sums are words, so aligned for `ldm` and
    // `ldrd`, as are weights where `words` says it; elsewhere weights needn't be for `ldr`, and shifts never for `ldrh`. `rest`
    // lies on the stack a second time, at its end. `r6`, `r7` and the stack's end, which can't be operands, are restored. Nothing
    // reads the flag (Q) that a sum sets on overflow.
    unsafe {
        asm!(
            // `adr` counts from a multiple of four, so the assembler must know where there is one: functions begin at
            // multiples of two.
            ".p2align 2
             push {{r6, r7}}
             adr.w r2, 5f
             adr.w r3, 6f
             adr.w r4, 7f
             adr.w r5, 8f
             cmp r1, #0
             itt eq
             moveq r2, r4
             moveq r3, r5
             sub r3, r3, r2
             ldr r4, [r12, #28]
             mla r2, r3, r4, r2
             orr r2, r2, #1
             str r2, [r12, #28]
             add r12, r12, #44
             ldmdb r12!, {{r1, r2, r3, r4, r5}}
             push {{r1, r2, r3, r4, r5}}
             ldmdb r12!, {{r1, r2, r3, r4, r5, r10}}
             push {{r1, r2, r3, r4, r5, r10}}
             mov r6, r5
             ldr r7, [sp, #32]",
            // The next two rows, with the inputs' address in `r6` and the rows' length in `r10`.
            "4:
             ldrd r8, r9, [lr], #8
             add r1, r0, r10
             ldr pc, [sp, #28]",
            "7:",
            four!(),
            "8:",
            four!(),
            "cmp r6, r7
             bne 7b
             ldrd r4, r5, [sp, #36]
             cbz r4, 2f
             ldrd r2, r3, [r6]
             sub r0, r0, r4
             ldr r10, [r0], #4
             lsr r10, r10, r5",
            four!("r8"),
            "sub r1, r1, r4
             ldr r10, [r1], #4
             lsr r10, r10, r5",
            four!("r9"),
            "2:
             b 9f",
            // Weights are words: 152 instructions for 128 products, and two to go round.
            "5:",
            eight!(),
            "6:",
            eight!(),
            eight!(),
            eight!(),
            eight!(),
            eight!(),
            eight!(),
            eight!(),
            "cmp r6, r7
             bne 5b",
            // All products of two rows: 24 instructions, with those before and behind.
            "9:
             ldm sp, {{r2, r3, r4, r5, r6, r10}}
             mov r0, r1
             cbz r4, 3f
             ldrd r11, r12, [r3], #8
             smmul r8, r8, r11
             smmul r9, r9, r12
             ldrh r11, [r4], #2
             and r11, r11, #0x1f1f1f1f
             asr r8, r8, r11
             lsr r11, r11, #8
             asr r9, r9, r11
             add r8, r8, r5
             add r9, r9, r5
             ssat r8, #8, r8, asr #1
             ssat r9, #8, r9, asr #1
             strb r8, [r2], #1
             strb r9, [r2], #1
             stm sp, {{r2, r3, r4}}
             ldr r12, [sp, #24]
             cmp lr, r12
             bne 4b
             b 2f
             3:
             strd r8, r9, [r2], #8
             str r2, [sp]
             ldr r12, [sp, #24]
             cmp lr, r12
             bne 4b
             2:
             add sp, #44
             pop {{r6, r7}}",
            inout("r0") weights.as_ptr() => _,
            inout("r1") usize::from(words) => _,
            inout("r12") &mut rest => _,
            inout("lr") bias.as_ptr() => _,
            out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    count
}

#[cfg(not(fnn_dsp))]
pub(super) fn multiply_rows(weights: &[i8], length: usize, bias: &[i32], inputs: &[Pairs], to: To<'_>) -> usize {
    let rows = bias.len().min(weights.blocks(length).count()) & !1;
    if length < 4 {
        return 0;
    }
    to.write(weights.blocks(length).zip(bias).take(rows).map(|(row, &bias)| one_row(row, inputs, bias)))
}
