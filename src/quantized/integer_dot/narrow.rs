//! Depthwise convolutions of small planes.
//!
//! Where rows are short, the inputs under one row of taps at neighbouring places lie within a few bytes, whatever the places'
//! rows. So one instruction takes the quads of these places from a register, with the numbers of bytes in a table that is the same
//! for all channels; it also knows what is padding. Nothing is copied. With AVX-512, 16 places share 64 bytes, and a channel of less than
//! 128 bytes is loaded once, into two registers; with other instruction sets, four places share 16 bytes. AVX2 takes all taps of four
//! places from 16 bytes where it can (`avx2_compact`).

#[cfg(target_arch = "x86_64")]
use super::avx2_compact::Compact;
use super::instructions::{BYTES, Instructions, SUMS, Work};
use super::rounding::{self, Round};
use super::sums::{four, number_at, starts};
use super::{IntegerDot, Layer};
use crate::kernels::Convolution;
use crate::kernels::inlined;

/// Vectors of quads that a table has room for.
const QUADS: usize = 48;

/// Bytes of a channel, and behind it, that there is room for where it is copied, as the last ones are.
const ROOM: usize = 2048;

/// The number of a byte that is padding.
const PADDING: u8 = 255;

/// The numbers of the bytes that are the quads of 16 places.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bytes([u8; BYTES]);

/// The table of a convolution: vectors of quads, those of 16 places after the other. Of the places, each row of taps; of a
/// row, each four taps.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Narrow {
    /// From the start of their part on.
    numbers: [Bytes; QUADS],
    /// Where the bytes of each part begin in a channel.
    starts: [[u16; 4]; QUADS],
    /// Bytes of a channel, and behind it, within which all vectors lie.
    reach: usize,
    in_registers: bool,
    #[cfg(target_arch = "x86_64")]
    compact: Option<Compact>,
    convolution: Convolution,
}

impl Narrow {
    /// The table, if the convolution is computed so: where instructions take the quads of places side by side from `reach` bytes,
    /// and a channel of up to `channel` bytes stays in registers.
    const fn new(convolution: Convolution, reach: usize, channel: usize) -> Option<Self> {
        let Convolution { plane, seen, filters } = convolution;
        let (down, along) = (plane.rows.window, plane.columns.window);
        let of_row = along.kernel.div_ceil(4);
        let count = plane.outputs().div_ceil(SUMS) * down.kernel * of_row;
        if seen != 1 || filters > 2 || count > QUADS || plane.inputs() + BYTES > ROOM {
            return None;
        }
        let (numbers, starts) = ([Bytes([PADDING; BYTES]); QUADS], [[0; 4]; QUADS]);
        let in_registers = plane.inputs() <= channel;
        let mut table = Self {
            numbers,
            starts,
            reach: 0,
            in_registers,
            #[cfg(target_arch = "x86_64")]
            compact: Compact::new(convolution),
            convolution,
        };
        let mut quad = 0;
        while quad < count {
            let (place, tap) = (quad / of_row / down.kernel * SUMS, (quad / of_row % down.kernel, quad % of_row * 4));
            let mut part = 0;
            while part < BYTES / reach {
                if !table.fill(quad, (part * reach, reach), place, tap) {
                    return None;
                }
                part += 1;
            }
            quad += 1;
        }
        Some(table)
    }

    /// `length` bytes from number `first` on, of four taps at the places from `place` on. Whether they lie near enough.
    const fn fill(
        &mut self,
        quad: usize,
        (first, length): (usize, usize),
        place: usize,
        (tap_row, tap): (usize, usize),
    ) -> bool {
        let plane = self.convolution.plane;
        let (down, along) = (plane.rows.window, plane.columns.window);
        let mut positions = [None; BYTES];
        let (mut least, mut most) = (usize::MAX, 0);
        let mut byte = first;
        while byte < first + length {
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
        let start = if self.in_registers || least > most { 0 } else { least };
        if !self.in_registers && most - start >= length {
            return false;
        }
        byte = first;
        while byte < first + length {
            if let Some(position) = positions[byte] {
                self.numbers[quad].0[byte] = (position - start) as u8;
            }
            byte += 1;
        }
        // A part is as many quarters of a vector.
        let mut quarter = first / (BYTES / 4);
        while quarter < (first + length) / (BYTES / 4) {
            self.starts[quad][quarter] = start as u16;
            quarter += 1;
        }
        self.reach = if start + BYTES > self.reach { start + BYTES } else { self.reach };
        true
    }
}

/// The tables of a convolution for the instruction sets that a processor of this architecture may have.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Tables {
    #[cfg(target_arch = "x86_64")]
    avx512: Option<Narrow>,
    by_16: Option<Narrow>,
}

impl Tables {
    pub(in crate::quantized) const fn new(convolution: Convolution) -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            avx512: Narrow::new(convolution, BYTES, super::Avx512::CHANNEL),
            by_16: Narrow::new(convolution, BYTES / 4, 0),
        }
    }
}

