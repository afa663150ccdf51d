//! AVX-512, and AVX2 with FMA.

use core::arch::x86_64::*;
#[cfg(feature = "std")]
use std::arch::is_x86_feature_detected;

use super::functions::Lanes;
use super::instruction_set::define_instruction_set;

define_instruction_set! {
    /// AVX-512, which every processor of level x86-64-v4 has.
    Avx512("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt", "f16c")
    found by is_x86_feature_detected as "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c", 32 registers, functions of vectors;
    F32x16 = [f32; 16] in __m512 {
        _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps
        _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_fmadd_ps
        _mm512_max_ps _mm512_sqrt_ps _mm512_xor_ps _mm512_andnot_ps
        where_positive(x, yes, no): _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_setzero_ps()), no, yes),
        load_first(from, count): match count {
            1 => _mm512_zextps128_ps512(_mm_load_ss(from)),
            2 => _mm512_zextps128_ps512(_mm_castpd_ps(_mm_load_sd(from.cast()))),
            4 => _mm512_zextps128_ps512(_mm_loadu_ps(from)),
            8 => _mm512_zextps256_ps512(_mm256_loadu_ps(from)),
            _ => _mm512_maskz_loadu_ps(first_16(count), from),
        },
        load_masked(from, count): _mm512_maskz_loadu_ps(first_16(count), from),
        store_first(value, to, count): match count {
            1 => _mm_store_ss(to, _mm512_castps512_ps128(value)),
            2 => _mm_store_sd(to.cast(), _mm_castps_pd(_mm512_castps512_ps128(value))),
            4 => _mm_storeu_ps(to, _mm512_castps512_ps128(value)),
            8 => _mm256_storeu_ps(to, _mm512_castps512_ps256(value)),
            _ => _mm512_mask_storeu_ps(to, first_16(count), value),
        },
        store_masked(value, to, count): _mm512_mask_storeu_ps(to, first_16(count), value),
        interleave(a, b): {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            (_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b))
        },
        separate(a, b): {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            (_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b))
        },
        where_equal(x, y, yes, no): _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(x, y), no, yes),
        columns(from, pitch, rows): {
            // Each quarter is four rows' part of a square of four rows and columns, which is turned by itself. Reading puts the
            // numbers into their quarters.
            let part = |row: usize| if row < rows { _mm_loadu_ps(from.add(row * pitch)) } else { _mm_setzero_ps() };
            let quarters = |row: usize| {
                let first = _mm512_castps128_ps512(part(row));
                let second = _mm512_mask_broadcast_f32x4(first, 0x00f0, part(row + 4));
                let third = _mm512_mask_broadcast_f32x4(second, 0x0f00, part(row + 8));
                _mm512_mask_broadcast_f32x4(third, 0xf000, part(row + 12))
            };
            let (a, b, c, d) = (quarters(0), quarters(1), quarters(2), quarters(3));
            let (ab_low, ab_high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let (cd_low, cd_high) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
            let pairs = |x, y| {
                let (x, y) = (_mm512_castps_pd(x), _mm512_castps_pd(y));
                (_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)), _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)))
            };
            let ((first, second), (third, fourth)) = (pairs(ab_low, cd_low), pairs(ab_high, cd_high));
            [first, second, third, fourth]
        },
        store_every_second(value, to, count, is_sum): {
            let (low, high) = every_second_of_32(count);
            let first = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
            let last = _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
            for (order, mask, to) in [(first, low, to), (last, high, to.wrapping_add(16))] {
                let twice = _mm512_permutexvar_ps(order, value);
                let sums = if is_sum { _mm512_add_ps(_mm512_maskz_loadu_ps(mask, to), twice) } else { twice };
                _mm512_mask_storeu_ps(to, mask, sums);
            }
        },
    }
    F64x8 = [f64; 8] in __m512d {
        _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd
        _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_fmadd_pd
        _mm512_max_pd _mm512_sqrt_pd _mm512_xor_pd _mm512_andnot_pd
        where_positive(x, yes, no): _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(x, _mm512_setzero_pd()), no, yes),
        load_first(from, count): match count {
            1 => _mm512_zextpd128_pd512(_mm_load_sd(from)),
            2 => _mm512_zextpd128_pd512(_mm_loadu_pd(from)),
            4 => _mm512_zextpd256_pd512(_mm256_loadu_pd(from)),
            _ => _mm512_maskz_loadu_pd(first_8(count), from),
        },
        load_masked(from, count): _mm512_maskz_loadu_pd(first_8(count), from),
        store_first(value, to, count): match count {
            1 => _mm_store_sd(to, _mm512_castpd512_pd128(value)),
            2 => _mm_storeu_pd(to, _mm512_castpd512_pd128(value)),
            4 => _mm256_storeu_pd(to, _mm512_castpd512_pd256(value)),
            _ => _mm512_mask_storeu_pd(to, first_8(count), value),
        },
        store_masked(value, to, count): _mm512_mask_storeu_pd(to, first_8(count), value),
        interleave(a, b): {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            (_mm512_permutex2var_pd(a, low, b), _mm512_permutex2var_pd(a, high, b))
        },
        separate(a, b): {
            let even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
            let odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
            (_mm512_permutex2var_pd(a, even, b), _mm512_permutex2var_pd(a, odd, b))
        },
        where_equal(x, y, yes, no): _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_EQ_OQ>(x, y), no, yes),
    }
}

