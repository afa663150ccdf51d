//! The DSP extension of a Cortex-M4, M7 or M33, which multiplies two pairs of 16-bit integers at once. Elsewhere, tests
//! emulate its instructions.
//!
//! One instruction makes the bytes 0 and 2 of a word 16-bit integers side by side, another one the bytes 1 and 3. So
//! four weights become two pairs wherever they lie, and inputs are laid out to match them.

mod dense;

#[cfg(fnn_dsp)]
use core::arch::asm;

pub(super) use dense::by_fours;
#[cfg(fnn_dsp)]
pub(super) use dense::{MANY, dense_with_room};

use super::products::Finish;
use super::requantization::Requantize;
use super::tile::Multiply;
use crate::chunks::Chunks;

/// The instructions of the DSP extension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dsp;

impl Multiply for Dsp {
    /// Of four taps: for each place the inputs under taps 0 and 2, and then for each place those under taps 1 and 3.
    const NUMBERS: usize = 2;
    const TAPS: usize = 4;

    #[inline(always)]
    fn arrange(inputs: &mut [u32], taps: usize) {
        arrange(inputs, taps);
    }

    #[inline(always)]
    fn filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
        if taps < 4 {
            return few_taps(filters, taps, bias, inputs, sums);
        }
        multiply_filters(filters, taps, bias, inputs, sums);
    }

    #[inline(always)]
    fn three_by_three(x: &[i8], pitch: usize, stride: usize, filter: &[i8; 9], bias: i32, sums: &mut [i32]) {
        let [a, b, c, d, e, f, g, h, i] = filter.map(|weight| weight as u32);
        let outer = [low(a, c), low(d, f), low(g, i)];
        let middle = [low(b, e), h];
        let places = Places { x, pitch, outer, middle, bias };
        if stride == 1 { places.in_pairs(sums) } else { places.one_by_one(stride, sums) }
    }

    #[inline(always)]
    fn rows<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, y: &mut [i8], room: &mut [u32]) {
        dense::dense(x, weights, finish, y, room.as_chunks_mut::<2>().0);
    }

    #[inline(always)]
    fn dot(x: &[i8], weights: &[i8], sum: i32) -> i32 {
        let (fours, rest) = weights.as_chunks::<4>();
        let (inputs, _) = x.as_chunks::<4>();
        let extended = |bytes: &[i8; 4]| extend(u32::from_le_bytes(bytes.map(i8::cast_unsigned)));
        let sum = fours.iter().zip(inputs).fold(sum, |sum, (weights, x)| {
            let (weights, x) = (extended(weights), extended(x));
            multiply_add(weights.1, x.1, multiply_add(weights.0, x.0, sum))
        });
        let products = rest.iter().zip(x.get(4 * fours.len()..).unwrap_or_default());
        products.fold(sum, |sum, (&weight, &x)| sum.wrapping_add(i32::from(weight) * i32::from(x)))
    }

    #[inline(always)]
    fn row(x: &[i8], stride: usize, filter: &[i8], bias: i32, sums: &mut [i32]) {
        match filter.len() {
            0..=4 => row::<4, 1>(x, stride, filter, bias, sums),
            5..=8 => row::<8, 2>(x, stride, filter, bias, sums),
            9..=12 => row::<12, 3>(x, stride, filter, bias, sums),
            _ => row::<16, 4>(x, stride, filter, bias, sums),
        }
    }
}

/// [`Multiply::row`] for filters of at most so many weights, which are so many groups of four.
#[inline(always)]
fn row<const TAPS: usize, const GROUPS: usize>(x: &[i8], stride: usize, filter: &[i8], bias: i32, sums: &mut [i32]) {
    let mut weights = [(0, 0); GROUPS];
    for (weights, four) in weights.iter_mut().zip(filter.parts(4)) {
        *weights = extend(word(four));
    }
    let mut at = 0;
    for to in sums {
        let Some(under) = x.get(at..).and_then(|x| x.first_chunk::<TAPS>()) else { return };
        let mut sum = bias;
        for (&four, (even, odd)) in under.as_chunks::<4>().0.iter().zip(weights) {
            let (x_even, x_odd) = extend(u32::from_le_bytes(four.map(i8::cast_unsigned)));
            sum = multiply_add(odd, x_odd, multiply_add(even, x_even, sum));
        }
        *to = sum;
        at += stride;
    }
}

