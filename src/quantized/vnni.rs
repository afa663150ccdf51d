//! Vectors of 8-bit integers on processors with AVX-512's neural network instructions.
//!
//! `vpdpbusd` multiplies 64 pairs of integers and adds each four products to a 32-bit sum. One of each pair is unsigned, so
//! 128 is added to it: to weights in [`dense`], to inputs in [`convolution`]. The sums are then off by 128 times the sum of
//! the other ones, which is subtracted. Sums wrap around on the way; what they are in the end has room, so results are
//! those of the plain loops, bit for bit.

mod batch;
mod convolution;
mod dense;
mod narrow;
mod quantize;
mod sums;

use core::arch::x86_64::*;

use super::requantization::Requantize;
#[cfg(feature = "std")]
use crate::kernels::InstructionSet;

pub(super) use convolution::Strip;
pub(super) use narrow::Narrow;
pub(super) use sums::Quads;

/// The proof that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vnni(());

/// Integers in a vector of bytes.
const BYTES: usize = 64;

/// Sums in a vector.
const SUMS: usize = 16;

impl Vnni {
    /// The token, where this processor has the instructions.
    #[inline(always)]
    pub(super) fn detect() -> Option<Self> {
        #[cfg(test)]
        if MASKED.load(core::sync::atomic::Ordering::SeqCst) {
            return None;
        }
        #[cfg(feature = "std")]
        macro_rules! has {
            ($($feature:tt),*) => { $(std::arch::is_x86_feature_detected!($feature))&&* };
        }
        #[cfg(not(feature = "std"))]
        macro_rules! has {
            ($($feature:tt),*) => { cfg!(all($(target_feature = $feature),*)) };
        }
        // One that was selected may be another one than the processor's best.
        #[cfg(feature = "std")]
        if InstructionSet::current() != InstructionSet::Avx512 {
            return None;
        }
        has!("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni", "avx512vbmi", "avx512vbmi2")
            .then_some(Self(()))
    }
}

/// Whether tests compute without the instructions. The results are the same, so other tests don't mind.
#[cfg(test)]
pub(super) static MASKED: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);

/// The first `count` of 64 bytes.
#[inline(always)]
fn first(count: usize) -> u64 {
    if count >= BYTES { u64::MAX } else { (1 << count) - 1 }
}

/// As many of `from` as a vector has bytes, or as there are, and zeros behind them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load(from: &[i8]) -> __m512i {
    // SAFETY: bytes that the slice doesn't have are masked, and not touched.
    unsafe { _mm512_maskz_loadu_epi8(first(from.len()), from.as_ptr()) }
}

/// Requantizes 16 sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn requantize<R: Requantize>(sums: __m512i, mantissa: __m512i, shift: __m512i, requantization: R) -> __m128i {
    match requantization.once() {
        Some(once) => once_rounded(sums, mantissa, shift, _mm512_set1_epi32(once.rounding)),
        None => one_by_one(sums, mantissa, shift, requantization),
    }
}

/// Requantizes 16 sums by the formula of one sum.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn one_by_one<R: Requantize>(sums: __m512i, mantissa: __m512i, shift: __m512i, requantization: R) -> __m128i {
    let mut numbers = [[0i32; SUMS]; 3];
    for (to, from) in numbers.iter_mut().zip([sums, mantissa, shift]) {
        // SAFETY: as many bytes as a vector has are written.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), from) };
    }
    let [sums, mantissa, shift] = &numbers;
    let mut integers = [0i8; SUMS];
    for (integer, ((&sum, &mantissa), &shift)) in integers.iter_mut().zip(sums.iter().zip(mantissa).zip(shift)) {
        *integer = requantization.requantize(sum, mantissa, shift as u8);
    }
    // SAFETY: there are as many bytes as a vector has.
    unsafe { _mm_loadu_si128(integers.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn once_rounded(sums: __m512i, mantissa: __m512i, shift: __m512i, rounding: __m512i) -> __m128i {
    let shift = _mm512_and_si512(shift, _mm512_set1_epi32(31));
    let even = _mm512_srli_epi64::<32>(_mm512_mul_epi32(sums, mantissa));
    let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(sums), _mm512_srli_epi64::<32>(mantissa));
    let upper = _mm512_mask_blend_epi32(0xaaaa, even, odd);
    let rounded = _mm512_add_epi32(_mm512_srav_epi32(upper, shift), rounding);
    _mm512_cvtsepi32_epi8(_mm512_srai_epi32::<1>(rounded))
}

#[cfg(all(test, feature = "alloc"))]
mod tests;
