//! Depthwise convolutions of small planes.
//!
//! Where rows are short, the inputs under one row of taps at 16 neighbouring places lie within 64 bytes, whatever the places'
//! rows. So one instruction takes the quads of 16 places from a vector, with the numbers of bytes in a table that is the same
//! for all channels; it also knows what is padding. Nothing is copied. A channel of less than 128 bytes is loaded once, into two
//! vectors, from which one instruction takes bytes too; padding is the last byte of them.

use core::arch::x86_64::*;

use super::super::products::Finish;
use super::super::requantization::Requantize;
use super::sums::{four, number_at, starts};
use super::{BYTES, SUMS, Vnni, first, load, requantize};
use crate::kernels::Convolution;

/// Vectors of quads that a table has room for.
const QUADS: usize = 48;

/// What a channel that is loaded at once has room for, before the byte that is padding.
const CHANNEL: usize = 2 * BYTES - 1;

/// The numbers of the bytes that are the quads of 16 places.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bytes([u8; BYTES]);

/// The table of a convolution: vectors of quads, those of 16 places after the other. Of the places, each row of taps; of a
/// row, each four taps.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Narrow {
    /// From the `start`th byte of a channel on.
    numbers: [Bytes; QUADS],
    /// Which bytes aren't padding.
    within: [u64; QUADS],
    start: [usize; QUADS],
    /// Bytes of a channel, and behind it, within which all vectors lie.
    reach: usize,
    convolution: Convolution,
}

impl Narrow {
    /// The table, if the convolution is computed so.
    pub(in crate::quantized) const fn new(convolution: Convolution) -> Option<Self> {
        let Convolution { plane, seen, filters } = convolution;
        let (down, along) = (plane.rows.window, plane.columns.window);
        let of_row = along.kernel.div_ceil(4);
        let count = plane.outputs().div_ceil(SUMS) * down.kernel * of_row;
        if seen != 1 || filters > 2 || count > QUADS {
            return None;
        }
        let (numbers, within, start) = ([Bytes([0; BYTES]); QUADS], [0; QUADS], [0; QUADS]);
        let mut table = Self { numbers, within, start, reach: 0, convolution };
        let mut quad = 0;
        while quad < count {
            let (place, tap) = (quad / of_row / down.kernel * SUMS, quad / of_row % down.kernel);
            if !table.fill(quad, place, (tap, quad % of_row * 4)) {
                return None;
            }
            quad += 1;
        }
        Some(table)
    }

    /// Four taps at the places from `place` on. Whether they lie near enough.
    const fn fill(&mut self, quad: usize, place: usize, (tap_row, tap): (usize, usize)) -> bool {
        let plane = self.convolution.plane;
        let (down, along) = (plane.rows.window, plane.columns.window);
        let mut positions = [None; BYTES];
        let (mut least, mut most) = (usize::MAX, 0);
        let mut byte = 0;
        while byte < BYTES {
            let (place, tap) = (place + byte / 4, tap + byte % 4);
            let (row, column) = (place / plane.columns.output, place % plane.columns.output);
            // What is before the plane is beyond it, too.
            let row = (row * down.stride + tap_row * down.dilation).wrapping_sub(down.before);
            let column = (column * along.stride + tap * along.dilation).wrapping_sub(along.before);
            let is_tap = place < plane.outputs() && tap < along.kernel;
            if is_tap && row < plane.rows.input && column < plane.columns.input {
                let position = row * plane.columns.input + column;
                positions[byte] = Some(position);
                least = if position < least { position } else { least };
                most = if position > most { position } else { most };
            }
            byte += 1;
        }
        let start = if self.is_loaded_at_once() {
            0
        } else if least < most {
            least
        } else {
            most
        };
        if most - start >= BYTES && !self.is_loaded_at_once() {
            return false;
        }
        byte = 0;
        while byte < BYTES {
            self.numbers[quad].0[byte] = CHANNEL as u8;
            if let Some(position) = positions[byte] {
                self.numbers[quad].0[byte] = (position - start) as u8;
                self.within[quad] |= 1 << byte;
            }
            byte += 1;
        }
        self.start[quad] = start;
        self.reach = if start + BYTES > self.reach { start + BYTES } else { self.reach };
        true
    }

    /// Whether a channel is loaded at once. Its bytes are numbered from its first one on then.
    const fn is_loaded_at_once(&self) -> bool {
        self.convolution.plane.inputs() <= CHANNEL
    }
}