/// See [`Multiply::arrange`]. What is written never passes what is read.
#[cfg(fnn_dsp)]
fn arrange(inputs: &mut [u32], taps: usize) {
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
fn arrange(inputs: &mut [u32], taps: usize) {
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

/// The lower halves of two pairs, and the upper ones.
#[inline(always)]
fn low(one: u32, other: u32) -> u32 {
    one & 0xffff | other << 16
}

#[cfg(not(fnn_dsp))]
#[inline(always)]
fn high(one: u32, other: u32) -> u32 {
    one >> 16 | other & 0xffff_0000
}

/// Up to four bytes, and zeros.
#[inline(always)]
fn word(bytes: &[i8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte.cast_unsigned()))
}

/// [`Multiply::filters`] for filters of less than four weights.
#[inline(never)]
fn few_taps(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
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

/// [`Multiply::filters`] for filters of at least four weights.
#[cfg(fnn_dsp)]
#[inline(always)]
fn multiply_filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
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
fn multiply_filters(filters: &[i8], taps: usize, bias: &[i32], inputs: &[u32], sums: &mut [[i32; 4]]) {
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

/// Neighbouring places of a window of 3 × 3.
struct Places<'a> {
    x: &'a [i8],
    pitch: usize,
    /// The first and the last weight of each row, side by side.
    outer: [u32; 3],
    /// The other weights: those of the first two rows side by side, and that of the last one.
    middle: [u32; 2],
    bias: i32,
}

#[cfg(fnn_dsp)]
impl Places<'_> {
    /// Two places at a time, where windows move by 1: of four inputs 0, 1, 2, 3, the first place sees 0, 2 and 1, the
    /// second one 1, 3 and 2.
    #[inline(always)]
    fn in_pairs(&self, sums: &mut [i32]) {
        let count = sums.len() / 2;
        if count == 0 || self.x.len() < 2 * count + 2 * self.pitch + 2 {
            return;
        }
        // SAFETY: as for `one_by_one`, for two places each turn.
        unsafe {
            asm!(
                "push {{r6, r7}}",
                "add r6, r1, r5, lsl #3",
                "mov r7, r4",
                "2:",
                "ldr r4, [r0]", "sxtb16 r5, r4, ror #8", "sxtb16 r4, r4",
                "smlabb r2, r5, r11, r12", "smlad r2, r4, r8, r2", "smlatb r3, r4, r11, r12", "smlad r3, r5, r8, r3",
                "ldr r4, [r0, lr]", "sxtb16 r5, r4, ror #8", "sxtb16 r4, r4",
                "smlabt r2, r5, r11, r2", "smlad r2, r4, r9, r2", "smlatt r3, r4, r11, r3", "smlad r3, r5, r9, r3",
                "ldr r4, [r0, lr, lsl #1]", "sxtb16 r5, r4, ror #8", "sxtb16 r4, r4",
                "smlabb r2, r5, r7, r2", "smlad r2, r4, r10, r2", "smlatb r3, r4, r7, r3", "smlad r3, r5, r10, r3",
                "stm r1!, {{r2, r3}}",
                "adds r0, #2",
                "cmp r1, r6",
                "bne 2b",
                "pop {{r6, r7}}",
                inout("r0") self.x.as_ptr() => _,
                inout("r1") sums.as_mut_ptr() => _,
                inout("r4") self.middle[1] => _, inout("r5") count => _, out("r2") _, out("r3") _,
                in("r8") self.outer[0], in("r9") self.outer[1], in("r10") self.outer[2], in("r11") self.middle[0],
                in("r12") self.bias, in("lr") self.pitch,
            );
        }
    }

    /// The sums of all places but one.
    #[inline(always)]
    fn one_by_one(&self, stride: usize, sums: &mut [i32]) {
        let count = sums.len().saturating_sub(1);
        if count == 0 || self.x.len() < (count - 1) * stride + 2 * self.pitch + 4 {
            return;
        }
        // SAFETY: the target has the extension. `count` sums are written, and for each four bytes of three rows are read, the
        // last of which end where the slice does at most. `r6` and `r7`, which can't be operands, are restored. Nothing reads
        // the flag (Q) that a sum sets on overflow.
        unsafe {
            asm!(
                "push {{r6, r7}}",
                "add r6, r1, r5, lsl #2",
                "mov r7, r4",
                "2:",
                "ldr r4, [r0]", "sxtb16 r5, r4, ror #8", "sxtb16 r4, r4",
                "smlabb r2, r5, r11, r12", "smlad r2, r4, r8, r2",
                "ldr r4, [r0, lr]", "sxtb16 r5, r4, ror #8", "sxtb16 r4, r4",
                "smlabt r2, r5, r11, r2", "smlad r2, r4, r9, r2",
                "ldr r4, [r0, lr, lsl #1]", "sxtb16 r5, r4, ror #8", "sxtb16 r4, r4",
                "smlabb r2, r5, r7, r2", "smlad r2, r4, r10, r2",
                "str r2, [r1], #4",
                "add r0, r3",
                "cmp r1, r6",
                "bne 2b",
                "pop {{r6, r7}}",
                inout("r0") self.x.as_ptr() => _,
                inout("r1") sums.as_mut_ptr() => _,
                inout("r4") self.middle[1] => _, inout("r5") count => _, out("r2") _, in("r3") stride,
                in("r8") self.outer[0], in("r9") self.outer[1], in("r10") self.outer[2], in("r11") self.middle[0],
                in("r12") self.bias, in("lr") self.pitch,
            );
        }
    }
}

#[cfg(not(fnn_dsp))]
impl Places<'_> {
    fn in_pairs(&self, sums: &mut [i32]) {
        self.one_by_one(1, sums);
    }

    fn one_by_one(&self, stride: usize, sums: &mut [i32]) {
        for (place, to) in sums.iter_mut().enumerate() {
            let middle = [self.middle[0] as i16, (self.middle[0] >> 16) as i16, self.middle[1] as i16];
            let mut sum = self.bias;
            for (row, (middle, outer)) in middle.into_iter().zip(self.outer).enumerate() {
                let inputs = self.x.get(place * stride + row * self.pitch..).and_then(|x| x.first_chunk::<4>());
                let (even, odd) = extend(word(inputs.unwrap_or(&[0; 4])));
                sum += i32::from(odd as i16) * i32::from(middle);
                sum = multiply_add(even, outer, sum);
            }
            *to = sum;
        }
    }
}

/// Bytes 0 and 2, and bytes 1 and 3, as 16-bit integers side by side.
#[cfg(fnn_dsp)]
#[inline(always)]
fn extend(word: u32) -> (u32, u32) {
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
fn extend(word: u32) -> (u32, u32) {
    let half = |byte: u32| u32::from((word >> (8 * byte)) as u8 as i8 as u16);
    (half(0) | half(2) << 16, half(1) | half(3) << 16)
}

/// `sum` and the products of both halves. It wraps around where it overflows, which no sum here does.
#[cfg(fnn_dsp)]
#[inline(always)]
fn multiply_add(one: u32, other: u32, mut sum: i32) -> i32 {
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
fn multiply_add(one: u32, other: u32, sum: i32) -> i32 {
    let product = |shift: u32| i32::from((one >> shift) as i16) * i32::from((other >> shift) as i16);
    sum.wrapping_add(product(0)).wrapping_add(product(16))
}
