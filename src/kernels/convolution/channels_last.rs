//! Convolutions of batches that lie channels last, `[position][channel]`, in inference between two layers.
//!
//! | convolution | inputs | outputs | sums are |
//! |---|---|---|---|
//! | depthwise | last | last | `y[p][c] = b[c] + Σ w[t][c] · x[p's tap t][c]`, in vectors of channels: nothing is copied, and taps on padding are left out |
//! | 1 × 1, with a stride of 1 | first or last | last | a product of positions and filters |
//! | any other | first | last | those over [filters](super::filters), which aren't transposed |
//!
//! Each sum is the same chain as channels first: over channels, and in each over taps. So the format doesn't change a bit, as long
//! as numbers are finite.

mod lanewise;

use self::lanewise::Lanewise;
use super::blocks::{DEPTH, PLACES, Places, Stored};
use super::{Convolution, Rooms, Scratch};
#[cfg(feature = "simd")]
use crate::channels_last::Support;
use crate::channels_last::{ChannelsLast, Formats};
use crate::chunks::Chunks;
use crate::kernels::product::{Origin, Place, Product, Row};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Operation, Simd, Vector};
use crate::scalar::Scalar;
use crate::window::quotient;

/// Channels of a filter that are multiplied at a time.
const CHANNELS: usize = 256;

impl Convolution {
    /// What it can read and write with vectors, if it has that many groups. Channels that leave lanes idle stay first.
    #[cfg(feature = "simd")]
    pub(crate) const fn formats(&self, groups: usize) -> Formats {
        const ROOM: usize = super::INPUTS - LANES;
        let (rows, columns, taps) = (self.plane.rows.window, self.plane.columns.window, self.plane.taps());
        let written = self.filters * groups;
        if !written.is_multiple_of(LANES) || !self.has_few_taps() || taps == 0 || taps > DEPTH {
            return Formats::FIRST;
        }
        match (self.seen, self.filters, groups) {
            (1, 1, 2..) => Formats::SAME,
            (_, _, 2..) => Formats::FIRST,
            _ if self.is_pointwise() => Formats { input: Support::Both, output: Support::Always },
            _ if rows.span() * columns.span() <= ROOM && written <= super::PATCHES => {
                Formats { input: Support::Never, output: Support::Always }
            }
            _ => Formats::FIRST,
        }
    }

    #[cfg(not(feature = "simd"))]
    pub(crate) const fn formats(&self, _: usize) -> Formats {
        Formats::FIRST
    }
}

/// `y = b + w ∗ x`, for a batch, of which at least y lies channels last; an empty bias counts as none. The convolution is depthwise,
/// or one of 1 × 1.
pub(super) struct Forward<'a, 'b, S> {
    pub(super) convolution: Convolution,
    pub(super) weights: (&'a [S], &'a [S]),
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    /// Whether the larger of 0 and a sum is stored.
    pub(super) is_rectified: bool,
    pub(super) format: ChannelsLast,
    pub(super) scratch: &'a mut Scratch<'b, S>,
}

impl<S: Scalar> Operation for Forward<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        if self.convolution.is_pointwise() && self.convolution.filters > 1 {
            self.product(simd)
        } else {
            self.depthwise(simd)
        }
    }
}

/// How many of `count` rows of weights with `numbers` numbers fit into the scratch, in whole vectors.
#[inline(always)]
fn panel(room: usize, numbers: usize, count: usize) -> usize {
    let fit = quotient(room, numbers.max(1));
    (fit - fit % LANES).min(count)
}

