//! Depthwise convolutions whose vectors are over channels: for small planes, and for windows that move by more than one. And
//! the gradients of the weights of few filters that see many channels.
//!
//! The channels of a vector are transposed, padded, convolved and transposed back: `y[p][c] = b[c] + Σ w[t][c] · x[p's tap t][c]`. All lanes are
//! in use, whatever the plane, the window or the stride, and no position is computed that isn't kept. Each sum is one chain
//! over taps, and that of a weight's gradient one over the positions of each block, whose sums are added in order.

pub(super) mod few_filters;
mod gradient;

use core::ops::Range;

pub(super) use self::gradient::WeightGradient;
use super::Scratch;
use super::blocks::{Block, DEPTH, Images, Places, Split};
use crate::kernels::transpose::{transpose, turn};
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat, write};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::ceil_div;

/// Taps that are computed together: they share the reads of a gradient.
const TILE: usize = 8;
/// The most positions that are computed together, which share the reads of a weight, if neighbours read neighbouring numbers;
/// otherwise each has a pointer of its own, and there are at most [`TILE`].
const POSITIONS: usize = 12;

/// Convolutions of single channels: each of the `outputs` of a channel is the sum over its `inputs`.
#[derive(Clone, Copy)]
pub(super) struct Channels {
    /// Of one channel in a group.
    pub(super) images: Images,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Taps in a row of the window, and in all of it.
    pub(super) taps: (usize, usize),
}

/// `y = bias + w ∗ x`, for all samples of a batch; an empty bias counts as none.
pub(super) struct Correlate<'a, 'b, S> {
    pub(super) channels: Channels,
    pub(super) w: &'a [S],
    pub(super) bias: &'a [S],
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    /// Numbers in a channel of y, and in a row.
    pub(super) strides: (usize, usize),
    /// Whether the larger of 0 and a sum is stored.
    pub(super) is_rectified: bool,
    pub(super) scratch: &'a mut Scratch<'b, S>,
}

impl Channels {
    /// A split, if there is one: a channel's numbers take as many times the room as
    /// the widest vector has lanes.
    #[inline(always)]
    pub(super) fn split<S>(&self, scratch: &Scratch<'_, S>) -> Option<Split> {
        let fits = self.images.taps() * (self.inputs * self.outputs).max(2) * LANES <= scratch.weights.len();
        let (sums, inputs) = (scratch.sums.len() / LANES, scratch.inputs.len() / LANES);
        self.split_of(1, sums, inputs).filter(|_| fits)
    }

    /// A split into blocks of some positions, whose images fit into `room` numbers of each channel.
    #[inline(always)]
    fn split_of(&self, samples: usize, positions: usize, room: usize) -> Option<Split> {
        let split = self.images.copied().split(samples, positions, room, (self.images.taps(), DEPTH))?;
        // Rows are transposed as one.
        (split.columns == self.images.columns.count).then_some(split)
    }

    /// The most rows and columns that a block reads.
    #[inline(always)]
    fn seen(&self, block: &Block) -> (usize, usize) {
        let Images { rows, columns, .. } = &self.images;
        (rows.seen(block.rows.len()), columns.seen(columns.count))
    }

