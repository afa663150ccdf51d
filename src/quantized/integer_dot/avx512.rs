//! AVX-512 with its neural network instructions: `vpdpbusd` multiplies 64 pairs of integers, and adds each four products to a
//! 32-bit sum.

use core::arch::x86_64::*;

use super::instructions::{BYTES, Instructions, SUMS, Work};
use super::{PLACES, Quads};
use crate::kernels::inlined;

/// The proof that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Avx512(());

impl Avx512 {
    /// The token, where this processor has the instructions.
    #[inline(always)]
    pub(super) fn detect() -> Option<Self> {
        super::has!(
            is_x86_feature_detected: "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni", "avx512vbmi", "avx512vbmi2"
        )
        .then_some(Self(()))
    }
}

/// The first `count` of 64 bytes.
#[inline(always)]
pub(super) fn first(count: usize) -> u64 {
    if count >= BYTES { u64::MAX } else { (1 << count) - 1 }
}

/// A channel, and what is padding around it. Its first 128 bytes, with padding behind its end, are in registers if that was
/// asked for.
#[derive(Clone, Copy)]
pub(in crate::quantized) struct Channel<'a> {
    x: &'a [i8],
    outside: __m512i,
    low: __m512i,
    high: __m512i,
}

// SAFETY of all calls of instructions: the token is the proof that the processor has them. No more bytes are read or written than
// a slice or an array has: others are masked, and not touched.
impl Instructions for Avx512 {
    type Bytes = __m512i;
    type Sums = __m512i;
    type Integers = __m128i;
    /// A lane of 16 bytes takes those of four places, wherever they lie in 64; of a lane, four bytes for each place.
    type Order = [__m512i; 2];
    type Selection = u32;
    type Channel<'a> = Channel<'a>;

    const OFFSET: u8 = 128;
    const ROWS: usize = 8;
    const CHANNEL: usize = 2 * BYTES - 1;

