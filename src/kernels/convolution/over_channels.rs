//! Depthwise convolutions whose vectors are over channels: most of them. And the gradients of the weights of few filters that see many
//! channels.
//!
//! The channels of a vector are transposed, padded, convolved and transposed back: `y[p][c] = b[c] + Σ w[t][c] · x[p's tap t][c]`.
//! All lanes are in use, whatever the plane, the window or the stride, and no position is computed that isn't kept. Each sum is one chain
//! over taps, and that of a weight's gradient one over the positions of each block, whose sums are added in order.

pub(super) mod few_filters;
mod gradient;
mod tiles;

pub(super) use self::gradient::WeightGradient;
use self::tiles::Tiles;
use super::Scratch;
use super::blocks::{Block, DEPTH, Images, Places, Runs, Split};
use crate::kernels::transpose::turn;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, splat, write};
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::{ceil_div, even};

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

    /// The same for sums alone, which may have the room of the inputs, and inputs that of sums: what blocks share is transposed again for
    /// each.
    #[inline(always)]
    fn larger_split<S>(&self, scratch: &Scratch<'_, S>) -> Option<(Split, bool)> {
        let split = self.split(scratch)?;
        if split.rows >= self.images.rows.count {
            return Some((split, false));
        }
        let swapped = self.split_of(1, scratch.inputs.len() / LANES, scratch.sums.len() / LANES);
        let larger = swapped.filter(|swapped| swapped.rows > split.rows);
        Some(larger.map_or((split, false), |swapped| (swapped, true)))
    }

    /// What the sums of a sample cost, in multiplications of vectors of `lanes`.
    pub(super) fn work(&self, lanes: usize) -> usize {
        let Images { rows, columns, .. } = self.images.sparse_rows();
        let sums = self.images.sums();
        let (tiles, each) = tiles::even(&columns);
        let of_rows = rows.stretches(0..rows.count).map(|rows| rows.sums.len() * rows.taps.len());
        // Two rows share what they load, and have twice as many chains.
        let tile = if tiles::lead(&rows).is_some() { (each + each / 6).max(5) } else { (each + 1).max(8) };
        let products = of_rows.sum::<usize>() * columns.len() * tiles * tile;
        let of_vector = products + products / 4 + 28 * rows.count * tiles + 21 * sums + 6 * self.images.taps();
        ceil_div(self.count(), lanes) * (self.inputs * self.outputs * of_vector + 650)
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
        let Some((mut split, is_swapped)) = channels.larger_split(scratch) else { return };
        let Scratch { inputs: room, sums, weights: laid_weights } = scratch;
        let (room, sums) = if is_swapped { (sums, room) } else { (room, sums) };
        // Blocks of nearly the same size.
        split.rows = even(images.rows.count, split.rows);
        let samples = x.len() / images.sample.max(1);
        let of_outputs = channels.count() * outputs * plane;
        let mut offsets = [0; DEPTH];
        channels.offsets(lanes, &mut offsets);
        let offsets = offsets.get(..images.taps()).unwrap_or_default();
        for (first, count) in Channels::vectors(channels.count(), lanes) {
            let depth = images.taps();
            // The weights of each pair of an input and an output, tap by tap.
            for pair in 0..inputs * outputs {
                let order = images.tap_numbers(row);
                let to = laid_weights.get_mut(pair * depth * lanes..).unwrap_or_default();
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
                            let to = Laid { numbers: room, pitch: lanes };
                            channels.lay(simd, (from, inputs * images.plane(), count), &block, to);
                        }
                        let pair = input * outputs + output;
                        let weights = laid_weights.get(pair * depth * lanes..).unwrap_or_default();
                        let start = if input == 0 { Some(&starts) } else { None };
                        let tiles = Tiles::of::<V>(&images, &block, (&**room, offsets));
                        let is_rectified = is_rectified && input + 1 == inputs;
                        tiles.correlate(simd, weights, start, is_rectified, sums);
                    }
                    let at = sample * of_outputs + (first * outputs + output) * plane;
                    let y = y.get_mut(at..).unwrap_or_default();
                    Runs::new(&images, &block, width).store(simd, (&**sums, lanes), count, (y, outputs * plane));
                }
            }
        }
    }
}
