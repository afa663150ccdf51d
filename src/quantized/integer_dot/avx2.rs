//! AVX2, whose `vpmaddubsw` multiplies 32 pairs of an unsigned byte and a signed one, and saturates sums of two products; or, where the
//! processor has AVX-VNNI, `vpdpbusd` as in AVX-512.
//!
//! Inputs are multiplied with many rows by their absolute values, and weights are complemented where an input is negative: two products
//! of at most 128 · 127 or −128 · 128 don't saturate, and `x · w + x` of a negative input is `|x| · (−w − 1)`. What that adds is the same for
//! all rows.
//!
//! Where there is only one row, `vpmaddwd` multiplies 16 pairs of 16-bit integers: of four bytes, the first and the third make a pair, and
//! the others a second one, by shifts alone.

use core::arch::x86_64::*;

use super::avx2_samples::samples;
use super::instructions::{BYTES, Instructions, SUMS, Work};
use super::{PLACES, Quads, Selection, copied};
use crate::kernels::inlined;

/// The proof that the processor has the instructions, with AVX-VNNI where `VNNI`.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Avx2<const VNNI: bool>(());

impl<const VNNI: bool> Avx2<VNNI> {
    /// The token, where this processor has the instructions.
    #[inline(always)]
    pub(super) fn detect() -> Option<Self> {
        let found = super::has!(is_x86_feature_detected: "avx2")
            && if VNNI { super::has!(is_x86_feature_detected: "avxvnni") } else { true };
        found.then_some(Self(()))
    }
}

/// A channel, and what is padding around it.
#[derive(Clone, Copy)]
pub(in crate::quantized) struct Channel<'a> {
    x: &'a [i8],
    outside: __m256i,
}

/// How bytes side by side become quads: of 16 bytes, four for each of four places.
#[derive(Clone, Copy)]
pub(in crate::quantized) struct Order {
    stride: usize,
    bytes: __m256i,
}

/// 16 bytes from each of two places.
///
/// # Safety
/// They can be read, and the processor has AVX2.
#[inline(always)]
pub(super) unsafe fn two(low: *const i8, high: *const i8) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let low = _mm256_castsi128_si256(_mm_loadu_si128(low.cast()));
        _mm256_inserti128_si256::<1>(low, _mm_loadu_si128(high.cast()))
    }
}

// SAFETY of all calls of instructions: the token is the proof that the processor has them. No more bytes are read or written than a
// slice or an array has.
impl<const VNNI: bool> Instructions for Avx2<VNNI> {
    type Bytes = [__m256i; 2];
    type Sums = [__m256i; 2];
    type Integers = __m128i;
    type Order = Order;
    type Selection = Selection;
    type Channel<'a> = Channel<'a>;

    const OFFSET: u8 = if VNNI { 128 } else { 0 };
    const ROWS: usize = if VNNI { 2 } else { 4 };
    const HALVES: usize = if VNNI { 2 } else { 1 };
    const COMPLEMENTS: bool = !VNNI;
    const CHANNEL: usize = 0;

