//! Sums of products with rows of weights.

use core::arch::x86_64::*;

use super::super::products::Finish;
use super::super::requantization::Requantize;
use super::sums::{ROWS, excess};
use super::{BYTES, SUMS, Vnni, first, load, requantize};

impl Vnni {
    /// For each row of weights, the sum of its products with `x`, finished, into `y`. Rows lie one after the other in
    /// `weights`, each as long as `x`.
    #[inline(always)]
    pub(in crate::quantized) fn products<R: Requantize>(
        self,
        x: &[i8],
        weights: &[i8],
        finish: Finish<'_, R>,
        y: &mut [i8],
    ) {
        // SAFETY: the token is the proof that the processor has the instructions.
        unsafe { products(x, weights, finish, y) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn products<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, y: &mut [i8]) {
    if x.is_empty() {
        return;
    }
    let excess = excess(x);
    let numbers = finish.bias.chunks(SUMS).zip(finish.mantissa.chunks(SUMS)).zip(finish.shift.chunks(SUMS));
    for ((weights, y), ((bias, mantissa), shift)) in weights.chunks(SUMS * x.len()).zip(y.chunks_mut(SUMS)).zip(numbers)
    {
        let mut sums = [0; SUMS];
        for (weights, sums) in weights.chunks(ROWS * x.len()).zip(sums.as_chunks_mut::<ROWS>().0) {
            if weights.len() == ROWS * x.len() {
                *sums = rows(x, weights);
            } else {
                for (row, sum) in weights.chunks_exact(x.len()).zip(sums) {
                    [*sum] = rows(x, row);
                }
            }
        }
        for (sum, bias) in sums.iter_mut().zip(bias) {
            *sum = sum.wrapping_add(bias.wrapping_sub(excess));
        }
        finish_lanes(&sums, mantissa, shift, finish.requantization, y);
    }
}

/// The products of `x` and N rows, to the weights of which 128 is added.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn rows<const N: usize>(x: &[i8], weights: &[i8]) -> [i32; N] {
    let sign = _mm512_set1_epi8(i8::MIN);
    let mut sums = [_mm512_setzero_si512(); N];
    if weights.len() != N * x.len() {
        return [0; N];
    }
    for (index, part) in x.chunks(BYTES).enumerate() {
        let mask = first(part.len());
        let part = load(part);
        for (row, sum) in sums.iter_mut().enumerate() {
            // SAFETY: a part of the row as long as that of `x`, and the slice has N rows of the length of `x`; other bytes
            // are masked, and not touched.
            let weights = unsafe { _mm512_maskz_loadu_epi8(mask, weights.as_ptr().add(row * x.len() + index * BYTES)) };
            *sum = _mm512_dpbusd_epi32(*sum, _mm512_xor_si512(weights, sign), part);
        }
    }
    let mut totals = [0; N];
    for (total, sum) in totals.iter_mut().zip(sums) {
        *total = _mm512_reduce_add_epi32(sum);
    }
    totals
}

/// Requantize as many sums as `y` has room for: each has its own factor.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn finish_lanes<R: Requantize>(sums: &[i32; SUMS], mantissa: &[i32], shift: &[u8], requantization: R, y: &mut [i8]) {
    let count = y.len().min(mantissa.len()).min(shift.len());
    let mask = first(count) as u16;
    // SAFETY: what the slices don't have is masked, and not touched; there are 16 sums.
    unsafe {
        let shift = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, shift.as_ptr().cast()));
        let mantissa = _mm512_maskz_loadu_epi32(mask, mantissa.as_ptr());
        let sums = _mm512_loadu_si512(sums.as_ptr().cast());
        let integers = requantize(sums, mantissa, shift, requantization);
        _mm_mask_storeu_epi8(y.as_mut_ptr(), mask, integers);
    }
}
