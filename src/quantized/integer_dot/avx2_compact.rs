//! Depthwise convolutions of planes so narrow that all taps of four places side by side lie within 16 bytes, where padding is −128,
//! as it is behind a ReLU.
//!
//! The 16 bytes are read once. 128 is added to them, so that padding is 0, and one instruction takes a pair of taps of eight places as
//! 16-bit integers, which are multiplied with a pair of weights.

use core::arch::x86_64::*;

use super::super::requantization::Once;
use super::avx2::{Avx2, two};
use super::instructions::{BYTES, Instructions, SUMS};
use super::rounding::Round;
use super::sums::number_at;
use super::{Layer, copied};
use crate::kernels::Convolution;

/// Vectors of numbers that there is room for.
const VECTORS: usize = 48;

/// Pairs of taps that there is room for.
const PAIRS: usize = 8;

/// Bytes of a channel, and behind it, that there is room for where it is copied, as the last one is.
const ROOM: usize = 512;

/// The number of a byte that is 0.
const ZERO: u8 = 255;

/// The numbers of the bytes that are pairs of taps at 16 places.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bytes([u8; BYTES]);

/// Which bytes are taken: for each 16 places, those of each pair of taps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compact {
    numbers: [Bytes; VECTORS],
    /// Of each 16 places, where the bytes of four begin in a channel.
    starts: [[u16; 4]; VECTORS],
    /// Bytes of a channel, and behind it, that are read.
    reach: usize,
    convolution: Convolution,
}

impl Compact {
    /// The table, if the convolution is computed so.
    pub(super) const fn new(convolution: Convolution) -> Option<Self> {
        let plane = convolution.plane;
        let (blocks, pairs) = (plane.outputs().div_ceil(SUMS), plane.taps().div_ceil(2));
        if convolution.seen != 1 || pairs > PAIRS || blocks * pairs > VECTORS || plane.inputs() + SUMS > ROOM {
            return None;
        }
        let mut table =
            Self { numbers: [Bytes([ZERO; BYTES]); VECTORS], starts: [[0; 4]; VECTORS], reach: 0, convolution };
        let mut four = 0;
        while four < blocks * 4 {
            if !table.fill(four, pairs) {
                return None;
            }
            four += 1;
        }
        Some(table)
    }

    /// The numbers of all taps of four places. Whether they lie near enough.
    const fn fill(&mut self, four: usize, pairs: usize) -> bool {
        let (block, quarter) = (four / 4, four % 4);
        let (mut least, mut most) = (usize::MAX, 0);
        let mut index = 0;
        while index < 8 * pairs {
            if let Some(position) = self.position(4 * four + index % 4, index / 4) {
                least = if position < least { position } else { least };
                most = if position > most { position } else { most };
            }
            index += 1;
        }
        let start = if least > most { 0 } else { least };
        if most >= start + SUMS {
            return false;
        }
        index = 0;
        while index < 8 * pairs {
            let (place, tap) = (index % 4, index / 4);
            if let Some(position) = self.position(4 * four + place, tap) {
                let byte = 4 * (4 * quarter + place) + 2 * (tap % 2);
                self.numbers[block * pairs + tap / 2].0[byte] = (position - start) as u8;
            }
            index += 1;
        }
        self.starts[block][quarter] = start as u16;
        self.reach = if start + SUMS > self.reach { start + SUMS } else { self.reach };
        true
    }

    /// Where a tap of a place lies in its channel, if it isn't padding.
    const fn position(&self, place: usize, tap: usize) -> Option<usize> {
        let plane = self.convolution.plane;
        let (down, along) = (plane.rows.window, plane.columns.window);
        if place >= plane.outputs() || tap >= plane.taps() {
            return None;
        }
        let (row, column) = (place / plane.columns.output, place % plane.columns.output);
        // What is before the plane is beyond it, too.
        let row = (row * down.stride + tap / along.kernel * down.dilation).wrapping_sub(down.before);
        let column = (column * along.stride + tap % along.kernel * along.dilation).wrapping_sub(along.before);
        if row >= plane.rows.input || column >= plane.columns.input {
            return None;
        }
        Some(row * plane.columns.input + column)
    }
}

