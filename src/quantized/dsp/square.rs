//! Windows of 3 × 3 on one channel.

#[cfg(fnn_dsp)]
use core::arch::asm;

#[cfg(not(fnn_dsp))]
use super::instructions::{extend, multiply_add, word};

/// Neighbouring places of a window of 3 × 3.
pub(super) struct Places<'a> {
    pub(super) x: &'a [i8],
    pub(super) pitch: usize,
    /// The first and the last weight of each row, side by side.
    pub(super) outer: [u32; 3],
    /// The other weights: those of the first two rows side by side, and that of the last one.
    pub(super) middle: [u32; 2],
    pub(super) bias: i32,
}

#[cfg(fnn_dsp)]
impl Places<'_> {
    /// Two places at a time, where windows move by 1: of four inputs 0, 1, 2, 3, the first place sees 0, 2 and 1, the
    /// second one 1, 3 and 2.
    #[inline(always)]
    pub(super) fn in_pairs(&self, sums: &mut [i32]) {
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
    pub(super) fn in_pairs(&self, sums: &mut [i32]) {
        self.one_by_one(1, sums);
    }

    pub(super) fn one_by_one(&self, stride: usize, sums: &mut [i32]) {
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
