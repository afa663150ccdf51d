//! Convolutions: sums of products at 32 places at once.
//!
//! What lies under the windows is copied as quads: for four taps side by side, the four integers of place after place.
//! A quad is multiplied with four weights of a filter as they lie in memory, one filter after the other. A
//! channel's taps of a row make quads; of a pointwise convolution, whose windows have one tap, four channels do.
//!
//! Places are those of padded rows one after the other, so that the integers of neighbouring places are neighbours too,
//! whatever the width of the plane. Some of them are beyond a row's end, and left out of what is written. Where only
//! every n-th row begins a window, rows lie in memory by the remainder of their number by n.

use super::instructions::{BYTES, Instructions, SUMS, Work};
use super::rounding::{self, Round};
use super::sums::{Inputs, PLACES, Put, Quads, Rows, starts};
use super::{IntegerDot, Layer};
use crate::kernels::Convolution;
use crate::kernels::inlined;

/// Blocks of places that there is room for.
const BLOCKS: usize = 256;

/// Bytes after an image, which vectors read or write beyond it.
const BEYOND: usize = 4 * PLACES + 2 * BYTES;

/// How a convolution's padded rows and its quads lie in memory.
#[derive(Clone, Copy, Debug)]
pub(in crate::quantized) struct Strip {
    convolution: Convolution,
    /// Bytes of a padded row.
    width: usize,
    /// Padded rows of a channel with the same remainder.
    rows: usize,
    /// Rows of taps, each as long as `taps`.
    tap_rows: usize,
    taps: usize,
    pointwise: bool,
}

impl Strip {
    pub(in crate::quantized) const fn new(convolution: Convolution) -> Self {
        let (rows, columns) = (convolution.plane.rows, convolution.plane.columns);
        let (down, along) = (rows.window, columns.window);
        let width = ((columns.output - 1) * along.stride + along.kernel).next_multiple_of(along.stride);
        let padded = (rows.output - 1) * down.stride + (down.kernel - 1) * down.dilation + 1;
        let pointwise = convolution.plane.is_pointwise();
        Self {
            convolution,
            width,
            rows: padded.div_ceil(down.stride),
            tap_rows: if pointwise { 1 } else { convolution.seen * down.kernel },
            taps: if pointwise { convolution.seen } else { along.kernel },
            pointwise,
        }
    }

    /// Whether it is computed so with scratch of these sizes: where a row's taps are neighbours, and there are places
    /// enough for a vector.
    pub(in crate::quantized) const fn fits(&self, image: usize, quads: usize) -> bool {
        let along = self.convolution.plane.columns.window;
        self.convolution.plane.outputs() >= SUMS
            && (along.dilation == 1 || along.kernel == 1)
            && along.stride <= 4
            && self.places().div_ceil(PLACES) <= BLOCKS
            && (self.pointwise || self.convolution.seen * self.channel() + BEYOND <= image)
            && self.tap_rows * self.taps.div_ceil(4) <= quads
    }

    /// Bytes of a padded channel.
    const fn channel(&self) -> usize {
        self.width * self.rows * self.convolution.plane.rows.window.stride
    }

    /// Places of a row, those beyond its end too.
    const fn row(&self) -> usize {
        if self.pointwise {
            self.convolution.plane.columns.output
        } else {
            self.width / self.convolution.plane.columns.window.stride
        }
    }

    /// All places.
    const fn places(&self) -> usize {
        self.convolution.plane.rows.output * self.row()
    }
}

/// 32 places: which are within rows, and the number of outputs before them.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    within: u32,
    before: usize,
}

impl IntegerDot {
    /// The convolution of `x`, with `outside` for padding, into `y`, in scratch that it [`fits`](Strip::fits).
    pub(in crate::quantized) fn convolution(
        self,
        strip: &Strip,
        x: (&[i8], i8),
        layer: Layer<'_>,
        y: &mut [i8],
        scratch: (&mut [u8], &mut [Quads]),
    ) {
        let (weights, finish, start) = layer;
        rounding::run!(self, finish => Strips { strip, x, layer: (weights, finish, start), y, scratch });
    }
}

struct Strips<'a, R> {
    strip: &'a Strip,
    x: (&'a [i8], i8),
    layer: Layer<'a, R>,
    y: &'a mut [i8],
    scratch: (&'a mut [u8], &'a mut [Quads]),
}

impl<R: Round> Work for Strips<'_, R> {
    inlined! {
        fn run<V: Instructions>(self, simd: V) {
            let Self { strip, x: (x, outside), layer: (weights, finish, start), y, scratch: (image, quads) } = self;
            let Convolution { plane, seen, filters } = strip.convolution;
            let length = seen * plane.taps();
            starts(simd, weights, length, finish.bias, start);
            let mut blocks = [Block::default(); BLOCKS];
            let blocks = blocks.get_mut(..strip.places().div_ceil(PLACES)).unwrap_or_default();
            mark(strip, blocks);
            if !strip.pointwise {
                image.fill(outside.cast_unsigned() ^ V::OFFSET);
            }
            let quads = quads.get_mut(..strip.tap_rows * strip.taps.div_ceil(4)).unwrap_or_default();
            let stride = plane.columns.window.stride;
            let last = strip.taps - (strip.taps - 1) / 4 * 4;
            let (order, last) = (simd.order(stride, 4), simd.order(stride, last));
            let rows = Rows { weights, length, taps: strip.taps, pieces: strip.tap_rows, start, finish };
            let groups = x.chunks_exact(seen * plane.inputs()).zip(y.chunks_exact_mut(filters * plane.outputs()));
            for (group, (x, y)) in groups.enumerate() {
                if !strip.pointwise {
                    pad(simd, strip, x, outside, image);
                }
                for (block, &Block { within, before }) in blocks.iter().enumerate() {
                    if strip.pointwise {
                        gather_channels(simd, plane.inputs(), block * PLACES, x, quads);
                    } else {
                        gather_windows(simd, strip, (order, last), block * PLACES, image, quads);
                    }
                    let mut planes = Planes { y: &mut *y, outputs: plane.outputs(), selection: simd.select(within), before };
                    rows.put(simd, (group * filters, filters), Inputs::new(simd, quads), &mut planes);
                }
            }
        }
    }
}

