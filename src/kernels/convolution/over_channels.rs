//! Depthwise convolutions whose vectors are over channels: most of them. And the gradients of the weights of few filters that see many
//! channels.
//!
//! The channels of a vector are transposed, padded, convolved and transposed back: `y[p][c] = b[c] + Σ w[t][c] · x[p's tap t][c]`.
//! All lanes are in use, whatever the plane, the window or the stride, and no position is computed that isn't kept. Batches of small planes
//! are computed [some samples at a time](small_planes). Each sum is one chain over taps, and that of a weight's gradient one over the
//! positions of each block, whose sums are added in order.

pub(super) mod few_filters;
mod gradient;
mod lay;
mod small_planes;
mod tiles;

pub(super) use self::gradient::WeightGradient;
use self::lay::{Laid, Lay};
use self::small_planes::{SAMPLES, SmallPlanes};
use self::tiles::Tiles;
use super::blocks::{Block, DEPTH, Images, Places, Runs, Split};
use super::{Rooms, Scratch};
use crate::kernels::product::Start;
use crate::kernels::vector::{LANES, Operation, Simd, lanes};
use crate::scalar::Scalar;
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

impl<S> Correlate<'_, '_, S> {
    /// Numbers in a sample of y.
    #[inline(always)]
    fn of_outputs(&self) -> usize {
        self.channels.count() * self.channels.outputs * self.strides.0
    }
}

impl Channels {
    /// A split, if there is one: a channel's numbers take as many times the room as
    /// the widest vector has lanes.
    #[inline(always)]
    pub(super) fn split<S>(&self, scratch: &Scratch<'_, S>) -> Option<Split> {
        let (inputs, sums, weights) = scratch.sizes();
        let fits = self.images.taps() * (self.inputs * self.outputs).max(2) * LANES <= weights;
        self.split_of(1, sums / LANES, inputs / LANES).filter(|_| fits)
    }

    /// The same for sums alone, which may have the room of the inputs, and inputs that of sums: what blocks share is transposed again for
    /// each.
    #[inline(always)]
    fn larger_split<S>(&self, scratch: &Scratch<'_, S>) -> Option<(Split, bool)> {
        let split = self.split(scratch)?;
        if split.rows >= self.images.rows.count {
            return Some((split, false));
        }
        let (inputs, sums, _) = scratch.sizes();
        let swapped = self.split_of(1, inputs / LANES, sums / LANES);
        let larger = swapped.filter(|swapped| swapped.rows > split.rows);
        Some(larger.map_or((split, false), |swapped| (swapped, true)))
    }

    /// What the sums of one of some samples cost, in multiplications of vectors of `lanes`.
    pub(super) fn work<S>(&self, samples: usize, lanes: usize, scratch: &Scratch<'_, S>) -> usize {
        let of_vector = match self.small_planes(samples, scratch) {
            Some(_) => self.work_together(),
            None => self.work_one_by_one(),
        };
        ceil_div(self.count(), lanes) * of_vector
    }

    /// The same, for a vector of channels of samples that are computed together.
    fn work_together(&self) -> usize {
        self.inputs * self.outputs * small_planes::work(&self.images)
    }

    /// The same, one sample at a time.
    fn work_one_by_one(&self) -> usize {
        let Images { rows, columns, .. } = self.images.sparse_rows();
        let sums = self.images.sums();
        let (tiles, each) = tiles::even(&columns);
        let of_rows = rows.stretches(0..rows.count).map(|rows| rows.sums.len() * rows.taps.len());
        // Two rows share what they load, and have twice as many chains.
        let tile = if tiles::lead(&rows).is_some() { (each + each / 6).max(5) } else { (each + 1).max(8) };
        let products = of_rows.sum::<usize>() * columns.len() * tiles * tile;
        let of_pair = products + products / 4 + 28 * rows.count * tiles + 21 * sums + 6 * self.images.taps();
        self.inputs * self.outputs * of_pair + 650
    }