    /// Channels of a vector at a time: the first, and how many.
    #[inline(always)]
    fn vectors(count: usize, lanes: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..count).step_by(lanes.max(1)).map(move |first| (first, lanes.min(count - first)))
    }

    /// The channels of a group of samples.
    #[inline(always)]
    fn count(&self) -> usize {
        self.images.groups() / self.inputs.max(1)
    }

    /// Where each tap of a sum is in x, with `lanes` numbers at each position. Returns how many there are.
    #[inline(always)]
    fn offsets(&self, lanes: usize, to: &mut [u32; DEPTH]) -> usize {
        let row = self.images.columns.seen(self.images.columns.count);
        self.images.under_taps(Places { sample: 0, channel: 0, row, column: 1, part: row }, 1, lanes, to)
    }

    /// Transposes what a block reads of some channels, `apart` numbers from one to the next, with zeros around it.
    #[inline(always)]
    fn lay<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (x, apart, channels): (&[S], usize, usize),
        block: &Block,
        to: Laid<'_, S>,
    ) {
        let (lanes, Images { rows, columns, .. }) = (lanes::<V, S>(), &self.images);
        let (reads, width, channels) = (rows.read(&block.rows), columns.seen(columns.count), channels.min(lanes));
        let (above, height) = (reads.start, reads.len());
        // Rows that there are, and columns that are read.
        let seen = above.saturating_sub(rows.before)..(above + height).saturating_sub(rows.before).min(rows.input);
        let read = width.saturating_sub(columns.before).min(columns.input);
        let Laid { numbers: to, pitch } = to;
        let all = (width * height).saturating_sub(1) * pitch + lanes;
        let Some(to) = to.get_mut(..all) else { return };
        let first = seen.start + rows.before - above;
        let inner = (columns.before.min(width), (columns.before + read).min(width));
        for row in 0..height {
            let (left, right) = if (first..first + seen.len()).contains(&row) { inner } else { (width, width) };
            for column in (0..left).chain(right..width) {
                let to = to.get_mut((row * width + column) * pitch..).unwrap_or_default();
                write(simd, splat(simd, S::ZERO), first_mut(to, lanes));
            }
        }
        let from = x.get(seen.start * columns.input..).unwrap_or_default();
        let slots = Slots { row: width, columns: columns.input, read, at: first * width + columns.before, pitch };
        let count = seen.len() * columns.input;
        if (channels - 1) * apart + count <= from.len() && slots.end(count) <= width * height {
            // SAFETY: the channels have that many numbers, and all of the slots fit.
            unsafe { lay_positions(simd, (from, apart, channels), count, slots, to) };
        }
    }
}

/// Where channels are laid: the first position's numbers, and how far those of neighbouring positions lie apart.
struct Laid<'a, S> {
    numbers: &'a mut [S],
    pitch: usize,
}

/// Where positions go: rows of `columns`, of which the first `read` are kept, `row` apart; `pitch` numbers for each position.
#[derive(Clone, Copy)]
struct Slots {
    row: usize,
    columns: usize,
    read: usize,
    at: usize,
    pitch: usize,
}

impl Slots {
    /// The end of the slots of `count` positions.
    #[inline(always)]
    fn end(&self, count: usize) -> usize {
        let rows = count.div_ceil(self.columns.max(1));
        if rows == 0 { 0 } else { self.at + (rows - 1) * self.row + self.read }
    }
}

/// Transposes `count` positions of some channels into their slots.
///
/// # Safety
/// Each channel has the positions, and the slots fit.
#[inline(always)]
unsafe fn lay_positions<V: Simd, S: Scalar>(
    simd: V,
    (x, apart, channels): (&[S], usize, usize),
    count: usize,
    slots: Slots,
    to: &mut [S],
) {
    let lanes = lanes::<V, S>();
    let (mut column, mut slot) = (0, slots.at);
    for first in (0..count).step_by(lanes) {
        let width = lanes.min(count - first);
        let mut square = [splat::<V, S>(simd, S::ZERO); LANES];
        // SAFETY: the caller's promise.
        unsafe {
            // All indices are constants, so that the square stays in registers.
            for (channel, vector) in square.iter_mut().enumerate().take(lanes) {
                if channel >= channels {
                    break;
                }
                let from = x.as_ptr().add(channel * apart + first);
                *vector = if width == lanes {
                    S::Vector::<V>::load(simd, from)
                } else {
                    S::Vector::<V>::load_masked(simd, from, width)
                };
            }
            turn::<V, S>(&mut square);
            for (index, vector) in square.into_iter().enumerate().take(lanes) {
                if index >= width {
                    break;
                }
                if column < slots.read {
                    vector.store(to.as_mut_ptr().add((slot + column) * slots.pitch));
                }
                column += 1;
                if column == slots.columns {
                    column = 0;
                    slot += slots.row;
                }
            }
        }
    }
}