/// Which places are within rows.
fn mark(strip: &Strip, blocks: &mut [Block]) {
    let (row, columns) = (strip.row(), strip.convolution.plane.columns.output);
    if row == columns {
        for (index, block) in blocks.iter_mut().enumerate() {
            let places = strip.places() - index * PLACES;
            let within = if places < PLACES { (1 << places) - 1 } else { u32::MAX };
            *block = Block { within, before: index * PLACES };
        }
        return;
    }
    for start in (0..strip.places()).step_by(row.max(1)) {
        let (mut place, end) = (start, start + columns);
        while let (true, Some(block)) = (place < end, blocks.get_mut(place / PLACES)) {
            let (first, count) = (place % PLACES, (end - place).min(PLACES - place % PLACES));
            block.within |= u32::MAX >> (PLACES - count) << first;
            place += count;
        }
    }
    let mut before = 0;
    for block in blocks {
        block.before = before;
        before += block.within.count_ones() as usize;
    }
}

inlined! {
    /// Copies channels into the middle of their padding, changed by [`OFFSET`](Instructions::OFFSET). The padding stays as it is.
    fn pad<V: Instructions>(simd: V, strip: &Strip, x: &[i8], outside: i8, image: &mut [u8]) {
        let plane = strip.convolution.plane;
        let (rows, left) = (plane.rows, plane.columns.window.before);
        let count = plane.columns.input.min(strip.width.saturating_sub(left));
        // In the order of memory: what a vector writes behind a row is padding, or is written after that.
        for channel in 0..strip.convolution.seen {
            for slot in 0..strip.rows * rows.window.stride {
                // Most windows go on by one row, and no division is needed.
                let stride = rows.window.stride;
                let padded = if stride == 1 { slot } else { slot % strip.rows * stride + slot / strip.rows };
                let row = padded.wrapping_sub(rows.window.before);
                if row >= rows.input {
                    continue;
                }
                let from = x.get(channel * plane.inputs() + row * plane.columns.input..).unwrap_or_default();
                let to = image.get_mut(channel * strip.channel() + slot * strip.width + left..).unwrap_or_default();
                for (index, to) in to.as_chunks_mut().0.iter_mut().take(count.div_ceil(SUMS)).enumerate() {
                    let from = from.get(index * SUMS..).unwrap_or_default();
                    let integers = simd.first_integers(from, count - index * SUMS, outside);
                    simd.store_with_offset(integers, to);
                }
            }
        }
    }

    /// The quads of each row of taps, at the places from `place` on.
    fn gather_windows<V: Instructions>(
        simd: V,
        strip: &Strip,
        (order, last): (V::Order, V::Order),
        place: usize,
        image: &[u8],
        quads: &mut [Quads],
    ) {
        let rows = strip.convolution.plane.rows.window;
        let stride = strip.convolution.plane.columns.window.stride;
        let of_row = strip.taps.div_ceil(4);
        let channels = quads.chunks_exact_mut(of_row * rows.kernel).take(strip.convolution.seen);
        for (channel, quads) in channels.enumerate() {
            for (tap, quads) in quads.chunks_exact_mut(of_row).enumerate() {
                let tap = tap * rows.dilation;
                // Most windows go on by one row, and no division is needed.
                let (part, index) = if rows.stride == 1 { (0, tap) } else { (tap % rows.stride, tap / rows.stride) };
                let start = channel * strip.channel() + (part * strip.rows + index) * strip.width + place * stride;
                for (quad, to) in quads.iter_mut().enumerate() {
                    let order = if quad + 1 == of_row { last } else { order };
                    for (half, to) in to.0.iter_mut().enumerate() {
                        let from = image.get(start + half * SUMS * stride + 4 * quad..).unwrap_or_default();
                        let Some(from) = from.first_chunk::<BYTES>() else { continue };
                        simd.store(simd.windows(order, from), to);
                    }
                }
            }
        }
    }

    /// The quads of four channels each, at the places from `place` on.
    fn gather_channels<V: Instructions>(simd: V, plane: usize, place: usize, x: &[i8], quads: &mut [Quads]) {
        for (four, to) in quads.iter_mut().enumerate() {
            let mut channels = [None; 4];
            for (channel, from) in channels.iter_mut().enumerate() {
                let channel = 4 * four + channel;
                if (channel + 1) * plane <= x.len() {
                    *from = x.get(channel * plane + place..);
                }
            }
            for (to, quads) in to.0.iter_mut().zip(simd.channels(channels)) {
                simd.store(quads, to);
            }
        }
    }
}

/// Planes of outputs, and which of 32 places are within rows: they go behind the outputs before them.
struct Planes<'a, V: Instructions> {
    y: &'a mut [i8],
    outputs: usize,
    selection: V::Selection,
    before: usize,
}

impl<V: Instructions> Put<V> for Planes<'_, V> {
    inlined! {
        /// What is behind the integers within rows is written later.
        fn put(&mut self, simd: V, row: usize, integers: [V::Integers; 2]) {
            let plane = self.y.get_mut(row * self.outputs + self.before..(row + 1) * self.outputs);
            simd.store_selected(integers, self.selection, plane.unwrap_or_default());
        }
    }
}
