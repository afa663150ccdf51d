//! NEON: `sdot`, where the processor has it, multiplies 16 pairs of integers and adds each four products to a 32-bit sum. Else,
//! `mul` makes products of 16 bits, and `sadalp` adds each two of them to a sum.

use core::arch::aarch64::*;
use core::arch::asm;

use super::instructions::{BYTES, Instructions, SUMS, Work};
use super::{PLACES, Selection, copied};
use crate::kernels::inlined;

/// The proof that the processor has the instructions, with dot products where `DOT`.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Neon<const DOT: bool>(());

impl<const DOT: bool> Neon<DOT> {
    /// The token, where this processor has the instructions.
    #[inline(always)]
    pub(super) fn detect() -> Option<Self> {
        let found = !DOT || super::has!(is_aarch64_feature_detected: "dotprod");
        found.then_some(Self(()))
    }
}

/// A channel, and what is padding around it.
#[derive(Clone, Copy)]
pub(in crate::quantized) struct Channel<'a> {
    x: &'a [i8],
    outside: uint8x16_t,
}

/// How bytes side by side become quads: of 16 bytes, four for each of four places.
#[derive(Clone, Copy)]
pub(in crate::quantized) struct Order {
    stride: usize,
    bytes: uint8x16_t,
}

/// To each sum, four products.
///
/// # Safety
/// The processor has the instruction.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn sdot(sums: int32x4_t, x: int8x16_t, y: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the caller's promise; nothing but registers is read or written. (The function for it isn't stable yet.)
    unsafe {
        asm!("sdot {0:v}.4s, {1:v}.16b, {2:v}.16b", inlateout(vreg) sums, in(vreg) x, in(vreg) y,
            options(pure, nomem, nostack, preserves_flags));
    }
    sums
}

// SAFETY of all calls of instructions: the token is the proof that the processor has them. No more bytes are read or written than a
// slice or an array has.
impl<const DOT: bool> Instructions for Neon<DOT> {
    type Bytes = [int8x16_t; 4];
    type Sums = [int32x4_t; 4];
    type Integers = int8x16_t;
    type Order = Order;
    type Selection = Selection;
    type Channel<'a> = Channel<'a>;

    const OFFSET: u8 = 0;
    const ROWS: usize = 2;
    const CHANNEL: usize = 0;

    inlined! {
        fn run<W: Work>(self, work: W) {
            #[inline(never)]
            #[target_feature(enable = "neon")]
            fn compiled<W: Work>(work: W) {
                work.run(Neon::<false>(()));
            }
            #[inline(never)]
            #[target_feature(enable = "neon,dotprod")]
            fn compiled_with_dot<W: Work>(work: W) {
                work.run(Neon::<true>(()));
            }
            // SAFETY: the token is the proof that the processor has the instructions.
            unsafe { if DOT { compiled_with_dot(work) } else { compiled(work) } }
        }

        fn sums(self, sum: i32) -> Self::Sums {
            // SAFETY: as above.
            unsafe { [vdupq_n_s32(sum); 4] }
        }

        fn load_sums(self, from: &[i32; SUMS]) -> Self::Sums {
            let mut sums = self.sums(0);
            for (to, from) in sums.iter_mut().zip(from.as_chunks::<4>().0) {
                // SAFETY: as above.
                *to = unsafe { vld1q_s32(from.as_ptr()) };
            }
            sums
        }

        fn store_sums(self, sums: Self::Sums, to: &mut [i32; SUMS]) {
            for (to, from) in to.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
                // SAFETY: as above.
                unsafe { vst1q_s32(to.as_mut_ptr(), from) };
            }
        }

        fn total(self, [a, b, c, d]: Self::Sums) -> i32 {
            // SAFETY: as above.
            unsafe { vaddvq_s32(vaddq_s32(vaddq_s32(a, b), vaddq_s32(c, d))) }
        }

        fn four(self, four: i32) -> Self::Bytes {
            // SAFETY: as above.
            unsafe { [vreinterpretq_s8_s32(vdupq_n_s32(four)); 4] }
        }

        fn load(self, from: &[u8; BYTES]) -> Self::Bytes {
            let mut bytes = self.four(0);
            for (to, from) in bytes.iter_mut().zip(from.as_chunks::<16>().0) {
                // SAFETY: as above.
                *to = unsafe { vld1q_s8(from.as_ptr().cast()) };
            }
            bytes
        }