impl<S: Scalar> Operation for Correlate<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { mut channels, w, bias, x, y, strides: (plane, width), is_rectified, scratch } = self;
        channels.images = channels.images.sparse_rows();
        let Channels { images, inputs, outputs, taps: (row, taps) } = channels;
        let lanes = lanes::<V, S>();
        let Some(mut split) = channels.split(scratch) else { return };
        // Blocks of nearly the same size.
        split.rows = ceil_div(images.rows.count, ceil_div(images.rows.count, split.rows));
        let samples = x.len() / images.sample.max(1);
        let of_outputs = channels.count() * outputs * plane;
        let mut offsets = [0; DEPTH];
        channels.offsets(lanes, &mut offsets);
        let offsets = offsets.get(..images.taps()).unwrap_or_default();
        for (first, count) in Channels::vectors(channels.count(), lanes) {
            let depth = images.taps();
            // The weights of each pair of an input and an output, tap by tap.
            for pair in 0..inputs * outputs {
                let order = images.rows.taps().iter().flat_map(|&(_, down)| {
                    images.columns.taps().iter().map(move |&(_, right)| usize::from(down) * row + usize::from(right))
                });
                let to = scratch.weights.get_mut(pair * depth * lanes..).unwrap_or_default();
                for (to, tap) in to.chunks_exact_mut(lanes).zip(order) {
                    for (channel, to) in to.iter_mut().enumerate().take(count) {
                        let at = ((first + channel) * inputs * outputs + pair) * taps + tap;
                        *to = w.get(at).copied().unwrap_or(S::ZERO);
                    }
                }
            }
            for block in images.blocks(samples, split) {
                let sample = block.samples.start;
                for output in 0..outputs {
                    let mut starts = [S::ZERO; LANES];
                    for (channel, start) in starts.iter_mut().enumerate().take(count) {
                        *start = bias.get((first + channel) * outputs + output).copied().unwrap_or(S::ZERO);
                    }
                    for input in 0..inputs {
                        if output == 0 || inputs > 1 {
                            let at = sample * images.sample + (first * inputs + input) * images.plane();
                            let from = x.get(at..).unwrap_or_default();
                            let to = Laid { numbers: &mut *scratch.inputs, pitch: lanes };
                            channels.lay(simd, (from, inputs * images.plane(), count), &block, to);
                        }
                        let pair = input * outputs + output;
                        let weights = scratch.weights.get(pair * depth * lanes..).unwrap_or_default();
                        let start = if input == 0 { Some(&starts) } else { None };
                        let tiles = Tiles::of::<V>(&images, &block, (&*scratch.inputs, offsets));
                        let is_rectified = is_rectified && input + 1 == inputs;
                        tiles.correlate(simd, weights, start, is_rectified, scratch.sums);
                    }
                    let at = sample * of_outputs + (first * outputs + output) * plane;
                    let y = y.get_mut(at..).unwrap_or_default();
                    store(simd, &images, &block, (&*scratch.sums, count), (y, outputs * plane, width));
                }
            }
        }
    }
}

/// Transposes the sums of a block into channels of y, `apart` numbers from one to the next, with rows of `width`.
#[inline(always)]
fn store<V: Simd, S: Scalar>(
    simd: V,
    Images { rows, columns, .. }: &Images,
    block: &Block,
    (sums, channels): (&[S], usize),
    (y, apart, width): (&mut [S], usize, usize),
) {
    let lanes = lanes::<V, S>();
    let is_dense = rows.apart == 1 && columns.apart == 1 && columns.count == width;
    let (runs, run) = if is_dense { (1, block.rows.len() * width) } else { (block.rows.len(), columns.count) };
    for line in 0..runs {
        let at = (rows.first + rows.apart * (block.rows.start + line)) * width + columns.first;
        let (from, to) = (sums.get(line * run * lanes..), y.get_mut(at..));
        let (Some(from), Some(to)) = (from, to) else { return };
        transpose(simd, (from, lanes), (run, channels), (to, apart), columns.apart, false);
    }
}

