//! Real numbers to 8-bit integers, 32 at a time.

use core::arch::x86_64::*;

use super::super::Quantization;
use super::super::quantization::{nearest, saturate};
use super::avx2::Avx2;

/// Numbers that are quantized at once.
const NUMBERS: usize = 32;

impl Avx2<false> {
    /// The integers that stand for numbers, where the zero point has 8 bits.
    #[inline(always)]
    pub(in crate::quantized) fn quantize(self, quantization: Quantization, values: &[f32], integers: &mut [i8]) {
        // SAFETY: the token is the proof that the processor has the instructions.
        unsafe { quantize(quantization, values, integers) }
    }
}

#[target_feature(enable = "avx2")]
fn quantize(Quantization { scale, zero_point }: Quantization, values: &[f32], integers: &mut [i8]) {
    let (scales, zero_points) = (_mm256_set1_ps(scale), _mm256_set1_epi16(zero_point as i16));
    // Instructions pack within halves of a vector.
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    let count = integers.len().min(values.len());
    let (integers, values) = (integers.get_mut(..count).unwrap_or_default(), values.get(..count).unwrap_or_default());
    let (vectors, last) = integers.as_chunks_mut::<NUMBERS>();
    let (values, last_values) = values.as_chunks::<NUMBERS>();
    for (integers, values) in vectors.iter_mut().zip(values) {
        let mut words = [_mm256_setzero_si256(); 4];
        for (words, values) in words.iter_mut().zip(values.as_chunks::<8>().0) {
            // SAFETY: as many numbers are read as there are.
            *words = nearest_of(_mm256_div_ps(unsafe { _mm256_loadu_ps(values.as_ptr()) }, scales));
        }
        let [low, high] = [[words[0], words[1]], [words[2], words[3]]]
            .map(|[low, high]| _mm256_adds_epi16(_mm256_packs_epi32(low, high), zero_points));
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
        // SAFETY: as many integers are written as there are.
        unsafe { _mm256_storeu_si256(integers.as_mut_ptr().cast(), bytes) }
    }
    for (integer, &value) in last.iter_mut().zip(last_values) {
        *integer = saturate(nearest(value / scale) + zero_point);
    }
}

/// The integers of [`nearest`].
#[inline]
#[target_feature(enable = "avx2")]
fn nearest_of(steps: __m256) -> __m256i {
    // The largest number below a half: what is added to it and ends below the next integer is nearer to the one before.
    let half = _mm256_or_ps(_mm256_and_ps(steps, _mm256_set1_ps(-0.0)), _mm256_set1_ps(0.5f32.next_down()));
    let is_number = _mm256_cmp_ps::<_CMP_ORD_Q>(steps, steps);
    let steps = _mm256_max_ps(_mm256_min_ps(steps, _mm256_set1_ps(512.0)), _mm256_set1_ps(-512.0));
    _mm256_cvttps_epi32(_mm256_and_ps(is_number, _mm256_add_ps(steps, half)))
}