        fn store(self, bytes: Self::Bytes, to: &mut [u8; BYTES]) {
            for (to, from) in to.as_chunks_mut::<16>().0.iter_mut().zip(bytes) {
                // SAFETY: as above.
                unsafe { vst1q_s8(to.as_mut_ptr().cast(), from) };
            }
        }

        fn with_offset(self, bytes: Self::Bytes) -> Self::Bytes {
            bytes
        }

        fn dot(self, sums: Self::Sums, with_offset: Self::Bytes, others: Self::Bytes) -> Self::Sums {
            let mut sums = sums;
            for (part, sums) in sums.iter_mut().enumerate() {
                let (x, y): (int8x16_t, int8x16_t) = (with_offset[part], others[part]);
                // SAFETY: as above.
                unsafe {
                    if DOT {
                        *sums = sdot(*sums, x, y);
                        continue;
                    }
                    // Of four bytes, the first and the third are products of 16 bits, and the others are.
                    let (x, y) = (vreinterpretq_s16_s8(x), vreinterpretq_s16_s8(y));
                    let even = vshrq_n_s16::<8>(vshlq_n_s16::<8>(x));
                    let other_even = vshrq_n_s16::<8>(vshlq_n_s16::<8>(y));
                    *sums = vpadalq_s16(*sums, vmulq_s16(even, other_even));
                    let (odd, other_odd) = (vshrq_n_s16::<8>(x), vshrq_n_s16::<8>(y));
                    *sums = vpadalq_s16(*sums, vmulq_s16(odd, other_odd));
                }
            }
            sums
        }

        fn once(self, sums: Self::Sums, mantissa: Self::Sums, shift: Self::Sums, rounding: Self::Sums) -> int8x16_t {
            let mut rounded = sums;
            for (part, sums) in rounded.iter_mut().enumerate() {
                // SAFETY: as above.
                unsafe {
                    let low = vreinterpretq_s32_s64(vmull_s32(vget_low_s32(*sums), vget_low_s32(mantissa[part])));
                    let high = vreinterpretq_s32_s64(vmull_high_s32(*sums, mantissa[part]));
                    let upper = vuzp2q_s32(low, high);
                    let shift = vnegq_s32(vandq_s32(shift[part], vdupq_n_s32(31)));
                    *sums = vshrq_n_s32::<1>(vaddq_s32(vshlq_s32(upper, shift), rounding[part]));
                }
            }
            let [a, b, c, d] = rounded;
            // SAFETY: as above.
            unsafe {
                let low = vqmovn_high_s32(vqmovn_s32(a), b);
                let high = vqmovn_high_s32(vqmovn_s32(c), d);
                vqmovn_high_s16(vqmovn_s16(low), high)
            }
        }

        fn load_integers(self, from: &[i8; SUMS]) -> int8x16_t {
            // SAFETY: as above.
            unsafe { vld1q_s8(from.as_ptr()) }
        }

        fn store_first(self, integers: int8x16_t, to: &mut [i8]) {
            let mut bytes = [0i8; SUMS];
            // SAFETY: as above.
            unsafe {
                match to.first_chunk_mut::<SUMS>() {
                    Some(to) => return vst1q_s8(to.as_mut_ptr(), integers),
                    None => vst1q_s8(bytes.as_mut_ptr(), integers),
                }
            }
            super::copy_up_to(&bytes, to);
        }

