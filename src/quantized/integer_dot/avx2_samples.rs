//! Samples to quads: eight at a time, four inputs of each.

use core::arch::x86_64::*;

use super::{PLACES, Quads, SUMS, copied};

/// Samples, and quads of inputs, that are transposed at once.
const SQUARE: usize = 8;

/// Bytes of a vector.
const VECTOR: usize = 4 * SQUARE;

/// The quads of up to 32 samples, with zeros behind the last input. Samples that there aren't have anything.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn samples(x: &[i8], inputs: usize, quads: &mut [Quads]) {
    for (group, x) in x.chunks(SQUARE * inputs).enumerate().take(PLACES / SQUARE) {
        let (half, first) = (group * SQUARE / SUMS, group * SQUARE % SUMS * 4);
        for (index, quads) in quads.chunks_mut(SQUARE).enumerate() {
            let start = index * VECTOR;
            let count = VECTOR.min(inputs.saturating_sub(start));
            let mut rows = [_mm256_setzero_si256(); SQUARE];
            for (row, x) in rows.iter_mut().zip(x.chunks_exact(inputs)) {
                let from = x.get(start..start + count).unwrap_or_default();
                let bytes = from.first_chunk::<VECTOR>().copied().unwrap_or_else(|| copied(from));
                // SAFETY: the array has as many bytes.
                *row = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            }
            for (Quads(quad), column) in quads.iter_mut().zip(transposed(rows)) {
                if let Some(to) = quad[half].get_mut(first..first + VECTOR) {
                    // SAFETY: as many bytes are written as the slice has.
                    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), column) }
                }
            }
        }
    }
}

/// Columns of 32-bit numbers for rows.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed([a, b, c, d, e, f, g, h]: [__m256i; SQUARE]) -> [__m256i; SQUARE] {
    let half = |a, b, c, d| {
        let (low, high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        let (other_low, other_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(low, other_low),
            _mm256_unpackhi_epi64(low, other_low),
            _mm256_unpacklo_epi64(high, other_high),
            _mm256_unpackhi_epi64(high, other_high),
        ]
    };
    // Columns 0 to 3 of four rows in lower halves, 4 to 7 in upper ones.
    let ([a, b, c, d], [e, f, g, h]) = (half(a, b, c, d), half(e, f, g, h));
    [
        _mm256_permute2x128_si256::<0x20>(a, e),
        _mm256_permute2x128_si256::<0x20>(b, f),
        _mm256_permute2x128_si256::<0x20>(c, g),
        _mm256_permute2x128_si256::<0x20>(d, h),
        _mm256_permute2x128_si256::<0x31>(a, e),
        _mm256_permute2x128_si256::<0x31>(b, f),
        _mm256_permute2x128_si256::<0x31>(c, g),
        _mm256_permute2x128_si256::<0x31>(d, h),
    ]
}