    inlined! {
        fn run<W: Work>(self, work: W) {
            #[inline(never)]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx512vbmi2")]
            fn compiled<W: Work>(simd: Avx512, work: W) {
                work.run(simd);
            }
            // SAFETY: the token is the proof that the processor has the instructions.
            unsafe { compiled(self, work) }
        }

        fn sums(self, sum: i32) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_set1_epi32(sum) }
        }

        fn load_sums(self, from: &[i32; SUMS]) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
        }

        fn store_sums(self, sums: __m512i, to: &mut [i32; SUMS]) {
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), sums) }
        }

        fn total(self, sums: __m512i) -> i32 {
            // SAFETY: as above.
            unsafe { _mm512_reduce_add_epi32(sums) }
        }

        fn four(self, four: i32) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_set1_epi32(four) }
        }

        fn load(self, from: &[u8; BYTES]) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
        }

        fn store(self, bytes: __m512i, to: &mut [u8; BYTES]) {
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), bytes) }
        }

        unsafe fn load_at_least(self, from: *const i8, count: usize, _readable: usize) -> __m512i {
            // SAFETY: the caller's promise; other bytes are masked, and not touched.
            unsafe { _mm512_maskz_loadu_epi8(first(count), from) }
        }

        fn with_offset(self, bytes: __m512i) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_xor_si512(bytes, _mm512_set1_epi8(i8::MIN)) }
        }

        fn dot(self, sums: __m512i, with_offset: __m512i, others: __m512i) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_dpbusd_epi32(sums, with_offset, others) }
        }

        fn once(self, sums: __m512i, mantissa: __m512i, shift: __m512i, rounding: __m512i) -> __m128i {
            // SAFETY: as above.
            unsafe {
                let shift = _mm512_and_si512(shift, _mm512_set1_epi32(31));
                let even = _mm512_srli_epi64::<32>(_mm512_mul_epi32(sums, mantissa));
                let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(sums), _mm512_srli_epi64::<32>(mantissa));
                let upper = _mm512_mask_blend_epi32(0xaaaa, even, odd);
                let rounded = _mm512_add_epi32(_mm512_srav_epi32(upper, shift), rounding);
                _mm512_cvtsepi32_epi8(_mm512_srai_epi32::<1>(rounded))
            }
        }

        fn load_integers(self, from: &[i8; SUMS]) -> __m128i {
            // SAFETY: as above.
            unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
        }

        fn store_first(self, integers: __m128i, to: &mut [i8]) {
            // SAFETY: as above.
            unsafe {
                if to.len() >= SUMS {
                    _mm_storeu_si128(to.as_mut_ptr().cast(), integers);
                } else {
                    _mm_mask_storeu_epi8(to.as_mut_ptr(), first(to.len()) as u16, integers);
                }
            }
        }

        fn first_integers(self, from: &[i8], count: usize, behind: i8) -> __m128i {
            let count = count.min(from.len()).min(SUMS);
            // SAFETY: as above.
            unsafe { _mm_mask_loadu_epi8(_mm_set1_epi8(behind), first(count) as u16, from.as_ptr()) }
        }

        fn store_with_offset(self, integers: __m128i, to: &mut [u8; SUMS]) {
            // SAFETY: as above.
            unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm_xor_si128(integers, _mm_set1_epi8(i8::MIN))) }
        }

        fn zip(self, one: __m128i, other: __m128i) -> [__m128i; 2] {
            // SAFETY: as above.
            unsafe { [_mm_unpacklo_epi8(one, other), _mm_unpackhi_epi8(one, other)] }
        }

        fn order(self, stride: usize, taps: usize) -> [__m512i; 2] {
            let (mut words, mut bytes) = ([0i32; SUMS], [0i8; BYTES]);
            for (index, word) in words.iter_mut().enumerate() {
                *word = (index / 4 * stride + index % 4).min(15) as i32;
            }
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte = if index % 4 < taps { (index / 4 % 4 * stride + index % 4) as i8 } else { i8::MIN };
            }
            // SAFETY: as above.
            unsafe { [_mm512_loadu_si512(words.as_ptr().cast()), _mm512_loadu_si512(bytes.as_ptr().cast())] }
        }

        fn windows(self, [words, bytes]: [__m512i; 2], from: &[u8; BYTES]) -> __m512i {
            // SAFETY: as above.
            unsafe {
                let from = _mm512_loadu_si512(from.as_ptr().cast());
                _mm512_shuffle_epi8(_mm512_permutexvar_epi32(words, from), bytes)
            }
        }

        fn channels(self, from: [Option<&[i8]>; 4]) -> [__m512i; 2] {
            // SAFETY: as above.
            unsafe {
                let mut channels = [_mm256_setzero_si256(); 4];
                for (channel, from) in channels.iter_mut().zip(from) {
                    let Some(from) = from else { continue };
                    let bytes = _mm256_maskz_loadu_epi8(first(from.len()) as u32, from.as_ptr());
                    *channel = _mm256_xor_si256(bytes, _mm256_set1_epi8(i8::MIN));
                }
                let [a, b, c, d] = channels;
                let (ab, cd) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
                let (upper_ab, upper_cd) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
                let (low, high) = (_mm256_unpacklo_epi16(ab, cd), _mm256_unpackhi_epi16(ab, cd));
                let lower = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
                let (low, high) = (_mm256_unpacklo_epi16(upper_ab, upper_cd), _mm256_unpackhi_epi16(upper_ab, upper_cd));
                let upper = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
                [_mm512_shuffle_i64x2::<0x88>(lower, upper), _mm512_shuffle_i64x2::<0xdd>(lower, upper)]
            }
        }

        fn samples(self, x: &[i8], inputs: usize, quads: &mut [Quads]) {
            for (index, quads) in quads.chunks_mut(SUMS).enumerate() {
                let start = index * BYTES;
                let mask = first(inputs - start);
                for half in 0..2 {
                    // SAFETY: as above.
                    let mut numbers = unsafe { [_mm512_setzero_si512(); SUMS] };
                    let samples = x.chunks_exact(inputs).skip(half * SUMS);
                    for (numbers, x) in numbers.iter_mut().zip(samples) {
                        let Some(x) = x.get(start..) else { continue };
                        // 128 is added to integers; there are zeros behind them.
                        // SAFETY: as above.
                        *numbers = unsafe { _mm512_maskz_add_epi8(mask, self.load_first(x), _mm512_set1_epi8(i8::MIN)) };
                    }
                    for (to, column) in quads.iter_mut().zip(self.transposed(numbers)) {
                        self.store(column, &mut to.0[half]);
                    }
                }
            }
        }

        fn select(self, within: u32) -> u32 {
            within
        }

        fn store_selected(self, [low, high]: [__m128i; 2], selection: u32, to: &mut [i8]) {
            // SAFETY: as above.
            unsafe {
                let integers = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high);
                let integers = _mm256_maskz_compress_epi8(selection, integers);
                if to.len() >= PLACES {
                    _mm256_storeu_si256(to.as_mut_ptr().cast(), integers);
                } else {
                    _mm256_mask_storeu_epi8(to.as_mut_ptr(), first(to.len()) as u32, integers);
                }
            }
        }

        fn channel<const IN_REGISTERS: bool>(self, x: &[i8], outside: i8) -> Channel<'_> {
            // SAFETY: as above.
            unsafe {
                let outside = _mm512_set1_epi8(outside);
                if !IN_REGISTERS {
                    return Channel { x, outside, low: outside, high: outside };
                }
                let high = x.get(BYTES..).unwrap_or_default();
                let high = _mm512_mask_loadu_epi8(outside, first(high.len()), high.as_ptr());
                Channel { x, outside, low: self.with_offset(self.load_first(x)), high: self.with_offset(high) }
            }
        }

        unsafe fn take<const IN_REGISTERS: bool>(
            self,
            Channel { x, outside, low, high }: Channel<'_>,
            numbers: &[u8; BYTES],
            [start, ..]: [u16; 4],
        ) -> __m512i {
            // SAFETY: the caller's promise, and as above.
            unsafe {
                let numbers = _mm512_loadu_si512(numbers.as_ptr().cast());
                if IN_REGISTERS {
                    // The lower seven bits of 255 are the number of the last byte, which is padding.
                    return _mm512_permutex2var_epi8(low, numbers, high);
                }
                let from = _mm512_loadu_si512(x.as_ptr().add(start.into()).cast());
                let padding = _mm512_movepi8_mask(numbers);
                self.with_offset(_mm512_mask_permutexvar_epi8(outside, !padding, numbers, from))
            }
        }
    }
}