define_instruction_set! {
    /// AVX2 and FMA, which every processor of level x86-64-v3 has.
    Avx2("avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt", "f16c") found by is_x86_feature_detected as "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c", 16 registers, functions of vectors;
    F32x8 = [f32; 8] in __m256 {
        _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps
        _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_fmadd_ps
        _mm256_max_ps _mm256_sqrt_ps _mm256_xor_ps _mm256_andnot_ps
        where_positive(x, yes, no): _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps())),
        load_first(from, count): match count {
            1 => _mm256_zextps128_ps256(_mm_load_ss(from)),
            2 => _mm256_zextps128_ps256(_mm_castpd_ps(_mm_load_sd(from.cast()))),
            4 => _mm256_zextps128_ps256(_mm_loadu_ps(from)),
            _ => _mm256_maskload_ps(from, mask_8(count)),
        },
        load_masked(from, count): _mm256_maskload_ps(from, mask_8(count)),
        store_first(value, to, count): store_first_of_8(value, to, count),
        store_masked(value, to, count): store_first_of_8(value, to, count),
        interleave(a, b): {
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            (_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
        },
        separate(a, b): {
            // Shuffles work within each half of a vector; then the quarters are put in order.
            let ordered = |mixed| _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(mixed)));
            (ordered(_mm256_shuffle_ps::<0x88>(a, b)), ordered(_mm256_shuffle_ps::<0xdd>(a, b)))
        },
        where_equal(x, y, yes, no): _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_EQ_OQ>(x, y)),
        // Only the first of three steps crosses the halves, which takes three times as long as to stay within.
        sum_of_lanes(x): {
            let x = _mm256_add_ps(x, _mm256_permute2f128_ps::<0x01>(x, x));
            let x = _mm256_add_ps(x, _mm256_permute_ps::<0x4e>(x));
            _mm256_add_ps(x, _mm256_permute_ps::<0xb1>(x))
        },
        columns(from, pitch, rows): {
            // As with AVX-512, of two halves.
            let part = |row: usize| if row < rows { _mm_loadu_ps(from.add(row * pitch)) } else { _mm_setzero_ps() };
            let halves = |row: usize| _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(part(row)), part(row + 4));
            let (a, b, c, d) = (halves(0), halves(1), halves(2), halves(3));
            let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            let pairs = |x, y| {
                let (x, y) = (_mm256_castps_pd(x), _mm256_castps_pd(y));
                (_mm256_castpd_ps(_mm256_unpacklo_pd(x, y)), _mm256_castpd_ps(_mm256_unpackhi_pd(x, y)))
            };
            let ((first, second), (third, fourth)) = (pairs(ab_low, cd_low), pairs(ab_high, cd_high));
            [first, second, third, fourth]
        },
    }
    F64x4 = [f64; 4] in __m256d {
        _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd
        _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_fmadd_pd
        _mm256_max_pd _mm256_sqrt_pd _mm256_xor_pd _mm256_andnot_pd
        where_positive(x, yes, no): _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_GT_OQ>(x, _mm256_setzero_pd())),
        load_first(from, count): match count {
            1 => _mm256_zextpd128_pd256(_mm_load_sd(from)),
            2 => _mm256_zextpd128_pd256(_mm_loadu_pd(from)),
            _ => _mm256_maskload_pd(from, mask_4(count)),
        },
        load_masked(from, count): _mm256_maskload_pd(from, mask_4(count)),
        store_first(value, to, count): store_first_of_4(value, to, count),
        store_masked(value, to, count): store_first_of_4(value, to, count),
        interleave(a, b): {
            let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            (_mm256_permute2f128_pd::<0x20>(low, high), _mm256_permute2f128_pd::<0x31>(low, high))
        },
        separate(a, b): {
            let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            (_mm256_permute4x64_pd::<0xd8>(even), _mm256_permute4x64_pd::<0xd8>(odd))
        },
        where_equal(x, y, yes, no): _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_EQ_OQ>(x, y)),
        sum_of_lanes(x): {
            let x = _mm256_add_pd(x, _mm256_permute2f128_pd::<0x01>(x, x));
            _mm256_add_pd(x, _mm256_permute_pd::<0x5>(x))
        },
    }
}