impl Vnni {
    /// The convolution of `x`, with `outside` for padding, into `y`. `start` is for one number a filter.
    #[inline(always)]
    pub(in crate::quantized) fn narrow<R: Requantize>(
        self,
        table: &Narrow,
        (x, outside): (&[i8], i8),
        (weights, finish, start): (&[i8], Finish<'_, R>, &mut [i32]),
        y: &mut [i8],
    ) {
        // SAFETY: the token is the proof that the processor has the instructions.
        unsafe { narrow(table, (x, outside), (weights, finish, start), y) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi")]
fn narrow<R: Requantize>(
    table: &Narrow,
    (x, outside): (&[i8], i8),
    (weights, finish, start): (&[i8], Finish<'_, R>, &mut [i32]),
    y: &mut [i8],
) {
    let Convolution { plane, filters, .. } = table.convolution;
    let down = plane.rows.window.kernel;
    let of_place = down * plane.columns.window.kernel.div_ceil(4);
    starts(weights, plane.taps(), finish.bias, start);
    let mut fours = [0; QUADS];
    let fours = fours.get_mut(..of_place).unwrap_or_default();
    for number in 0..finish.bias.len() {
        quads_of_weights(weights.get(number * plane.taps()..).unwrap_or_default(), table.convolution, fours);
        let factor = Factor {
            start: _mm512_set1_epi32(number_at(start, number)),
            mantissa: _mm512_set1_epi32(number_at(finish.mantissa, number)),
            shift: _mm512_set1_epi32(i32::from(finish.shift.get(number).copied().unwrap_or_default())),
            requantization: finish.requantization,
        };
        let x = x.get(number / filters.max(1) * plane.inputs()..).unwrap_or_default();
        let y = y.get_mut(number * plane.outputs()..).unwrap_or_default();
        match <&[i32; 3]>::try_from(&*fours) {
            _ if !table.is_loaded_at_once() => in_parts(table, (x, outside), fours, factor, y),
            // Most kernels; their loop isn't one here.
            Ok(fours) => at_once(table, (x, outside), fours, factor, y),
            Err(_) => at_once(table, (x, outside), fours, factor, y),
        }
    }
}

/// The weights of a filter, by fours; zeros behind the last one of a row.
fn quads_of_weights(weights: &[i8], Convolution { plane, .. }: Convolution, to: &mut [i32]) {
    let along = plane.columns.window.kernel;
    let of_row = along.div_ceil(4);
    // Of a row's last four weights, those that are in the row.
    let last = u32::MAX >> (8 * (4 * of_row - along));
    for (row, to) in to.chunks_exact_mut(of_row).enumerate() {
        for (index, to) in to.iter_mut().enumerate() {
            let mask = if index + 1 == of_row { last } else { u32::MAX };
            *to = four(weights, row * along + 4 * index) & mask.cast_signed();
        }
    }
}

/// What the sums of a filter start from, and how they are requantized.
#[derive(Clone, Copy)]
struct Factor<R> {
    start: __m512i,
    mantissa: __m512i,
    shift: __m512i,
    requantization: R,
}

/// One filter on a channel, whose bytes are in two vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi")]
fn at_once<R: Requantize>(
    table: &Narrow,
    (x, outside): (&[i8], i8),
    fours: &[i32],
    Factor { start, mantissa, shift, requantization }: Factor<R>,
    y: &mut [i8],
) {
    let plane = table.convolution.plane;
    let (x, sign) = (x.get(..plane.inputs()).unwrap_or_default(), _mm512_set1_epi8(i8::MIN));
    let (low, high) = (load(x), x.get(BYTES..).unwrap_or_default());
    let outside = _mm512_set1_epi8(outside);
    // SAFETY: bytes that the slice doesn't have are masked, and not touched.
    let high = unsafe { _mm512_mask_loadu_epi8(outside, first(high.len()), high.as_ptr()) };
    let (low, high) = (_mm512_xor_si512(low, sign), _mm512_xor_si512(high, sign));
    let numbers = table.numbers.chunks_exact(fours.len().max(1)).take(plane.outputs().div_ceil(SUMS));
    for (block, numbers) in numbers.enumerate() {
        let mut sums = start;
        for (numbers, &four) in numbers.iter().zip(fours) {
            // SAFETY: there are as many numbers as a vector has bytes.
            let numbers = unsafe { _mm512_loadu_si512(numbers.0.as_ptr().cast()) };
            sums = _mm512_dpbusd_epi32(sums, _mm512_permutex2var_epi8(low, numbers, high), _mm512_set1_epi32(four));
        }
        let integers = requantize(sums, mantissa, shift, requantization);
        // What is written behind a plane belongs to the next one, which is written later.
        store_16(integers, y.get_mut(block * SUMS..).unwrap_or_default());
    }
}

/// One filter on a channel, of which each quad's vector is loaded where it begins.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi")]
fn in_parts<R: Requantize>(
    table: &Narrow,
    (x, outside): (&[i8], i8),
    fours: &[i32],
    Factor { start: first, mantissa, shift, requantization }: Factor<R>,
    y: &mut [i8],
) {
    let (outside, sign) = (_mm512_set1_epi8(outside), _mm512_set1_epi8(i8::MIN));
    let (of_place, whole) = (fours.len().max(1), x.len() >= table.reach);
    let quads = table.numbers.chunks_exact(of_place).zip(table.within.chunks_exact(of_place));
    let quads = quads.zip(table.start.chunks_exact(of_place));
    for (block, ((numbers, within), start)) in quads.take(table.convolution.plane.outputs().div_ceil(SUMS)).enumerate()
    {
        let mut sums = first;
        for (((numbers, &within), &start), &four) in numbers.iter().zip(within).zip(start).zip(fours) {
            // SAFETY: there are as many numbers as a vector has bytes, and the slice has as many bytes from there on.
            let (numbers, from) = unsafe {
                let from = if whole {
                    _mm512_loadu_si512(x.as_ptr().add(start).cast())
                } else {
                    load(x.get(start..).unwrap_or_default())
                };
                (_mm512_loadu_si512(numbers.0.as_ptr().cast()), from)
            };
            let under = _mm512_mask_permutexvar_epi8(outside, within, numbers, from);
            sums = _mm512_dpbusd_epi32(sums, _mm512_xor_si512(under, sign), _mm512_set1_epi32(four));
        }
        let integers = requantize(sums, mantissa, shift, requantization);
        // What is written behind a plane belongs to the next one, which is written later.
        store_16(integers, y.get_mut(block * SUMS..).unwrap_or_default());
    }
}

/// 16 bytes, or as many as there is room for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn store_16(integers: __m128i, to: &mut [i8]) {
    // SAFETY: no more is written than the slice has room for.
    unsafe {
        if to.len() >= SUMS {
            _mm_storeu_si128(to.as_mut_ptr().cast(), integers);
        } else {
            _mm_mask_storeu_epi8(to.as_mut_ptr(), first(to.len()) as u16, integers);
        }
    }
}
