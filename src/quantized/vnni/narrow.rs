//! Depthwise convolutions of small planes.
//!
//! Where rows are short, the inputs under one row of taps at 16 neighbouring places lie within 64 bytes, whatever the places'
//! rows. So one instruction takes the quads of 16 places from a vector, with the numbers of bytes in a table that is the same
//! for all channels; it also knows what is padding. Nothing is copied.

use core::arch::x86_64::*;

use super::super::products::Finish;
use super::super::requantization::Requantize;
use super::sums::{four, number_at, starts};
use super::{BYTES, SUMS, Vnni, first, load, requantize};
use crate::kernels::Convolution;

/// Vectors of quads that a table has room for.
const QUADS: usize = 48;

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
        let start = if least < most { least } else { most };
        if most - start >= BYTES {
            return false;
        }
        byte = 0;
        while byte < BYTES {
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
    let (down, along) = (plane.rows.window.kernel, plane.columns.window.kernel);
    starts(weights, plane.taps(), finish.bias, start);
    let (outside, sign) = (_mm512_set1_epi8(outside), _mm512_set1_epi8(i8::MIN));
    let of_row = along.div_ceil(4);
    let of_place = down * of_row;
    // Of a row's last four weights, those that are in the row.
    let last = u32::MAX >> (8 * (4 * of_row - along));
    let mut fours = [0; QUADS];
    for number in 0..finish.bias.len() {
        let weights = weights.get(number * plane.taps()..).unwrap_or_default();
        for (row, fours) in fours.chunks_exact_mut(of_row).take(down).enumerate() {
            for (index, to) in fours.iter_mut().enumerate() {
                let mask = if index + 1 == of_row { last } else { u32::MAX };
                *to = four(weights, row * along + 4 * index) & mask.cast_signed();
            }
        }
        let mantissa = _mm512_set1_epi32(number_at(finish.mantissa, number));
        let shift = _mm512_set1_epi32(i32::from(finish.shift.get(number).copied().unwrap_or_default()));
        let start = _mm512_set1_epi32(number_at(start, number));
        let x = x.get(number / filters.max(1) * plane.inputs()..).unwrap_or_default();
        let y = y.get_mut(number * plane.outputs()..).unwrap_or_default();
        let whole = x.len() >= table.reach;
        let quads = table.numbers.chunks_exact(of_place).zip(table.within.chunks_exact(of_place));
        let quads = quads.zip(table.start.chunks_exact(of_place)).take(plane.outputs().div_ceil(SUMS));
        for (block, ((numbers, within), start_of)) in quads.enumerate() {
            let mut sums = start;
            for (((numbers, &within), &start), &four) in numbers.iter().zip(within).zip(start_of).zip(&fours) {
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
            let integers = requantize(sums, mantissa, shift, finish.requantization);
            // What is written behind a plane belongs to the next one, which is written later.
            store_16(integers, y.get_mut(block * SUMS..).unwrap_or_default());
        }
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