/// Channels of a block with zeros around them, and what its sums read of them.
struct Tiles<'a, S> {
    images: &'a Images,
    /// The rows of sums.
    rows: Range<usize>,
    x: &'a [S],
    /// Row by row of the taps.
    offsets: &'a [u32],
    /// From a row to the next in x.
    pitch: usize,
    /// From a row of sums to the next in x, and from a column to the next.
    steps: (usize, usize),
    /// Rows and columns of sums.
    sums: (usize, usize),
}

impl<'a, S: Scalar> Tiles<'a, S> {
    #[inline(always)]
    fn of<V: Simd>(images: &'a Images, block: &Block, (x, offsets): (&'a [S], &'a [u32])) -> Self {
        let lanes = lanes::<V, S>();
        let pitch = images.columns.seen(images.columns.count) * lanes;
        Self {
            images,
            rows: block.rows.clone(),
            x,
            offsets,
            pitch,
            steps: (images.rows.step * pitch, images.columns.step * lanes),
            sums: (block.rows.len(), images.columns.count),
        }
    }

    /// Whether all sums can be read.
    #[inline(always)]
    fn fits(&self, lanes: usize) -> bool {
        let (rows, columns) = self.sums;
        let last = self.offsets.iter().fold(0, |most, &offset| most.max(offset)) as usize;
        let end = rows.saturating_sub(1) * self.steps.0 + columns.saturating_sub(1) * self.steps.1 + last + lanes;
        end <= self.x.len()
    }

    /// `y[p] = start + Σₜ w[t] · x[p's tap t]`; without a start, it is added to the existing values.
    #[inline(always)]
    fn correlate<V: Simd>(&self, simd: V, w: &[S], start: Option<&[S; LANES]>, is_rectified: bool, y: &mut [S]) {
        let (lanes, (rows, columns)) = (lanes::<V, S>(), self.sums);
        let start = start.map(|start| read(simd, start.get(..lanes).unwrap_or_default()));
        let across = self.images.columns.taps().len();
        let most = if self.steps.1 == lanes { POSITIONS } else { TILE };
        // Rows of taps that lie on zeros are left out, and so are the zeros.
        for stretch in self.images.rows.stretches(self.rows.clone()) {
            let taps = stretch.taps.start * across..stretch.taps.end * across;
            let w = w.get(taps.start * lanes..).unwrap_or_default();
            let offsets = self.offsets.get(taps).unwrap_or_default();
            let x = self.x.get(stretch.start * self.pitch..).unwrap_or_default();
            let before = stretch.from * self.pitch;
            let last = offsets.iter().fold(0, |most, &offset| most.max(offset)) as usize;
            let reach = (stretch.sums.len() - 1) * self.steps.0 + columns.saturating_sub(1) * self.steps.1;
            let is_read = offsets.is_empty() || (reach + last + lanes).saturating_sub(before) <= x.len();
            let fits = is_read && offsets.len() * lanes <= w.len() && rows * columns * lanes <= y.len();
            debug_assert!(fits, "channels don't fit");
            if !fits {
                return;
            }
            for (row, sum) in stretch.sums.enumerate() {
                let mut column = 0;
                while column < columns {
                    let left = columns - column;
                    // Tiles of nearly the same size: one of few positions takes as long as one of several.
                    let count = left.div_ceil(left.div_ceil(most));
                    // SAFETY: all sums can be read and written, and there is a weight for each tap and lane.
                    unsafe {
                        let x = x.as_ptr().wrapping_add(row * self.steps.0 + column * self.steps.1);
                        let y = y.as_mut_ptr().add(((sum - self.rows.start) * columns + column) * lanes);
                        let ends = (start, is_rectified);
                        self.tile_of(simd, count, (w, offsets), x.wrapping_sub(before), ends, y);
                    }
                    column += count;
                }
            }
        }
    }