    inlined! {
        fn run<W: Work>(self, work: W) {
            #[inline(never)]
            #[target_feature(enable = "avx2")]
            fn compiled<W: Work>(work: W) {
                work.run(Avx2::<false>(()));
            }
            #[inline(never)]
            #[target_feature(enable = "avx2,avxvnni")]
            fn compiled_with_vnni<W: Work>(work: W) {
                work.run(Avx2::<true>(()));
            }
            // SAFETY: the token is the proof that the processor has the instructions.
            unsafe { if VNNI { compiled_with_vnni(work) } else { compiled(work) } }
        }

        fn sums(self, sum: i32) -> Self::Sums {
            // SAFETY: as above.
            unsafe { [_mm256_set1_epi32(sum); 2] }
        }

        fn load_sums(self, from: &[i32; SUMS]) -> Self::Sums {
            // SAFETY: as above.
            unsafe { [_mm256_loadu_si256(from.as_ptr().cast()), _mm256_loadu_si256(from.as_ptr().add(8).cast())] }
        }

        fn store_sums(self, [low, high]: Self::Sums, to: &mut [i32; SUMS]) {
            // SAFETY: as above.
            unsafe {
                _mm256_storeu_si256(to.as_mut_ptr().cast(), low);
                _mm256_storeu_si256(to.as_mut_ptr().add(8).cast(), high);
            }
        }

        fn total(self, [low, high]: Self::Sums) -> i32 {
            // SAFETY: as above.
            unsafe {
                let sums = _mm256_add_epi32(low, high);
                let sums = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
                let sums = _mm_add_epi32(sums, _mm_shuffle_epi32::<0b01_00_11_10>(sums));
                _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_shuffle_epi32::<0b10_11_00_01>(sums)))
            }
        }

        fn four(self, four: i32) -> Self::Bytes {
            // SAFETY: as above.
            unsafe { [_mm256_set1_epi32(four); 2] }
        }

        fn load(self, from: &[u8; BYTES]) -> Self::Bytes {
            // SAFETY: as above.
            unsafe { [_mm256_loadu_si256(from.as_ptr().cast()), _mm256_loadu_si256(from.as_ptr().add(32).cast())] }
        }

        fn store(self, [low, high]: Self::Bytes, to: &mut [u8; BYTES]) {
            // SAFETY: as above.
            unsafe {
                _mm256_storeu_si256(to.as_mut_ptr().cast(), low);
                _mm256_storeu_si256(to.as_mut_ptr().add(32).cast(), high);
            }
        }

        fn with_offset(self, [low, high]: Self::Bytes) -> Self::Bytes {
            // SAFETY: as above.
            unsafe {
                let sign = _mm256_set1_epi8(Self::OFFSET.cast_signed());
                [_mm256_xor_si256(low, sign), _mm256_xor_si256(high, sign)]
            }
        }

        fn dot(self, sums: Self::Sums, with_offset: Self::Bytes, others: Self::Bytes) -> Self::Sums {
            let [mut low, mut high] = sums;
            for (sum, part) in [&mut low, &mut high].into_iter().zip(0..2) {
                let (x, y): (__m256i, __m256i) = (with_offset[part], others[part]);
                // SAFETY: as above.
                unsafe {
                    if VNNI {
                        *sum = _mm256_dpbusd_avx_epi32(*sum, x, y);
                        continue;
                    }
                    let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(x));
                    let other_even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(y));
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(even, other_even));
                    let (odd, other_odd) = (_mm256_srai_epi16::<8>(x), _mm256_srai_epi16::<8>(y));
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(odd, other_odd));
                }
            }
            [low, high]
        }

        fn dot_row(self, sums: Self::Sums, inputs: Self::Bytes, weights: Self::Bytes) -> Self::Sums {
            if VNNI {
                return self.dot(sums, inputs, weights);
            }
            let mut sums = sums;
            for (part, sum) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                unsafe {
                    let negative = _mm256_cmpgt_epi8(_mm256_setzero_si256(), inputs[part]);
                    let weights = _mm256_xor_si256(weights[part], negative);
                    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(inputs[part]), weights);
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
                }
            }
            sums
        }

        fn subtract(self, sums: Self::Sums, others: Self::Sums) -> Self::Sums {
            // SAFETY: as above.
            unsafe { [_mm256_sub_epi32(sums[0], others[0]), _mm256_sub_epi32(sums[1], others[1])] }
        }

        fn once(self, sums: Self::Sums, mantissa: Self::Sums, shift: Self::Sums, rounding: Self::Sums) -> __m128i {
            let mut rounded = sums;
            for (part, sums) in rounded.iter_mut().enumerate() {
                // SAFETY: as above.
                unsafe {
                    let shift = _mm256_and_si256(shift[part], _mm256_set1_epi32(31));
                    // Shuffles instead of shifts by 32, of which the compiler would make more instructions.
                    let even = _mm256_shuffle_epi32::<0b11_11_01_01>(_mm256_mul_epi32(*sums, mantissa[part]));
                    let odd_mantissa = _mm256_shuffle_epi32::<0b11_11_01_01>(mantissa[part]);
                    let odd = _mm256_mul_epi32(_mm256_shuffle_epi32::<0b11_11_01_01>(*sums), odd_mantissa);
                    let upper = _mm256_blend_epi32::<0b1010_1010>(even, odd);
                    *sums = _mm256_srai_epi32::<1>(_mm256_add_epi32(_mm256_srav_epi32(upper, shift), rounding[part]));
                }
            }
            // SAFETY: as above.
            unsafe {
                // Instructions work within halves of a vector; then the quarters are put in order.
                let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(rounded[0], rounded[1]));
                _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words))
            }
        }

        fn load_integers(self, from: &[i8; SUMS]) -> __m128i {
            // SAFETY: as above.
            unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
        }

        fn store_first(self, integers: __m128i, to: &mut [i8]) {
            let mut bytes = [0i8; SUMS];
            // SAFETY: as above.
            unsafe {
                match to.first_chunk_mut::<SUMS>() {
                    Some(to) => return _mm_storeu_si128(to.as_mut_ptr().cast(), integers),
                    None => _mm_storeu_si128(bytes.as_mut_ptr().cast(), integers),
                }
            }
            super::copy_up_to(&bytes, to);
        }

        fn first_integers(self, from: &[i8], count: usize, behind: i8) -> __m128i {
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
                let numbers = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
                let within = _mm_cmpgt_epi8(_mm_set1_epi8(count.min(SUMS) as i8), numbers);
                _mm_blendv_epi8(_mm_set1_epi8(behind), self.load_integers(all), within)
            }
        }

        fn store_with_offset(self, integers: __m128i, to: &mut [u8; SUMS]) {
            // SAFETY: as above.
            unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm_xor_si128(integers, _mm_set1_epi8(Self::OFFSET.cast_signed()))) }
        }

        fn zip(self, one: __m128i, other: __m128i) -> [__m128i; 2] {
            // SAFETY: as above.
            unsafe { [_mm_unpacklo_epi8(one, other), _mm_unpackhi_epi8(one, other)] }
        }

        fn order(self, stride: usize, taps: usize) -> Order {
            let bytes = super::order(stride, taps);
            // SAFETY: as above.
            Order { stride, bytes: unsafe { two(bytes.as_ptr(), bytes.as_ptr()) } }
        }

        fn windows(self, Order { stride, bytes }: Order, from: &[u8; BYTES]) -> Self::Bytes {
            let from = from.as_ptr().cast::<i8>();
            // The windows of four places begin within 16 bytes, as strides are at most 4.
            let stride = stride.min(4);
            // SAFETY: as above. The last four begin 48 bytes after the first ones at most.
            unsafe {
                [
                    _mm256_shuffle_epi8(two(from, from.add(4 * stride)), bytes),
                    _mm256_shuffle_epi8(two(from.add(8 * stride), from.add(12 * stride)), bytes),
                ]
            }
        }

        fn channels(self, from: [Option<&[i8]>; 4]) -> [Self::Bytes; 2] {
            // SAFETY: as above.
            unsafe {
                let mut channels = [_mm256_setzero_si256(); 4];
                for (channel, from) in channels.iter_mut().zip(from) {
                    let Some(from) = from else { continue };
                    let bytes = match from.first_chunk::<PLACES>() {
                        Some(from) => _mm256_loadu_si256(from.as_ptr().cast()),
                        None => _mm256_loadu_si256(copied::<PLACES>(from).as_ptr().cast()),
                    };
                    *channel = _mm256_xor_si256(bytes, _mm256_set1_epi8(Self::OFFSET.cast_signed()));
                }
                let [a, b, c, d] = channels;
                let (ab, cd) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
                let (upper_ab, upper_cd) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
                let (one, two) = (_mm256_unpacklo_epi16(ab, cd), _mm256_unpackhi_epi16(ab, cd));
                let (three, four) = (_mm256_unpacklo_epi16(upper_ab, upper_cd), _mm256_unpackhi_epi16(upper_ab, upper_cd));
                // The lower halves are the quads of the first 16 places.
                let low = [_mm256_permute2x128_si256::<0x20>(one, two), _mm256_permute2x128_si256::<0x20>(three, four)];
                let high = [_mm256_permute2x128_si256::<0x31>(one, two), _mm256_permute2x128_si256::<0x31>(three, four)];
                [low, high]
            }
        }

        fn samples(self, x: &[i8], inputs: usize, quads: &mut [Quads]) {
            if VNNI {
                return super::batch::samples(x, inputs, Self::OFFSET, quads);
            }
            // SAFETY: as above.
            unsafe { samples(x, inputs, quads) }
        }

        fn select(self, within: u32) -> Selection {
            Selection::new(within)
        }

        fn store_selected(self, [low, high]: [__m128i; 2], selection: Selection, to: &mut [i8]) {
            let Selection { numbers: [low_numbers, high_numbers], count } = &selection;
            let mut bytes = [0i8; PLACES];
            let (is_whole, whole) = match to.first_chunk_mut::<PLACES>() {
                Some(to) => (true, to),
                None => (false, &mut bytes),
            };
            // SAFETY: as above. The lower half has at most 16 selected integers.
            unsafe {
                let low = _mm_shuffle_epi8(low, _mm_loadu_si128(low_numbers.as_ptr().cast()));
                let high = _mm_shuffle_epi8(high, _mm_loadu_si128(high_numbers.as_ptr().cast()));
                _mm_storeu_si128(whole.as_mut_ptr().cast(), low);
                _mm_storeu_si128(whole.as_mut_ptr().add((*count).min(SUMS)).cast(), high);
            }
            if !is_whole {
                super::copy_up_to(&bytes, to);
            }
        }

        fn channel<const IN_REGISTERS: bool>(self, x: &[i8], outside: i8) -> Channel<'_> {
            // SAFETY: as above.
            Channel { x, outside: unsafe { _mm256_set1_epi8(outside) } }
        }

        unsafe fn take<const IN_REGISTERS: bool>(
            self,
            Channel { x, outside }: Channel<'_>,
            numbers: &[u8; BYTES],
            starts: [u16; 4],
        ) -> Self::Bytes {
            let mut quads = self.load(numbers);
            for (quads, &[low, high]) in quads.iter_mut().zip(starts.as_chunks::<2>().0) {
                // SAFETY: the caller's promise, and as above.
                unsafe {
                    let from = two(x.as_ptr().add(low.into()), x.as_ptr().add(high.into()));
                    *quads = _mm256_blendv_epi8(_mm256_shuffle_epi8(from, *quads), outside, *quads);
                }
            }
            self.with_offset(quads)
        }
    }
}
