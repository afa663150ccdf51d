//! Filters of any window, on the inputs of four places.

#[cfg(fnn_dsp)]
use core::{arch::asm, ptr::null};

use super::super::products::Finish;
use super::super::requantization::Once;
use super::instructions::{extend, multiply_add, word};
#[cfg(not(fnn_dsp))]
use super::instructions::{high, low};
#[cfg(not(fnn_dsp))]
use crate::chunks::Chunks;

/// See [`Multiply::arrange`](super::Multiply::arrange). What is written never passes what is read.
#[cfg(fnn_dsp)]
pub(super) fn arrange(inputs: &mut [u32], taps: usize) {
    let groups = taps / 4;
    if groups == 0 || inputs.len() < 8 * groups {
        return;
    }
    let from = inputs.len() - 4 * groups;
    /// Two taps, in `one` and `other`, of all places.
    macro_rules! pairs {
        ($one:literal, $other:literal) => {
            concat!(
                "sxtb16 r8, ",
                $one,
                "
                 sxtb16 r9, ",
                $other,
                "
                 pkhbt r10, r8, r9, lsl #16
                 pkhtb r12, r9, r8, asr #16
                 sxtb16 r8, ",
                $one,
                ", ror #8
                 sxtb16 r9, ",
                $other,
                ", ror #8
                 pkhbt r11, r8, r9, lsl #16
                 pkhtb lr, r9, r8, asr #16
                 stm r1!, {{r10, r11, r12, lr}}"
            )
        };
    }
    let inputs = inputs.as_mut_ptr();
    // SAFETY: the target has the extension. The last 4 numbers for each group are read in ascending order, and the first 8
    // written, all of them in the slice, and words, so aligned.
    unsafe {
        asm!(
            "2: ldm r0!, {{r2, r3, r4, r5}}",
            pairs!("r2", "r4"),
            pairs!("r3", "r5"),
            "subs {groups}, #1
             bne 2b",
            groups = inout(reg) groups => _,
            inout("r0") inputs.add(from) => _,
            inout("r1") inputs => _,
            out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            out("r12") _, out("lr") _,
            options(nostack),
        );
    }
}

#[cfg(not(fnn_dsp))]
pub(super) fn arrange(inputs: &mut [u32], taps: usize) {
    let mut from = inputs.len().wrapping_sub(taps);
    let mut to = 0;
    while let Some(taps) = inputs.get(from..).and_then(|inputs| inputs.first_chunk::<4>()) {
        // Places 0 and 2 are the even bytes of a number, 1 and 3 the odd ones.
        let [zero, one, two, three] = taps.map(extend);
        let group = [
            low(zero.0, two.0),
            low(zero.1, two.1),
            high(zero.0, two.0),
            high(zero.1, two.1),
            low(one.0, three.0),
            low(one.1, three.1),
            high(one.0, three.0),
            high(one.1, three.1),
        ];
        let Some(inputs) = inputs.get_mut(to..).and_then(|inputs| inputs.first_chunk_mut()) else { return };
        *inputs = group;
        from += 4;
        to += 8;
    }
}

/// [`Multiply::filters`](super::Multiply::filters) for filters of less than four weights.
#[inline(never)]
pub(super) fn few_taps(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
    let Some(group) = inputs.first_chunk::<8>() else { return };
    let mut filters = filters;
    for (&bias, sums) in bias.iter().zip(sums) {
        let Some((filter, others)) = filters.split_at_checked(taps) else { return };
        let (even, odd) = extend(word(filter));
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum = multiply_add(odd, group[4 + place], multiply_add(even, group[place], bias));
        }
        filters = others;
    }
}

/// What becomes of the sums of filters in four places.
pub(super) enum To<'a> {
    /// They are kept.
    Sums(&'a mut [[i32; 4]]),
    /// They are requantized, and written to the first places of images, each of which has this number of places.
    Images(Finish<'a, Once>, &'a mut [i8], usize),
}