impl Lanes for F32x16 {
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn min(self, other: Self) -> Self {
        // SAFETY: a vector is made from a token, the proof of its instruction set.
        Self(unsafe { _mm512_min_ps(other.0, self.0) })
    }

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn round(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_scalef_ps(self.0, n.0) })
    }
}

impl Lanes for F32x8 {
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn min(self, other: Self) -> Self {
        // SAFETY: a vector is made from a token, the proof of its instruction set.
        Self(unsafe { _mm256_min_ps(other.0, self.0) })
    }

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn round(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }

    /// In two steps, since 2ⁿ itself may not be a normal number; the first one is exact.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let n = _mm256_cvtps_epi32(n.0);
            let half = _mm256_srai_epi32::<1>(n);
            let rest = _mm256_sub_epi32(n, half);
            // 127 is the exponent of 1, stored above 23 bits of mantissa.
            let one = _mm256_set1_epi32(127);
            let half = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(half, one)));
            let rest = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(rest, one)));
            Self(_mm256_mul_ps(_mm256_mul_ps(self.0, half), rest))
        }
    }
}

/// The mask of the first `count` of 16 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn first_16(count: usize) -> __mmask16 {
    if count >= 16 { !0 } else { !(!0 << count) }
}

/// The masks of two times 16 lanes, of which each second is one of the first `count`.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn every_second_of_32(count: usize) -> (__mmask16, __mmask16) {
    let mask = 0x5555_5555 & if count >= 16 { !0 } else { !(!0_u32 << (2 * count)) };
    (mask as __mmask16, (mask >> 16) as __mmask16)
}

/// The mask of the first `count` of 8 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn first_8(count: usize) -> __mmask8 {
    if count >= 8 { !0 } else { !(!0 << count) }
}

/// Stores the first `count` lanes, or all if that is less, as half, quarter and eighth of a vector: a masked store is microcode on many
/// processors, and takes up to three times as long (5 ns instead of 2 on a Zen 3).
///
/// # Safety
/// The processor has AVX2, and `count` numbers can be written.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn store_first_of_8(value: __m256, mut to: *mut f32, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if count >= 8 {
            return _mm256_storeu_ps(to, value);
        }
        let mut rest = _mm256_castps256_ps128(value);
        if count & 4 != 0 {
            _mm_storeu_ps(to, rest);
            (rest, to) = (_mm256_extractf128_ps::<1>(value), to.add(4));
        }
        if count & 2 != 0 {
            _mm_store_sd(to.cast(), _mm_castps_pd(rest));
            (rest, to) = (_mm_movehl_ps(rest, rest), to.add(2));
        }
        if count & 1 != 0 {
            _mm_store_ss(to, rest);
        }
    }
}

/// [`store_first_of_8`], of 4 lanes.
///
/// # Safety
/// As there.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn store_first_of_4(value: __m256d, mut to: *mut f64, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if count >= 4 {
            return _mm256_storeu_pd(to, value);
        }
        let mut rest = _mm256_castpd256_pd128(value);
        if count & 2 != 0 {
            _mm_storeu_pd(to, rest);
            (rest, to) = (_mm256_extractf128_pd::<1>(value), to.add(2));
        }
        if count & 1 != 0 {
            _mm_store_sd(to, rest);
        }
    }
}

/// The mask of the first `count` of 8 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn mask_8(count: usize) -> __m256i {
    const MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: called only with AVX2; 8 masks can be read from each of the first 9 on.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - count.min(8)).cast()) }
}

/// The mask of the first `count` of 4 lanes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn mask_4(count: usize) -> __m256i {
    const MASKS: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
    // SAFETY: called only with AVX2; 4 masks can be read from each of the first 5 on.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(4 - count.min(4)).cast()) }
}
