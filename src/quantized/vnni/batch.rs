//! Dense layers on many samples: each row of weights is read once for 32 of them.
//!
//! Lanes are samples. Four neighbouring inputs of each sample are a quad, and four weights of a row, as they lie in memory, are
//! what they are multiplied with. So nothing is added up across lanes, and weights need no other order.

use core::arch::x86_64::*;

use super::super::products::Finish;
use super::super::requantization::Requantize;
use super::sums::{PLACES, Quads, ROWS, Rows, requantized, starts};
use super::{BYTES, SUMS, Vnni, first, load};

impl Vnni {
    /// For each sample of `x` and each row of weights, the finished sum of their products, into `y`: samples and their outputs
    /// lie one after the other. `start` is for one number a row, `quads` for those of a sample.
    #[inline(always)]
    pub(in crate::quantized) fn batch<R: Requantize>(
        self,
        x: &[i8],
        (weights, finish, start): (&[i8], Finish<'_, R>, &mut [i32]),
        y: &mut [i8],
        quads: &mut [Quads],
    ) {
        // SAFETY: the token is the proof that the processor has the instructions.
        unsafe { batch(x, (weights, finish, start), y, quads) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn batch<R: Requantize>(
    x: &[i8],
    (weights, finish, start): (&[i8], Finish<'_, R>, &mut [i32]),
    y: &mut [i8],
    quads: &mut [Quads],
) {
    let outputs = finish.bias.len();
    let inputs = weights.len().checked_div(outputs).unwrap_or_default();
    let Some(quads) = quads.get_mut(..inputs.div_ceil(4)) else { return };
    if inputs == 0 {
        return;
    }
    starts(weights, inputs, finish.bias, start);
    let rows = Rows { weights, length: inputs, taps: inputs };
    for (x, y) in x.chunks(PLACES * inputs).zip(y.chunks_mut(PLACES * outputs)) {
        gather_samples(x, inputs, quads);
        let mut row = 0;
        while row < outputs {
            let at = Outputs { rows, start, finish, row, outputs };
            row += match outputs - row {
                ROWS.. => at.apply::<ROWS>(quads, y),
                4.. => at.apply::<4>(quads, y),
                2.. => at.apply::<2>(quads, y),
                _ => at.apply::<1>(quads, y),
            };
        }
    }
}

/// The quads of up to 32 samples. Samples that there aren't have zeros.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn gather_samples(x: &[i8], inputs: usize, quads: &mut [Quads]) {
    for (index, quads) in quads.chunks_mut(SUMS).enumerate() {
        let start = index * BYTES;
        let mask = first(inputs - start);
        for half in 0..2 {
            let mut numbers = [_mm512_setzero_si512(); SUMS];
            let samples = x.chunks_exact(inputs).skip(half * SUMS);
            for (numbers, x) in numbers.iter_mut().zip(samples) {
                let Some(x) = x.get(start..) else { continue };
                // 128 is added to integers; there are zeros behind them.
                *numbers = _mm512_maskz_add_epi8(mask, load(x), _mm512_set1_epi8(i8::MIN));
            }
            for (to, column) in quads.iter_mut().zip(transposed(numbers)) {
                // SAFETY: as many bytes as a vector has are written.
                unsafe { _mm512_storeu_si512(to.0[half].as_mut_ptr().cast(), column) };
            }
        }
    }
}

/// A matrix of 16 rows and 16 columns of 32 bits, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: [__m512i; SUMS]) -> [__m512i; SUMS] {
    let zeros = [_mm512_setzero_si512(); SUMS];
    let (mut pairs, mut fours, mut columns) = (zeros, zeros, zeros);
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
        let even = |one, other| _mm512_shuffle_i32x4::<0x88>(one, other);
        let odd = |one, other| _mm512_shuffle_i32x4::<0xdd>(one, other);
        let [a, b, c, d] = [fours[column], fours[4 + column], fours[8 + column], fours[12 + column]];
        columns[column] = even(even(a, b), even(c, d));
        columns[4 + column] = even(odd(a, b), odd(c, d));
        columns[8 + column] = odd(even(a, b), even(c, d));
        columns[12 + column] = odd(odd(a, b), odd(c, d));
    }
    columns
}

/// Rows of weights from number `row` on.
#[derive(Clone, Copy)]
struct Outputs<'a, R> {
    rows: Rows<'a>,
    start: &'a [i32],
    finish: Finish<'a, R>,
    row: usize,
    /// Outputs of a sample.
    outputs: usize,
}

impl<R: Requantize> Outputs<'_, R> {
    /// N outputs of 32 samples. Tells N.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn apply<const N: usize>(self, quads: &[Quads], y: &mut [i8]) -> usize {
        let Self { rows, start, finish, row, outputs } = self;
        let (mut sums, mut integers) = ([[_mm512_setzero_si512(); 2]; N], [_mm256_setzero_si256(); ROWS]);
        rows.sums(row, start, quads, &mut sums);
        for (number, (integers, &sums)) in integers.iter_mut().zip(&sums).enumerate() {
            *integers = requantized(sums, row + number, finish);
        }
        for (sample, integers) in of_samples(integers).iter().enumerate() {
            let to = y.get_mut(sample * outputs + row..).unwrap_or_default();
            if let Some(to) = to.first_chunk_mut::<N>() {
                for (to, &from) in to.iter_mut().zip(integers) {
                    *to = from;
                }
            }
        }
        N
    }
}

/// Eight integers of each of 32 samples, from vectors of one integer of each sample.
#[inline]
#[target_feature(enable = "avx2")]
fn of_samples(rows: [__m256i; ROWS]) -> [[i8; ROWS]; PLACES] {
    let [a, b, c, d, e, f, g, h] = rows;
    let mut samples = [[0; ROWS]; PLACES];
    // Each step works within halves of 16 samples; the lower one of a vector in the end has two of them, the upper one
    // those 16 samples later.
    let pairs = |a, b| [_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)];
    let fours = |[a, b]: [__m256i; 2], [c, d]: [__m256i; 2]| {
        let (low, high) = ((_mm256_unpacklo_epi16(a, c), _mm256_unpackhi_epi16(a, c)), (b, d));
        [low.0, low.1, _mm256_unpacklo_epi16(high.0, high.1), _mm256_unpackhi_epi16(high.0, high.1)]
    };
    let (low, high) = (fours(pairs(a, b), pairs(c, d)), fours(pairs(e, f), pairs(g, h)));
    for (four, (low, high)) in low.into_iter().zip(high).enumerate() {
        for (two, vector) in
            [_mm256_unpacklo_epi32(low, high), _mm256_unpackhi_epi32(low, high)].into_iter().enumerate()
        {
            let first = 4 * four + 2 * two;
            let halves = [_mm256_castsi256_si128(vector), _mm256_extracti128_si256::<1>(vector)];
            for (half, samples) in halves.into_iter().zip(samples.chunks_exact_mut(SUMS)) {
                if let Some(to) = samples.get_mut(first..first + 2) {
                    // SAFETY: two samples have as many bytes as half a vector.
                    unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), half) };
                }
            }
        }
    }
    samples
}