/// For each filter, its bias and the products with the inputs of four places. Filters have at least four weights.
#[cfg(fnn_dsp)]
#[inline(never)]
pub(super) fn multiply_filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], to: To<'_>) {
    /// What changes less often than there are registers for.
    #[repr(C)]
    struct Rest {
        bias: *const i32,
        mantissa: *const i32,
        shift: *const u8,
        /// Sums or images,
        to: *mut u8,
        /// and how far apart images are, or 0 for sums.
        outputs: usize,
        rounding: i32,
        bias_end: *const i32,
        inputs: *const u32,
        /// The end of the inputs under whole groups of four taps.
        inputs_end: *const u32,
        /// Where the code for a filter begins: 0 and 1 where its weights are words, in which two groups are read at once,
        /// and 2 and 3 elsewhere; 1 and 3 are the middle of a turn.
        begin: usize,
        /// How many weights the last four share with the groups before, and their bits.
        back: usize,
        bits: usize,
    }
    let (groups, back) = (taps / 4, taps.wrapping_neg() % 4);
    let none = (null(), null(), 0);
    let (count, (mantissa, shift, rounding), to, outputs) = match to {
        To::Sums(sums) => (bias.len().min(sums.len()), none, sums.as_mut_ptr().cast(), 0),
        To::Images(Finish { mantissa, shift, requantization, .. }, images, outputs) => {
            let count = bias.len().min(mantissa.len()).min(shift.len());
            if outputs == 0 || images.len() < count.saturating_sub(1) * outputs + 4 {
                return;
            }
            let factors = (mantissa.as_ptr(), shift.as_ptr(), requantization.rounding);
            (count, factors, images.as_mut_ptr().cast::<u8>(), outputs)
        }
    };
    if count == 0
        || groups == 0
        || filters.len() < count.saturating_mul(taps)
        || inputs.len() < 2 * taps.next_multiple_of(4)
    {
        return;
    }
    let words = taps.is_multiple_of(8) && filters.as_ptr().cast::<u32>().is_aligned();
    let mut rest = Rest {
        bias: bias.as_ptr(),
        mantissa,
        shift,
        to,
        outputs,
        rounding,
        bias_end: bias.as_ptr().wrapping_add(count),
        inputs: inputs.as_ptr(),
        inputs_end: inputs.as_ptr().wrapping_add(8 * groups),
        begin: if words { groups / 2 % 2 } else { 2 + groups % 2 },
        back,
        bits: 8 * back,
    };
    /// Four taps, whose weights are in a register, with another one for half of them: 12 instructions for 16 products.
    macro_rules! group {
        ($even:literal, $weights:literal) => {
            concat!(
                "ldm r1!, {{r2, r3, r4, r5}}\nsxtb16 ",
                $even,
                ", ",
                $weights,
                "\nsmlad r8, ",
                $even,
                ", r2, r8\nsmlad r9, ",
                $even,
                ", r3, r9",
                "\nsmlad r10, ",
                $even,
                ", r4, r10\nsmlad r11, ",
                $even,
                ", r5, r11",
                "\nldm r1!, {{r2, r3, r4, r5}}\nsxtb16 ",
                $weights,
                ", ",
                $weights,
                ", ror #8",
                "\nsmlad r8, ",
                $weights,
                ", r2, r8\nsmlad r9, ",
                $weights,
                ", r3, r9",
                "\nsmlad r10, ",
                $weights,
                ", r4, r10\nsmlad r11, ",
                $weights,
                ", r5, r11",
            )
        };
    }
    // SAFETY: the target has the extension. There are `count` biases, filters, and sums or factors and images with four
    // places from `to` on, and inputs under all of a filter's taps, of which there are four at least. Two or four groups of
    // four are read a turn, where another number begins in the middle. The last four weights of a filter are in it, and are
    // shifted to leave those that aren't in a group. Inputs and sums are words, so aligned for `ldm`, as are weights where
    // `words` says it; elsewhere weights needn't be for `ldr`, and images never for `str`. `rest` lies on the stack a second
    // time, at its end. `r6`, `r7` and the stack's end, which can't be operands, are restored. Nothing reads the flag (Q) that
    // a sum sets on overflow.
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
             ldr r1, [r12, #36]
             lsls r1, r1, #31
             itt ne
             movne r2, r3
             movne r4, r5
             it cs
             movcs r2, r4
             orr r2, r2, #1
             str r2, [r12, #36]
             add lr, r12, #48
             ldmdb lr!, {{r1, r2, r3, r4, r5, r8}}
             push {{r1, r2, r3, r4, r5, r8}}
             ldmdb lr, {{r1, r2, r3, r4, r5, r8}}
             push {{r1, r2, r3, r4, r5, r8}}",
            // The next filter.
            "4:
             ldr r8, [r1], #4
             stm sp, {{r1, r2, r3, r4}}
             mov r9, r8
             mov r10, r8
             mov r11, r8
             ldrd r1, r6, [sp, #28]
             ldr pc, [sp, #36]",
            // Weights are words: 50 instructions for 64 products, and two to go round.
            "5: ldm r0!, {{r12, lr}}",
            group!("r7", "r12"),
            group!("r7", "lr"),
            "6: ldm r0!, {{r12, lr}}",
            group!("r7", "r12"),
            group!("r7", "lr"),
            "cmp r1, r6
             bne 5b
             b 9f",
            "7: ldr lr, [r0], #4",
            group!("r12", "lr"),
            "8: ldr lr, [r0], #4",
            group!("r12", "lr"),
            "cmp r1, r6
             bne 7b
             ldrd r2, r3, [sp, #40]
             cbz r2, 9f
             sub r0, r2
             ldr lr, [r0], #4
             lsr lr, r3",
            group!("r12", "lr"),
            // All products of a filter.
            "9:
             ldm sp, {{r1, r2, r3, r4, r5, r6, r7}}
             cbz r5, 3f
             ldr r12, [r2], #4
             ldrb lr, [r3], #1
             lsl r6, lr
             add lr, #1
             smmla r8, r8, r12, r6
             smmla r9, r9, r12, r6
             smmla r10, r10, r12, r6
             smmla r11, r11, r12, r6
             asr r8, lr
             asr r9, lr
             asr r10, lr
             asr r11, lr
             ssat r8, #8, r8
             ssat r9, #8, r9
             ssat r10, #8, r10
             ssat r11, #8, r11
             bfi r8, r9, #8, #8
             bfi r8, r10, #16, #8
             bfi r8, r11, #24, #8
             str r8, [r4]
             add r4, r5
             cmp r1, r7
             bne 4b
             b 2f
             3:
             stm r4!, {{r8, r9, r10, r11}}
             cmp r1, r7
             bne 4b
             2:
             add sp, #48
             pop {{r6, r7}}",
            inout("r0") filters.as_ptr() => _,
            inout("r12") &mut rest => _,
            out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("lr") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}

#[cfg(not(fnn_dsp))]
pub(super) fn multiply_filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], to: To<'_>) {
    let (groups, _) = inputs.as_chunks::<8>();
    let products = bias.iter().zip(filters.blocks(taps)).map(|(&bias, filter)| {
        let mut sums = [bias; 4];
        for (weights, group) in filter.parts(4).zip(groups) {
            let (even, odd) = extend(word(weights));
            for (place, sum) in sums.iter_mut().enumerate() {
                *sum = multiply_add(odd, group[4 + place], multiply_add(even, group[place], *sum));
            }
        }
        sums
    });
    match to {
        To::Sums(sums) => sums.iter_mut().zip(products).for_each(|(to, sums)| *to = sums),
        To::Images(finish, images, outputs) => {
            let mut at = 0;
            for ((sums, &mantissa), &shift) in products.zip(finish.mantissa).zip(finish.shift) {
                let Some(image) = images.get_mut(at..).and_then(|image| image.first_chunk_mut()) else { return };
                let output = finish.requantization.accumulated(mantissa, shift);
                *image = sums.map(|sum| output.requantize(sum));
                at += outputs;
            }
        }
    }
}
