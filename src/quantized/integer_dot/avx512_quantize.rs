//! Real numbers to 8-bit integers, 16 at a time.

use core::arch::x86_64::*;

use super::super::Quantization;
use super::SUMS;
use super::avx512::{Avx512, first};

impl Avx512 {
    /// The integers that stand for numbers, where the zero point has 8 bits.
    #[inline(always)]
    pub(in crate::quantized) fn quantize(self, quantization: Quantization, values: &[f32], integers: &mut [i8]) {
        // SAFETY: the token is the proof that the processor has the instructions.
        unsafe { quantize(quantization, values, integers) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn quantize(quantization: Quantization, values: &[f32], integers: &mut [i8]) {
    let scale = _mm512_set1_ps(quantization.scale);
    let zero_point = _mm512_set1_epi32(quantization.zero_point);
    let count = integers.len().min(values.len());
    let (integers, values) = (integers.get_mut(..count).unwrap_or_default(), values.get(..count).unwrap_or_default());
    let (vectors, last) = integers.as_chunks_mut::<SUMS>();
    let (values, last_values) = values.as_chunks::<SUMS>();
    for (integers, values) in vectors.iter_mut().zip(values) {
        // SAFETY: as many numbers are read, and integers written, as there are.
        unsafe {
            let steps = _mm512_div_ps(_mm512_loadu_ps(values.as_ptr()), scale);
            let sums = _mm512_add_epi32(nearest(steps), zero_point);
            _mm_storeu_si128(integers.as_mut_ptr().cast(), _mm512_cvtsepi32_epi8(sums));
        }
    }
    let mask = first(last.len()) as u16;
    // SAFETY: what the slices don't have is masked, and not touched.
    unsafe {
        let steps = _mm512_div_ps(_mm512_maskz_loadu_ps(mask, last_values.as_ptr()), scale);
        let sums = _mm512_add_epi32(nearest(steps), zero_point);
        _mm_mask_storeu_epi8(last.as_mut_ptr(), mask, _mm512_cvtsepi32_epi8(sums));
    }
}

/// The integers of [`nearest`](super::super::quantization::nearest).
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn nearest(steps: __m512) -> __m512i {
    // The largest number below a half: what is added to it and ends below the next integer is nearer to the one before.
    let half = _mm512_or_ps(_mm512_and_ps(steps, _mm512_set1_ps(-0.0)), _mm512_set1_ps(0.5f32.next_down()));
    let is_number = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(steps, steps);
    let steps = _mm512_max_ps(_mm512_min_ps(steps, _mm512_set1_ps(512.0)), _mm512_set1_ps(-512.0));
    _mm512_maskz_cvttps_epi32(is_number, _mm512_add_ps(steps, half))
}