    /// `count` sums of a row, at most as many as a tile has.
    ///
    /// # Safety
    /// As for [`tile`](Self::tile).
    #[inline(always)]
    unsafe fn tile_of<V: Simd>(
        &self,
        simd: V,
        count: usize,
        taps: (&[S], &[u32]),
        x: *const S,
        ends: (Option<S::Vector<V>>, bool),
        y: *mut S,
    ) {
        let (lanes, step) = (lanes::<V, S>(), self.steps.1);
        // SAFETY: the caller's promise.
        unsafe {
            if step != lanes {
                return match count {
                    1 => Self::tile::<V, 1>(simd, taps, (x, step), ends, y),
                    2 => Self::tile::<V, 2>(simd, taps, (x, step), ends, y),
                    3 => Self::tile::<V, 3>(simd, taps, (x, step), ends, y),
                    4 => Self::tile::<V, 4>(simd, taps, (x, step), ends, y),
                    5 => Self::tile::<V, 5>(simd, taps, (x, step), ends, y),
                    6 => Self::tile::<V, 6>(simd, taps, (x, step), ends, y),
                    7 => Self::tile::<V, 7>(simd, taps, (x, step), ends, y),
                    _ => Self::tile::<V, TILE>(simd, taps, (x, step), ends, y),
                };
            }
            match count {
                1 => Self::tile::<V, 1>(simd, taps, (x, lanes), ends, y),
                2 => Self::tile::<V, 2>(simd, taps, (x, lanes), ends, y),
                3 => Self::tile::<V, 3>(simd, taps, (x, lanes), ends, y),
                4 => Self::tile::<V, 4>(simd, taps, (x, lanes), ends, y),
                5 => Self::tile::<V, 5>(simd, taps, (x, lanes), ends, y),
                6 => Self::tile::<V, 6>(simd, taps, (x, lanes), ends, y),
                7 => Self::tile::<V, 7>(simd, taps, (x, lanes), ends, y),
                8 => Self::tile::<V, 8>(simd, taps, (x, lanes), ends, y),
                9 => Self::tile::<V, 9>(simd, taps, (x, lanes), ends, y),
                10 => Self::tile::<V, 10>(simd, taps, (x, lanes), ends, y),
                11 => Self::tile::<V, 11>(simd, taps, (x, lanes), ends, y),
                _ => Self::tile::<V, POSITIONS>(simd, taps, (x, lanes), ends, y),
            }
        }
    }

    /// `N` sums of a row, over some taps' weights and offsets.
    ///
    /// # Safety
    /// Each tap can be read at its offset from `x`, for sums a step apart, and the sums can be written to `y`; there is a weight
    /// for each tap and lane.
    #[inline(always)]
    unsafe fn tile<V: Simd, const N: usize>(
        simd: V,
        (w, offsets): (&[S], &[u32]),
        (x, step): (*const S, usize),
        (start, is_rectified): (Option<S::Vector<V>>, bool),
        y: *mut S,
    ) {
        let lanes = lanes::<V, S>();
        let mut sums = [splat(simd, S::ZERO); N];
        // SAFETY: the caller's promise.
        unsafe {
            for (index, sum) in sums.iter_mut().enumerate() {
                *sum = match start {
                    Some(start) => start,
                    None => S::Vector::<V>::load(simd, y.add(index * lanes)),
                };
            }
            let mut w = w.as_ptr();
            for &offset in offsets {
                let (weight, x) = (S::Vector::<V>::load(simd, w), x.wrapping_add(offset as usize));
                for (index, sum) in sums.iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load(simd, x.add(index * step)).mul_add(weight, *sum);
                }
                w = w.add(lanes);
            }
            for (index, mut sum) in sums.into_iter().enumerate() {
                if is_rectified {
                    sum = sum.max(splat(simd, S::ZERO));
                }
                sum.store(y.add(index * lanes));
            }
        }
    }
}