impl Avx2<false> {
    /// The convolution of `x`, whose padding is −128, into `y`.
    #[inline(always)]
    pub(super) fn compact(self, table: &Compact, x: &[i8], layer: Layer<'_, Once>, y: &mut [i8]) {
        // SAFETY: the token is the proof that the processor has the instructions.
        unsafe { compact(self, table, x, layer, y) }
    }
}

#[target_feature(enable = "avx2")]
fn compact(simd: Avx2<false>, table: &Compact, x: &[i8], (weights, finish, _): Layer<'_, Once>, y: &mut [i8]) {
    let Convolution { plane, filters, .. } = table.convolution;
    // 128 is added to all inputs.
    let mut added = [0i16; 2 * PAIRS];
    added.iter_mut().take(plane.taps()).for_each(|added| *added = 128);
    for (number, &bias) in finish.bias.iter().enumerate() {
        // What lies behind a filter's weights meets zeros.
        let weights = weights.get(number * plane.taps()..).unwrap_or_default();
        let weights = weights.first_chunk().copied().unwrap_or_else(|| copied::<{ 2 * PAIRS }>(weights));
        let mut pairs = [0i32; PAIRS];
        // SAFETY: the arrays have as many bytes.
        let excess = unsafe {
            let weights = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.as_ptr().cast()));
            _mm256_storeu_si256(pairs.as_mut_ptr().cast(), weights);
            _mm256_madd_epi16(weights, _mm256_loadu_si256(added.as_ptr().cast()))
        };
        let excess = simd.total([excess, _mm256_setzero_si256()]);
        let filter = Filter {
            pairs: pairs.get(..plane.taps().div_ceil(2)).unwrap_or_default(),
            start: bias.wrapping_sub(excess),
            mantissa: simd.sums(number_at(finish.mantissa, number)),
            shift: simd.sums(i32::from(finish.shift.get(number).copied().unwrap_or_default())),
            rounding: finish.requantization,
        };
        let x = x.get(number / filters.max(1) * plane.inputs()..).unwrap_or_default();
        let y = y.get_mut(number * plane.outputs()..).unwrap_or_default();
        if x.len() >= table.reach {
            apply(simd, table, filter, x, y);
        } else {
            apply(simd, table, filter, &copied::<ROOM>(x), y);
        }
    }
}

/// One filter: its weights, what its sums start from, and how they are requantized.
struct Filter<'a> {
    pairs: &'a [i32],
    start: i32,
    mantissa: [__m256i; 2],
    shift: [__m256i; 2],
    rounding: Once,
}

/// The filter on a channel of at least as many bytes as the table reaches.
#[inline]
#[target_feature(enable = "avx2")]
fn apply(simd: Avx2<false>, table: &Compact, filter: Filter<'_>, x: &[i8], y: &mut [i8]) {
    let Filter { pairs, start, mantissa, shift, rounding } = filter;
    if x.len() < table.reach {
        return;
    }
    let blocks = table.convolution.plane.outputs().div_ceil(SUMS);
    let all = table.numbers.chunks_exact(pairs.len().max(1)).zip(&table.starts).take(blocks);
    for (block, (numbers, starts)) in all.enumerate() {
        let mut sums = [_mm256_set1_epi32(start); 2];
        let [a, b, c, d] = starts.map(usize::from);
        // SAFETY: 16 bytes from each start on are within the table's reach.
        let from = unsafe { [two(x.as_ptr().add(a), x.as_ptr().add(b)), two(x.as_ptr().add(c), x.as_ptr().add(d))] };
        let from = from.map(|bytes| _mm256_xor_si256(bytes, _mm256_set1_epi8(i8::MIN)));
        for (numbers, &pair) in numbers.iter().zip(pairs) {
            for (half, numbers) in simd.load(&numbers.0).into_iter().enumerate() {
                let products = _mm256_madd_epi16(_mm256_shuffle_epi8(from[half], numbers), _mm256_set1_epi32(pair));
                sums[half] = _mm256_add_epi32(sums[half], products);
            }
        }
        // What is written behind a plane belongs to the next one, which is written later.
        let integers = rounding.integers(simd, sums, mantissa, shift);
        simd.store_first(integers, y.get_mut(block * SUMS..).unwrap_or_default());
    }
}