    /// How many rows of sums of several samples are computed at a time, if that takes less time than one sample at a time; and whether
    /// inputs have the room of sums, and the reverse.
    #[inline(always)]
    fn small_planes<S>(&self, samples: usize, scratch: &Scratch<'_, S>) -> Option<(usize, bool)> {
        let (inputs, sums, _) = scratch.sizes();
        let rooms = [(inputs, sums, false), (sums, inputs, true)];
        let fits = |(inputs, sums, is_swapped)| Some((small_planes::rows(&self.images, inputs, sums)?, is_swapped));
        let rows = if samples < SAMPLES { None } else { rooms.into_iter().find_map(fits) };
        rows.filter(|_| self.work_together() < self.work_one_by_one())
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

    /// Lays the weights of some channels of each pair of an input and an output, tap by tap.
    #[inline(always)]
    fn lay_weights<S: Scalar>(&self, w: &[S], (first, count): (usize, usize), lanes: usize, to: &mut [S]) {
        let Self { images, inputs, outputs, taps: (row, taps) } = self;
        let (pairs, depth) = (inputs * outputs, images.taps());
        for pair in 0..pairs {
            let order = images.tap_numbers(*row);
            let to = to.get_mut(pair * depth * lanes..).unwrap_or_default();
            for (to, tap) in to.chunks_exact_mut(lanes).zip(order) {
                for (channel, to) in to.iter_mut().enumerate().take(count) {
                    *to = w.get(((first + channel) * pairs + pair) * taps + tap).copied().unwrap_or(S::ZERO);
                }
            }
        }
    }

    /// Where each tap of a sum is in x, with `lanes` numbers at each position. Returns how many there are.
    #[inline(always)]
    fn offsets(&self, lanes: usize, to: &mut [u32; DEPTH]) -> usize {
        let row = self.images.columns.seen(self.images.columns.count);
        self.images.under_taps(Places { sample: 0, channel: 0, row, column: 1, part: row }, 1, lanes, to)
    }
}

impl<S: Scalar> Operation for Correlate<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        let images = self.channels.images;
        let samples = self.x.len() / images.sample.max(1);
        if let Some((rows, is_swapped)) = self.channels.small_planes(samples, self.scratch) {
            let whole = samples - samples % SAMPLES;
            let Some((x, rest)) = self.x.split_at_checked(whole * images.sample) else { return };
            let y = core::mem::take(&mut self.y).split_at_mut_checked(whole * self.of_outputs());
            let Some((y, rest_of_y)) = y else { return };
            let sums = Correlate { x, y, scratch: &mut *self.scratch, ..self };
            simd.call(SmallPlanes { sums, rows, is_swapped });
            (self.x, self.y) = (rest, rest_of_y);
        }
        if !self.x.is_empty() {
            simd.call(OneByOne(self));
        }
    }
}

/// The same, one sample at a time.
struct OneByOne<'a, 'b, S>(Correlate<'a, 'b, S>);

impl<S: Scalar> Operation for OneByOne<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let of_outputs = self.0.of_outputs();
        let Correlate { mut channels, w, bias, x, y, strides: (plane, width), is_rectified, scratch } = self.0;
        channels.images = channels.images.sparse_rows();
        let Channels { images, inputs, outputs, .. } = channels;
        let lanes = lanes::<V, S>();
        let Some((mut split, is_swapped)) = channels.larger_split(scratch) else { return };
        let Rooms { inputs: room, sums, weights: laid_weights } = scratch.rooms();
        let (room, sums) = if is_swapped { (sums, room) } else { (room, sums) };
        // Blocks of nearly the same size.
        split.rows = even(images.rows.count, split.rows);
        let samples = x.len() / images.sample.max(1);
        let mut offsets = [0; DEPTH];
        channels.offsets(lanes, &mut offsets);
        let offsets = offsets.get(..images.taps()).unwrap_or_default();
        for (first, count) in Channels::vectors(channels.count(), lanes) {
            let depth = images.taps();
            channels.lay_weights(w, (first, count), lanes, laid_weights);
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
                            let (apart, to) = (inputs * images.plane(), Laid { numbers: room, pitch: lanes });
                            simd.call(Lay { channels: &channels, x: from, apart, count, block: &block, to });
                        }
                        let pair = input * outputs + output;
                        let weights = laid_weights.get(pair * depth * lanes..).unwrap_or_default();
                        let start = if input == 0 { Some(&starts) } else { None };
                        let tiles = Tiles::of::<V>(&images, &block, (&*room, offsets));
                        let is_rectified = is_rectified && input + 1 == inputs;
                        simd.call(Sums { tiles, weights, start, is_rectified, y: sums });
                    }
                    let at = sample * of_outputs + (first * outputs + output) * plane;
                    let y = y.get_mut(at..).unwrap_or_default();
                    Runs::new(&images, &block, width).store(
                        simd,
                        (&*sums, lanes),
                        count,
                        (y, outputs * plane),
                        Start::Zero,
                    );
                }
            }
        }
    }
}

/// The sums of a block, with all registers to itself.
struct Sums<'a, 'b, S> {
    tiles: Tiles<'a, S>,
    weights: &'a [S],
    start: Option<&'a [S; LANES]>,
    is_rectified: bool,
    y: &'b mut [S],
}

impl<S: Scalar> Operation for Sums<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        self.tiles.correlate(simd, self.weights, self.start, self.is_rectified, self.y);
    }
}