impl IntegerDot {
    /// The table for these instructions, if the convolution is computed so.
    #[inline(always)]
    pub(in crate::quantized) const fn table(self, tables: &Tables) -> Option<&Narrow> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => tables.avx512.as_ref(),
            _ => tables.by_16.as_ref(),
        }
    }

    /// The convolution of `x`, with `outside` for padding, into `y`, by the [table](Self::table) for these instructions.
    pub(in crate::quantized) fn narrow(self, table: &Narrow, x: (&[i8], i8), layer: Layer<'_>, y: &mut [i8]) {
        let (weights, finish, start) = layer;
        #[cfg(target_arch = "x86_64")]
        if let (Self::Avx2(simd), Some(compact), (x, i8::MIN)) = (self, &table.compact, x)
            && let Some(finish) = finish.rounded_once()
        {
            return simd.compact(compact, x, (weights, finish, start), y);
        }
        rounding::run!(self, finish => Depthwise { table, x, layer: (weights, finish, start), y });
    }
}

struct Depthwise<'a, R> {
    table: &'a Narrow,
    x: (&'a [i8], i8),
    layer: Layer<'a, R>,
    y: &'a mut [i8],
}

impl<R: Round> Work for Depthwise<'_, R> {
    inlined! {
        fn run<V: Instructions>(self, simd: V) {
            let Self { table, x: (x, outside), layer: (weights, finish, start), y } = self;
            let Convolution { plane, filters, .. } = table.convolution;
            let down = plane.rows.window.kernel;
            let of_place = down * plane.columns.window.kernel.div_ceil(4);
            starts(simd, weights, plane.taps(), finish.bias, start);
            let mut fours = [0; QUADS];
            let fours = fours.get_mut(..of_place).unwrap_or_default();
            for number in 0..finish.bias.len() {
                quads_of_weights(weights.get(number * plane.taps()..).unwrap_or_default(), table.convolution, fours);
                let shift = finish.shift.get(number).copied().unwrap_or_default();
                let filter = Filter {
                    table,
                    fours,
                    start: simd.sums(number_at(start, number)),
                    mantissa: simd.sums(number_at(finish.mantissa, number)),
                    shift: simd.sums(i32::from(shift)),
                    rounding: finish.requantization,
                };
                let x = x.get(number / filters.max(1) * plane.inputs()..).unwrap_or_default();
                let y = y.get_mut(number * plane.outputs()..).unwrap_or_default();
                if table.in_registers && V::CHANNEL > 0 {
                    let x = x.get(..plane.inputs()).unwrap_or_default();
                    filter.apply::<true>(simd, simd.channel::<true>(x, outside), y);
                } else if x.len() >= table.reach {
                    filter.apply::<false>(simd, simd.channel::<false>(x, outside), y);
                } else {
                    let mut room = [0; ROOM];
                    for (to, &from) in room.iter_mut().zip(x) {
                        *to = from;
                    }
                    filter.apply::<false>(simd, simd.channel::<false>(&room, outside), y);
                }
            }
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

/// One filter: its weights, what its sums start from, and how they are requantized.
struct Filter<'a, V: Instructions, R> {
    table: &'a Narrow,
    fours: &'a [i32],
    start: V::Sums,
    mantissa: V::Sums,
    shift: V::Sums,
    rounding: R,
}

impl<V: Instructions, R: Round> Filter<'_, V, R> {
    inlined! {
        /// The filter on a channel of at least as many bytes as the table reaches, or on one in registers.
        fn apply<const IN_REGISTERS: bool>(&self, simd: V, channel: V::Channel<'_>, y: &mut [i8]) {
            let Self { table, fours, .. } = *self;
            let blocks = table.convolution.plane.outputs().div_ceil(SUMS);
            if let Ok(&fours) = <&[i32; 3]>::try_from(fours) {
                // Most kernels; the loop over their quads isn't one here, and their weights stay in registers.
                let weights = [simd.four(fours[0]), simd.four(fours[1]), simd.four(fours[2])];
                let quads = table.numbers.as_chunks::<3>().0.iter().zip(table.starts.as_chunks::<3>().0);
                for (block, (numbers, starts)) in quads.take(blocks).enumerate() {
                    let mut sums = self.start;
                    for quad in 0..3 {
                        // SAFETY: the channel has as many bytes as the table reaches.
                        let quads = unsafe { simd.take::<IN_REGISTERS>(channel, &numbers[quad].0, starts[quad]) };
                        sums = simd.dot(sums, quads, weights[quad]);
                    }
                    self.write(simd, sums, y.get_mut(block * SUMS..).unwrap_or_default());
                }
                return;
            }
            let of_place = fours.len().max(1);
            let quads = table.numbers.chunks_exact(of_place).zip(table.starts.chunks_exact(of_place));
            for (block, (numbers, starts)) in quads.take(blocks).enumerate() {
                let mut sums = self.start;
                for ((numbers, &starts), &four) in numbers.iter().zip(starts).zip(fours) {
                    // SAFETY: the channel has as many bytes as the table reaches.
                    let quads = unsafe { simd.take::<IN_REGISTERS>(channel, &numbers.0, starts) };
                    sums = simd.dot(sums, quads, simd.four(four));
                }
                self.write(simd, sums, y.get_mut(block * SUMS..).unwrap_or_default());
            }
        }

        /// The integers of 16 places. What is written behind a plane belongs to the next one, which is written later.
        fn write(&self, simd: V, sums: V::Sums, y: &mut [i8]) {
            simd.store_first(self.rounding.integers(simd, sums, self.mantissa, self.shift), y);
        }
    }
}
