//! NEON, which every AArch64 processor has.

use core::arch::aarch64::*;
#[cfg(feature = "std")]
use std::arch::is_aarch64_feature_detected;

use super::functions::Lanes;
use super::instruction_set::define_instruction_set;

define_instruction_set! {
    /// NEON, which is part of AArch64.
    Neon("neon") found by is_aarch64_feature_detected as "neon", 32 registers, functions of vectors;
    F32x4 = [f32; 4] in float32x4_t {
        vdupq_n_f32 vld1q_f32 vst1q_f32
        vaddq_f32 vsubq_f32 vmulq_f32 vdivq_f32 mul_add_4
        max_4 vsqrtq_f32 xor_4 and_not_4
        where_positive(x, yes, no): vbslq_f32(vcgtzq_f32(x), yes, no),
        load_first(from, count): load_first_4(from, count),
        load_masked(from, count): load_first_4(from, count),
        store_first(value, to, count): store_first_4(value, to, count),
        store_masked(value, to, count): store_first_4(value, to, count),
        interleave(a, b): (vzip1q_f32(a, b), vzip2q_f32(a, b)),
        separate(a, b): (vuzp1q_f32(a, b), vuzp2q_f32(a, b)),
        where_equal(x, y, yes, no): vbslq_f32(vceqq_f32(x, y), yes, no),
    }
    F64x2 = [f64; 2] in float64x2_t {
        vdupq_n_f64 vld1q_f64 vst1q_f64
        vaddq_f64 vsubq_f64 vmulq_f64 vdivq_f64 mul_add_2
        max_2 vsqrtq_f64 xor_2 and_not_2
        where_positive(x, yes, no): vbslq_f64(vcgtzq_f64(x), yes, no),
        load_first(from, count): load_first_2(from, count),
        load_masked(from, count): load_first_2(from, count),
        store_first(value, to, count): store_first_2(value, to, count),
        store_masked(value, to, count): store_first_2(value, to, count),
        interleave(a, b): (vzip1q_f64(a, b), vzip2q_f64(a, b)),
        separate(a, b): (vuzp1q_f64(a, b), vuzp2q_f64(a, b)),
        where_equal(x, y, yes, no): vbslq_f64(vceqq_f64(x, y), yes, no),
    }
}

impl Lanes for F32x4 {
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn min(self, other: Self) -> Self {
        // SAFETY: a vector is made from a token, the proof of its instruction set.
        Self(unsafe { vbslq_f32(vcltq_f32(other.0, self.0), other.0, self.0) })
    }

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn round(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { vrndnq_f32(self.0) })
    }

    /// In two steps, since 2ⁿ itself may not be a normal number; the first one is exact.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let n = vcvtnq_s32_f32(n.0);
            let half = vshrq_n_s32::<1>(n);
            let rest = vsubq_s32(n, half);
            // 127 is the exponent of 1, stored above 23 bits of mantissa.
            let one = vdupq_n_s32(127);
            let half = vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(half, one)));
            let rest = vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(rest, one)));
            Self(vmulq_f32(vmulq_f32(self.0, half), rest))
        }
    }
}

/// Operations that are one instruction on other processors, and two, or one with reordered operands, here.
macro_rules! instructions {
    ($register:ident: $mul_add:ident $fma:ident, $max:ident $greater:ident $select:ident,
     $xor:ident $exclusive_or:ident, $and_not:ident $clear:ident, $bits:ident $number:ident) => {
        /// `a · b + c`.
        #[inline]
        #[target_feature(enable = "neon")]
        fn $mul_add(a: $register, b: $register, c: $register) -> $register {
            $fma(c, a, b)
        }

        /// The larger of two; `b` if one is NaN.
        #[inline]
        #[target_feature(enable = "neon")]
        fn $max(a: $register, b: $register) -> $register {
            $select($greater(a, b), a, b)
        }

        /// Bitwise exclusive or.
        #[inline]
        #[target_feature(enable = "neon")]
        fn $xor(a: $register, b: $register) -> $register {
            $number($exclusive_or($bits(a), $bits(b)))
        }

        /// `b & !a`.
        #[inline]
        #[target_feature(enable = "neon")]
        fn $and_not(a: $register, b: $register) -> $register {
            $number($clear($bits(b), $bits(a)))
        }
    };
}

instructions!(float32x4_t: mul_add_4 vfmaq_f32, max_4 vcgtq_f32 vbslq_f32, xor_4 veorq_u32, and_not_4 vbicq_u32,
    vreinterpretq_u32_f32 vreinterpretq_f32_u32);
instructions!(float64x2_t: mul_add_2 vfmaq_f64, max_2 vcgtq_f64 vbslq_f64, xor_2 veorq_u64, and_not_2 vbicq_u64,
    vreinterpretq_u64_f64 vreinterpretq_f64_u64);

/// The first `count` of 4 numbers, followed by zeros.
///
/// # Safety
/// `count` numbers can be read there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_first_4(from: *const f32, count: usize) -> float32x4_t {
    let zeros = vdup_n_f32(0.0);
    // SAFETY: the caller's promise.
    unsafe {
        match count {
            0 => vdupq_n_f32(0.0),
            1 => vcombine_f32(vld1_lane_f32::<0>(from, zeros), zeros),
            2 => vcombine_f32(vld1_f32(from), zeros),
            3 => vcombine_f32(vld1_f32(from), vld1_lane_f32::<0>(from.add(2), zeros)),
            _ => vld1q_f32(from),
        }
    }
}

/// The first `count` of 2 numbers, followed by zeros.
///
/// # Safety
/// `count` numbers can be read there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_first_2(from: *const f64, count: usize) -> float64x2_t {
    // SAFETY: the caller's promise.
    unsafe {
        match count {
            0 => vdupq_n_f64(0.0),
            1 => vcombine_f64(vld1_f64(from), vdup_n_f64(0.0)),
            _ => vld1q_f64(from),
        }
    }
}

/// The first `count` of 4 lanes, to `to`.
///
/// # Safety
/// `count` numbers can be written there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn store_first_4(value: float32x4_t, to: *mut f32, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match count {
            0 => {}
            1 => vst1q_lane_f32::<0>(to, value),
            2 => vst1_f32(to, vget_low_f32(value)),
            3 => {
                vst1_f32(to, vget_low_f32(value));
                vst1q_lane_f32::<2>(to.add(2), value);
            }
            _ => vst1q_f32(to, value),
        }
    }
}

/// The first `count` of 2 lanes, to `to`.
///
/// # Safety
/// `count` numbers can be written there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn store_first_2(value: float64x2_t, to: *mut f64, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match count {
            0 => {}
            1 => vst1q_lane_f64::<0>(to, value),
            _ => vst1q_f64(to, value),
        }
    }
}