impl<S: Scalar> Forward<'_, '_, S> {
    /// Of 1 × 1: the weights are transposed, as many as there is room for, and multiplied by all positions of the batch.
    #[inline(always)]
    fn product<V: Simd>(self, simd: V) {
        let Self { convolution, weights: (w, bias), x, y, is_rectified, format, scratch } = self;
        let Rooms { weights: room, .. } = scratch.rooms();
        let Convolution { plane, seen, filters } = convolution;
        let outputs = plane.outputs();
        // A batch whose channels lie last is a matrix of all of its positions.
        let (rows, strides) = if format.input { (quotient(x.len(), seen), (seen, 1)) } else { (outputs, (1, outputs)) };
        for from in (0..seen).step_by(CHANNELS) {
            let depth = CHANNELS.min(seen - from);
            let pitch = panel(room.len(), depth, filters);
            for first in (0..filters).step_by(pitch.max(1)) {
                let count = pitch.min(filters - first);
                let w = w.get(first * seen + from..).unwrap_or_default();
                transpose(simd, (w, seen), (count, depth), (&mut *room, pitch));
                let start = match from {
                    0 => Origin::Row(bias.get(first..).unwrap_or_default()),
                    _ => Origin::Sum,
                };
                for (x, y) in x.blocks(rows * seen).zip(y.blocks_mut(rows * filters)) {
                    let (x, y) = (x.get(from * strides.1..), y.get_mut(first..));
                    let (a, c) = ((x.unwrap_or_default(), strides), y.unwrap_or_default());
                    let (size, pitches) = ((rows, depth, count), (pitch, filters));
                    let product = Product::new(size, a, &*room, c, pitches, start);
                    let is_rectified = is_rectified && from + depth == seen;
                    S::Vector::<V>::product(simd, Product { is_rectified, ..product });
                }
            }
        }
    }

    /// Depthwise: the sums that read the same taps are computed together.
    #[inline(always)]
    fn depthwise<V: Simd>(self, simd: V) {
        let Self { convolution, weights: (w, bias), x, y, is_rectified, scratch, .. } = self;
        let Rooms { weights: room, .. } = scratch.rooms();
        let (plane, taps) = (&convolution.plane, convolution.plane.taps());
        let channels = quotient(w.len(), taps);
        let images = convolution.inputs(w).sparse();
        let samples = quotient(x.len(), images.sample);
        let Some(split) = images.split(samples, PLACES, 0, (taps, DEPTH)) else { return };
        let row = plane.columns.input * channels;
        let places = Places { sample: images.sample, channel: 1, row, column: channels, part: 0 };
        let row = plane.columns.output * channels;
        let stored = Stored { sample: plane.outputs() * channels, row, column: channels };
        let (mut starts, mut inner) = ([Row::default(); PLACES], [Place::default(); DEPTH]);
        let pitch = panel(room.len(), taps, channels);
        for first in (0..channels).step_by(pitch.max(1)) {
            let count = pitch.min(channels - first);
            let w = w.get(first * taps..).unwrap_or_default();
            transpose(simd, (w, taps), (count, taps), (&mut *room, pitch));
            let start = bias.get(first..).unwrap_or_default();
            for block in images.blocks(samples, split) {
                // What the block reads, without the padding.
                let above = images.rows.read(&block.rows).start.saturating_sub(images.rows.before);
                let left = images.columns.read(&block.columns).start.saturating_sub(images.columns.before);
                let at = block.samples.start * images.sample + above * places.row + left * channels + first;
                let x = x.get(at..).unwrap_or_default();
                let (row, column) = (block.rows.start * stored.row, block.columns.start * stored.column);
                let y = y.get_mut(block.samples.start * stored.sample + row + column + first..).unwrap_or_default();
                images.for_each_stretch(&block, |down, along| {
                    let sums = images.starts(&block, places, (down, along), stored, &mut starts);
                    let mut depth = 0;
                    images.for_each_tap(places, 1, (down, along), |place, _, [(_, down), (_, right)]| {
                        if let Some(inner) = inner.get_mut(depth) {
                            let tap = down * plane.columns.window.kernel + right;
                            *inner = Place { a: place as u32, b: (tap * pitch) as u32 };
                        }
                        depth += 1;
                    });
                    let (rows, inner) = (starts.get(..sums), inner.get(..depth));
                    let (rows, inner) = (rows.unwrap_or_default(), inner.unwrap_or_default());
                    let (a, b, c) = (x, &*room, &mut *y);
                    Lanewise { columns: count, a, rows, inner, b, c, start, is_rectified }.run(simd);
                });
            }
        }
    }
}