impl Avx512 {
    inlined! {
        /// A matrix of 16 rows and 16 columns of 32 bits, transposed.
        fn transposed(self, rows: [__m512i; SUMS]) -> [__m512i; SUMS] {
            let zeros = [self.sums(0); SUMS];
            let (mut pairs, mut fours, mut columns) = (zeros, zeros, zeros);
            // SAFETY: as above.
            unsafe {
                for (to, from) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(rows.as_chunks::<2>().0) {
                    *to = [_mm512_unpacklo_epi32(from[0], from[1]), _mm512_unpackhi_epi32(from[0], from[1])];
                }
                // A lane of 128 bits has one column of four rows.
                for (to, from) in fours.as_chunks_mut::<4>().0.iter_mut().zip(pairs.as_chunks::<4>().0) {
                    *to = [
                        _mm512_unpacklo_epi64(from[0], from[2]),
                        _mm512_unpackhi_epi64(from[0], from[2]),
                        _mm512_unpacklo_epi64(from[1], from[3]),
                        _mm512_unpackhi_epi64(from[1], from[3]),
                    ];
                }
                for column in 0..4 {
                    let [a, b, c, d] = [fours[column], fours[4 + column], fours[8 + column], fours[12 + column]];
                    let (low, other_low) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0x88>(c, d));
                    let (high, other_high) = (_mm512_shuffle_i32x4::<0xdd>(a, b), _mm512_shuffle_i32x4::<0xdd>(c, d));
                    columns[column] = _mm512_shuffle_i32x4::<0x88>(low, other_low);
                    columns[4 + column] = _mm512_shuffle_i32x4::<0x88>(high, other_high);
                    columns[8 + column] = _mm512_shuffle_i32x4::<0xdd>(low, other_low);
                    columns[12 + column] = _mm512_shuffle_i32x4::<0xdd>(high, other_high);
                }
            }
            columns
        }
    }
}
