//! Sums of products at 32 places at once, from which a vector register takes its lanes.
//!
//! A quad is four neighbouring integers of each of the 32 places. `vpdpbusd` multiplies it with four weights, as they lie in
//! memory, for all places. Places are those of a plane in [`convolution`](super::convolution), and samples in
//! [`batch`](super::batch).

use core::arch::x86_64::*;

use super::super::products::Finish;
use super::super::requantization::Requantize;
use super::{BYTES, SUMS, load, requantize};

/// Places that are computed at once: two vectors of sums.
pub(super) const PLACES: usize = 2 * SUMS;

/// Rows of weights that are taken at once: enough that no sum waits for the one before it.
pub(super) const ROWS: usize = 8;

/// Four integers, 128 added to each, of 32 places. Aligned, as vectors that lie across the ends of cache lines take twice as long.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(in crate::quantized) struct Quads(pub(super) [[u8; BYTES]; 2]);

impl Quads {
    pub(in crate::quantized) const ZERO: Self = Self([[0; BYTES]; 2]);
}

/// Rows of weights, one after the other: pieces of `taps` weights, each of which begins a quad. What a piece's last quad has
/// behind its taps is 0.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) weights: &'a [i8],
    /// Weights of a row.
    pub(super) length: usize,
    pub(super) taps: usize,
}

impl Rows<'_> {
    /// For N rows from number `first` on, `start` and the products with the quads of a row, into `to`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn sums<const N: usize>(self, first: usize, start: &[i32], quads: &[Quads], to: &mut [[__m512i; 2]; N]) {
        let mut sums: [_; N] = [[_mm512_setzero_si512(); 2]; N];
        for (row, sums) in sums.iter_mut().enumerate() {
            *sums = [_mm512_set1_epi32(number_at(start, first + row)); 2];
        }
        let Self { weights, length, taps } = self;
        let of_piece = taps.div_ceil(4);
        let rest = weights.get(first * length..).unwrap_or_default();
        if of_piece == 0 || rest.len() < N * length || quads.len() / of_piece * taps > length {
            return;
        }
        for (piece, quads) in quads.chunks_exact(of_piece).enumerate() {
            let start = piece * taps;
            // A piece's last four weights may reach into the next row, where they meet zeros, but not beyond the last row.
            let within = (N - 1) * length + start + 4 * of_piece <= rest.len();
            let (whole, last) = quads.split_at(if within { of_piece } else { of_piece - 1 });
            for (quad, x) in whole.iter().enumerate() {
                let x = load_quads(x);
                for (row, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: the slice has N rows. Four weights are in the row, but for the last four of a piece, which
                    // were checked for the last row, and so are in the slice for the others.
                    let four =
                        unsafe { rest.as_ptr().add(row * length + start + 4 * quad).cast::<i32>().read_unaligned() };
                    add(sums, x, four);
                }
            }
            for x in last {
                let x = load_quads(x);
                for (row, sums) in sums.iter_mut().enumerate() {
                    add(sums, x, four(rest, row * length + start + 4 * (of_piece - 1)));
                }
            }
        }
        *to = sums;
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_quads(Quads([low, high]): &Quads) -> [__m512i; 2] {
    // SAFETY: as many bytes as a vector has are read.
    unsafe { [_mm512_loadu_si512(low.as_ptr().cast()), _mm512_loadu_si512(high.as_ptr().cast())] }
}

/// Adds the products of four integers of each place with four weights.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn add(sums: &mut [__m512i; 2], x: [__m512i; 2], four: i32) {
    let four = _mm512_set1_epi32(four);
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum = _mm512_dpbusd_epi32(*sum, x, four);
    }
}

/// The integers for the sums of row number `row`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn requantized<R: Requantize>(sums: [__m512i; 2], row: usize, finish: Finish<'_, R>) -> __m256i {
    let mantissa = _mm512_set1_epi32(number_at(finish.mantissa, row));
    let shift = _mm512_set1_epi32(i32::from(finish.shift.get(row).copied().unwrap_or_default()));
    let [low, high] = sums.map(|sums| requantize(sums, mantissa, shift, finish.requantization));
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
}

/// What the sums of each row of weights start from: its bias, less their excess.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn starts(weights: &[i8], length: usize, bias: &[i32], starts: &mut [i32]) {
    for ((start, bias), row) in starts.iter_mut().zip(bias).zip(weights.chunks_exact(length.max(1))) {
        *start = bias.wrapping_sub(excess(row));
    }
}

/// What sums of products with these integers are too large by, as 128 is added to the others: 128 times their sum.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn excess(integers: &[i8]) -> i32 {
    let (mut sum, added) = (_mm512_setzero_si512(), _mm512_set1_epi8(i8::MIN));
    for part in integers.chunks(BYTES) {
        sum = _mm512_dpbusd_epi32(sum, added, load(part));
    }
    _mm512_reduce_add_epi32(sum)
}

/// The number of a row.
#[inline(always)]
pub(super) fn number_at(numbers: &[i32], row: usize) -> i32 {
    match numbers.get(row) {
        Some(&number) => number,
        None => 0,
    }
}

/// Four weights; zeros behind the last one.
#[inline(always)]
pub(super) fn four(weights: &[i8], at: usize) -> i32 {
    let weights = weights.get(at..).unwrap_or_default();
    let four = weights.first_chunk().copied().unwrap_or_else(|| {
        let mut rest = weights.iter();
        [(); 4].map(|()| rest.next().copied().unwrap_or_default())
    });
    i32::from_le_bytes(four.map(i8::cast_unsigned))
}
