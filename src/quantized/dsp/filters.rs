//! Filters of any window, on the inputs of four places.

#[cfg(fnn_dsp)]
use core::arch::asm;

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

/// [`Multiply::filters`](super::Multiply::filters) for filters of at least four weights.
#[cfg(fnn_dsp)]
#[inline(always)]
pub(super) fn multiply_filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
    /// What changes less often than there are registers for.
    #[repr(C)]
    struct Rest {
        bias: *const i32,
        sums: *mut [i32; 4],
        count: usize,
        inputs: *const u32,
        /// Bytes of the inputs under whole groups of four taps.
        whole: usize,
        /// If there are taps left over: how many bytes before their first the last four begin, and the bits of those bytes.
        back: usize,
        bits: usize,
    }
    let count = bias.len().min(sums.len());
    if count == 0 || taps < 4 || filters.len() / taps < count || inputs.len() < 2 * taps.next_multiple_of(4) {
        return;
    }
    let back = taps.wrapping_neg() % 4;
    let rest = Rest {
        bias: bias.as_ptr(),
        sums: sums.as_mut_ptr(),
        count,
        inputs: inputs.as_ptr(),
        whole: taps / 4 * 32,
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
    // SAFETY: the target has the extension. There are `count` biases, sums and filters, and inputs under all of a filter's
    // taps, of which there are four at least; two groups of four are read a turn, where an odd number begins in the
    // middle. The last four weights of a filter are in it, and are shifted to leave those that aren't in a group. Inputs
    // and sums are words, so aligned for `ldm`; weights needn't be for `ldr`. `r6` and `r7`, which can't be operands, are
    // restored. Nothing reads the flag (Q) that a sum sets on overflow.
    unsafe {
        asm!(
            "push {{r6, r7}}
             mov r7, r12",
            // The next filter.
            "4:
             ldr r2, [r7]
             ldr r8, [r2], #4
             str r2, [r7]
             mov r9, r8
             mov r10, r8
             mov r11, r8
             ldrd r1, r6, [r7, #12]
             tst r6, #32
             add r6, r1
             beq 3f",
            "ldr lr, [r0], #4",
            group!("r12", "lr"),
            "cmp r1, r6
             beq 6f
             3: tst r0, #3
             bne 2f
             push {{r7}}",
            // Weights are words: 25 instructions for 32 products.
            "7: ldm r0!, {{r12, lr}}",
            group!("r7", "r12"),
            group!("r7", "lr"),
            "cmp r1, r6
             bne 7b
             pop {{r7}}
             b 6f",
            "2: ldr lr, [r0], #4",
            group!("r12", "lr"),
            "ldr lr, [r0], #4",
            group!("r12", "lr"),
            "cmp r1, r6
             bne 2b
             6:
             ldrd r2, r3, [r7, #20]
             cbz r2, 5f
             sub r0, r2
             ldr lr, [r0], #4
             lsr lr, r3",
            group!("r12", "lr"),
            "5:
             ldrd r2, r3, [r7, #4]
             stm r2!, {{r8, r9, r10, r11}}
             subs r3, #1
             strd r2, r3, [r7, #4]
             bne 4b
             pop {{r6, r7}}",
            inout("r0") filters.as_ptr() => _,
            inout("r12") &rest => _,
            out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("lr") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}

#[cfg(not(fnn_dsp))]
pub(super) fn multiply_filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
    let (groups, _) = inputs.as_chunks::<8>();
    let mut filters = filters;
    for (&bias, sums) in bias.iter().zip(sums) {
        let Some((filter, others)) = filters.split_at_checked(taps) else { return };
        *sums = [bias; 4];
        for (weights, group) in filter.parts(4).zip(groups) {
            let (even, odd) = extend(word(weights));
            for (place, sum) in sums.iter_mut().enumerate() {
                *sum = multiply_add(odd, group[4 + place], multiply_add(even, group[place], *sum));
            }
        }
        filters = others;
    }
}