        fn first_integers(self, from: &[i8], count: usize, behind: i8) -> int8x16_t {
            const NUMBERS: [i8; SUMS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
            let bytes;
            let all = match from.first_chunk::<SUMS>() {
                Some(all) => all,
                None => {
                    bytes = copied(from);
                    &bytes
                }
            };
            // SAFETY: as above.
            unsafe {
                let within = vcgtq_s8(vdupq_n_s8(count.min(SUMS) as i8), self.load_integers(&NUMBERS));
                vbslq_s8(within, self.load_integers(all), vdupq_n_s8(behind))
            }
        }

        fn store_with_offset(self, integers: int8x16_t, to: &mut [u8; SUMS]) {
            // SAFETY: as above.
            unsafe { vst1q_s8(to.as_mut_ptr().cast(), integers) }
        }

        fn zip(self, one: int8x16_t, other: int8x16_t) -> [int8x16_t; 2] {
            // SAFETY: as above.
            unsafe { [vzip1q_s8(one, other), vzip2q_s8(one, other)] }
        }

        fn order(self, stride: usize, taps: usize) -> Order {
            let bytes = super::order(stride, taps);
            // SAFETY: as above.
            Order { stride, bytes: unsafe { vreinterpretq_u8_s8(vld1q_s8(bytes.as_ptr())) } }
        }

        fn windows(self, Order { stride, bytes }: Order, from: &[u8; BYTES]) -> Self::Bytes {
            // The windows of four places begin within 16 bytes, as strides are at most 4.
            let stride = stride.min(4);
            let mut quads = self.four(0);
            for (part, quads) in quads.iter_mut().enumerate() {
                // SAFETY: as above. The last four begin 48 bytes after the first ones at most.
                *quads = unsafe {
                    vreinterpretq_s8_u8(vqtbl1q_u8(vld1q_u8(from.as_ptr().add(part * 4 * stride)), bytes))
                };
            }
            quads
        }

        fn channels(self, from: [Option<&[i8]>; 4]) -> [Self::Bytes; 2] {
            let mut quads = [self.four(0); 2];
            for (half, quads) in quads.iter_mut().enumerate() {
                // SAFETY: as above.
                let mut channels = unsafe { [vdupq_n_s8(0); 4] };
                for (channel, from) in channels.iter_mut().zip(from) {
                    let Some(from) = from else { continue };
                    let from = from.get(half * SUMS..).unwrap_or_default();
                    *channel = match from.first_chunk::<SUMS>() {
                        Some(from) => self.load_integers(from),
                        None => self.load_integers(&copied(from)),
                    };
                }
                let [a, b, c, d] = channels;
                // SAFETY: as above.
                unsafe {
                    let words = |low, high| (vreinterpretq_s16_s8(low), vreinterpretq_s16_s8(high));
                    let (ab, cd) = words(vzip1q_s8(a, b), vzip1q_s8(c, d));
                    let (upper_ab, upper_cd) = words(vzip2q_s8(a, b), vzip2q_s8(c, d));
                    *quads = [
                        vreinterpretq_s8_s16(vzip1q_s16(ab, cd)),
                        vreinterpretq_s8_s16(vzip2q_s16(ab, cd)),
                        vreinterpretq_s8_s16(vzip1q_s16(upper_ab, upper_cd)),
                        vreinterpretq_s8_s16(vzip2q_s16(upper_ab, upper_cd)),
                    ];
                }
            }
            quads
        }

        fn select(self, within: u32) -> Selection {
            Selection::new(within)
        }

        fn store_selected(self, [low, high]: [int8x16_t; 2], selection: Selection, to: &mut [i8]) {
            let Selection { numbers: [low_numbers, high_numbers], count } = &selection;
            let mut bytes = [0i8; PLACES];
            let (is_whole, whole) = match to.first_chunk_mut::<PLACES>() {
                Some(to) => (true, to),
                None => (false, &mut bytes),
            };
            // SAFETY: as above. The lower half has at most 16 selected integers.
            unsafe {
                vst1q_s8(whole.as_mut_ptr(), vqtbl1q_s8(low, vld1q_u8(low_numbers.as_ptr())));
                let high = vqtbl1q_s8(high, vld1q_u8(high_numbers.as_ptr()));
                vst1q_s8(whole.as_mut_ptr().add((*count).min(SUMS)), high);
            }
            if !is_whole {
                super::copy_up_to(&bytes, to);
            }
        }

        fn channel<const IN_REGISTERS: bool>(self, x: &[i8], outside: i8) -> Channel<'_> {
            // SAFETY: as above.
            Channel { x, outside: unsafe { vdupq_n_u8(outside.cast_unsigned()) } }
        }

        unsafe fn take<const IN_REGISTERS: bool>(
            self,
            Channel { x, outside }: Channel<'_>,
            numbers: &[u8; BYTES],
            starts: [u16; 4],
        ) -> Self::Bytes {
            let mut quads = self.load(numbers);
            for (quads, start) in quads.iter_mut().zip(starts) {
                // SAFETY: the caller's promise, and as above.
                unsafe {
                    let from = vld1q_u8(x.as_ptr().add(start.into()).cast());
                    // What has no number below 16 stays what it is.
                    *quads = vreinterpretq_s8_u8(vqtbx1q_u8(outside, from, vreinterpretq_u8_s8(*quads)));
                }
            }
            quads
        }
    }
}
