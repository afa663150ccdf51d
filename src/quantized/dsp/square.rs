//! Windows of 3 × 3 on one channel.

#[cfg(fnn_dsp)]
use core::arch::asm;

use super::instructions::low;
#[cfg(not(fnn_dsp))]
use super::instructions::{extend, multiply_add, word};

/// Neighbouring places of a window of 3 × 3.
pub(super) struct Places<'a> {
    x: &'a [i8],
    pitch: usize,
    /// The first and the last weight of each row, side by side.
    outer: [u32; 3],
    /// The other weights: those of the first two rows side by side, and that of the last one.
    middle: [u32; 2],
    bias: i32,
}

impl<'a> Places<'a> {
    #[inline(always)]
    pub(super) fn new(x: &'a [i8], pitch: usize, filter: &[i8; 9], bias: i32) -> Self {
        let [a, b, c, d, e, f, g, h, i] = filter.map(|weight| weight as u32);
        Self { x, pitch, outer: [low(a, c), low(d, f), low(g, i)], middle: [low(b, e), h], bias }
    }
}

#[cfg(fnn_dsp)]
impl Places<'_> {
    /// Strips of two columns, from top to bottom: each row of inputs is read once for the three rows of places that see it. Of its
    /// four inputs 0, 1, 2, 3, the first place sees 0, 2 and 1, the second one 1, 3 and 2.
    #[inline(always)]
    pub(super) fn in_strips(&self, rows: usize, sums: &mut [[i32; 2]]) {
        /// What changes less often than there are registers for.
        #[repr(C)]
        struct Rest {
            /// The end of a strip's sums.
            end: *const [i32; 2],
            bias: i32,
            /// Where the strip begins.
            x: *const i8,
            /// Bytes of a strip's sums.
            bytes: usize,
            last_end: *const [i32; 2],
        }
        let strips = sums.len().checked_div(rows).unwrap_or_default();
        if strips == 0 || self.x.len() < (rows + 1) * self.pitch + 2 * strips + 2 {
            return;
        }
        let (start, bytes) = (sums.as_mut_ptr(), 8 * rows);
        let last_end = start.wrapping_add(strips * rows).cast_const();
        let end = start.wrapping_add(rows).cast_const();
        let rest = Rest { end, bias: self.bias, x: self.x.as_ptr(), bytes, last_end };
        /// Four inputs, as the pairs `r6` and `r7`.
        macro_rules! inputs {
            ($from:literal) => {
                concat!("ldr r6, ", $from, "\nsxtb16 r7, r6, ror #8\nsxtb16 r6, r6")
            };
        }
        /// Adds the products with a row of weights to the sums of two places.
        macro_rules! products {
            ($one:literal, $other:literal, $start:literal, $outer:literal, $middle:literal, $half:literal) => {
                concat!(
                    "smlab", $half, " ", $one, ", r7, ", $middle, ", ", $start, "\nsmlad ", $one, ", r6, ", $outer,
                    ", ", $one, "\nsmlat", $half, " ", $other, ", r6, ", $middle, ", ", $other, "\nsmlad ", $other,
                    ", r7, ", $outer, ", ", $other,
                )
            };
        }
        macro_rules! first {
            ($one:literal, $other:literal) => {
                products!($one, $other, $other, "r8", "r11", "b")
            };
        }
        macro_rules! second {
            ($one:literal, $other:literal) => {
                products!($one, $other, $one, "r9", "r11", "t")
            };
        }
        macro_rules! third {
            ($one:literal, $other:literal) => {
                products!($one, $other, $one, "r10", "r12", "b")
            };
        }
        // SAFETY: the target has the extension. `strips` times `rows` pairs of sums are written, and of two rows more, four bytes
        // are read for each strip, the last of which end where the slice does at most. Sums are words, so aligned for `strd`;
        // inputs needn't be for `ldr`. `rest` lies on the stack a second time, at its end. `r6`, `r7` and the stack's end, which
        // can't be operands, are restored. Nothing reads the flag (Q) that a sum sets on overflow.
        unsafe {
            asm!(
                "push {{r6, r7}}
                 ldm r2, {{r3, r4, r5, r6, r7}}
                 push {{r3, r4, r5, r6, r7}}
                 2:
                 ldr r3, [sp, #4]",
                inputs!("[r0]"),
                first!("r2", "r3"),
                inputs!("[r0, lr]"),
                "add r0, r0, lr, lsl #1
                 ldr r5, [sp, #4]",
                second!("r2", "r3"),
                first!("r4", "r5"),
                // Two rows of two places: 40 instructions for 36 products.
                "3:",
                inputs!("[r0]"),
                third!("r2", "r3"),
                "strd r2, r3, [r1], #8
                 ldrd r2, r3, [sp]
                 cmp r1, r2
                 beq 4f",
                second!("r4", "r5"),
                first!("r2", "r3"),
                inputs!("[r0, lr]"),
                "add r0, r0, lr, lsl #1",
                third!("r4", "r5"),
                "strd r4, r5, [r1], #8
                 ldrd r4, r5, [sp]
                 cmp r1, r4
                 beq 4f",
                second!("r2", "r3"),
                first!("r4", "r5"),
                "b 3b",
                // The next strip.
                "4:
                 ldrd r0, r2, [sp, #8]
                 ldr r3, [sp, #16]
                 add r0, #2
                 cmp r1, r3
                 beq 5f
                 add r2, r1
                 str r0, [sp, #8]
                 str r2, [sp]
                 b 2b
                 5:
                 add sp, #20
                 pop {{r6, r7}}",
                inout("r0") self.x.as_ptr() => _, inout("r1") start => _, inout("r2") &rest => _,
                out("r3") _, out("r4") _, out("r5") _,
                in("r8") self.outer[0], in("r9") self.outer[1], in("r10") self.outer[2],
                in("r11") self.middle[0], in("r12") self.middle[1], in("lr") self.pitch,
            );
        }
    }

    /// The sums of all places but one.
    #[inline(always)]
    pub(super) fn one_by_one(&self, stride: usize, sums: &mut [i32]) {
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
    pub(super) fn in_strips(&self, rows: usize, sums: &mut [[i32; 2]]) {
        let strips = sums.len().checked_div(rows).unwrap_or_default();
        for (number, to) in sums.iter_mut().take(strips * rows).enumerate() {
            let (strip, row) = (number / rows, number % rows);
            *to = [0, 1].map(|column| self.at(2 * strip + column + row * self.pitch));
        }
    }

    pub(super) fn one_by_one(&self, stride: usize, sums: &mut [i32]) {
        for (place, to) in sums.iter_mut().enumerate() {
            *to = self.at(place * stride);
        }
    }

    /// The sum of the place whose window begins there.
    fn at(&self, start: usize) -> i32 {
        let middle = [self.middle[0] as i16, (self.middle[0] >> 16) as i16, self.middle[1] as i16];
        let mut sum = self.bias;
        for (row, (middle, outer)) in middle.into_iter().zip(self.outer).enumerate() {
            let inputs = self.x.get(start + row * self.pitch..).and_then(|x| x.first_chunk::<4>());
            let (even, odd) = extend(word(inputs.unwrap_or(&[0; 4])));
            sum += i32::from(odd as i16) * i32::from(middle);
            sum = multiply_add(even, outer, sum);
        }
        sum
    }
}
