//! Convolutions whose vectors are over filters: for planes that are too narrow for vectors over positions.
//!
//! A sum is `y[p][f] = b[f] + Σ w[c, t][f] · x[p's tap t in c]`, for a vector of filters f: all lanes are in use, whatever the
//! width of rows, the stride or the padding. The sums of a block are a [product](Scattered) of its inputs, broadcast from
//! where they lie, and of weights, which are transposed for each block. Then they are transposed into y. Backward, channels
//! take the place of filters, and gradients that of inputs.
//!
//! Each sum is one chain: over channels, and in each over the taps in the order of what they read.

pub(super) mod gradient;

pub(super) use self::gradient::WeightGradient;
use super::Scratch;
use super::blocks::{Block, DEPTH, Images, PLACES, Split};
use super::correlation::{Correlation, Weights};
use crate::kernels::product::{Origin, Place, Scattered};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Simd, Vector, lanes};
use crate::scalar::Scalar;

/// Vectors of filters at a time.
const PANEL: usize = 2;

/// `filters`, with those that complete a vector of any width.
const fn padded(filters: usize) -> usize {
    filters.next_multiple_of(LANES)
}

/// The split for a number of filters and room for sums and for inputs.
#[inline(always)]
pub(super) fn split<S>(images: &Images, samples: usize, filters: usize, scratch: &Scratch<'_, S>) -> Option<Split> {
    let places = (scratch.sums.len() / padded(filters).max(1)).min(PLACES);
    images.split(samples, places, scratch.inputs.len(), scratch.weights.len() / (PANEL * LANES))
}

impl<S: Scalar> Correlation<'_, '_, S> {
    /// Computes it over vectors of filters.
    #[inline(always)]
    pub(super) fn over_filters<V: Simd>(mut self, simd: V) {
        let (samples, groups) = (self.x.len() / self.images.sample.max(1), self.images.groups());
        let Some(split) = split(&self.images, samples, self.filters, self.scratch) else { return };
        for block in self.images.blocks(samples, split) {
            for group in 0..groups {
                self.over_filters_of_block(simd, &block, group, split.channels);
            }
        }
    }

    /// The sums of a block in a group.
    #[inline(always)]
    fn over_filters_of_block<V: Simd>(&mut self, simd: V, block: &Block, group: usize, most: usize) {
        let Images { channels, .. } = self.images;
        let (pitch, panel) = (padded(self.filters), PANEL * lanes::<V, S>());
        let mut starts = [0; PLACES];
        let mut inner = [Place::default(); DEPTH];
        for first in (0..channels).step_by(most.max(1)) {
            let count = most.min(channels - first);
            let places = self.images.places(block, count);
            let sums = self.images.starts(block, places, &mut starts);
            let mut depth = 0;
            let Weights { row: width, .. } = self.weights;
            self.images.for_each_tap(places, count, |place, (channel, row, column)| {
                let tap = channel * self.images.window + row * width + column;
                if let Some(inner) = inner.get_mut(depth) {
                    *inner = Place { a: place as u32, b: (tap * panel) as u32 };
                }
                depth += 1;
            });
            let x = self.images.numbers(simd, self.x, block, (group * channels + first, count), self.scratch.inputs);
            for from in (0..self.filters).step_by(panel) {
                let filters = panel.min(self.filters - from);
                self.weights.lay(
                    simd,
                    &self.images,
                    (group, from, filters),
                    (first, count),
                    panel,
                    self.scratch.weights,
                );
                let bias = self.bias.get(group * self.filters + from..).unwrap_or_default();
                let start = if first == 0 { Origin::Row(bias) } else { Origin::Sum };
                S::Vector::<V>::scattered(
                    simd,
                    Scattered {
                        columns: filters,
                        a: x,
                        rows: starts.get(..sums).unwrap_or_default(),
                        inner: inner.get(..depth).unwrap_or_default(),
                        b: &*self.scratch.weights,
                        c: self.scratch.sums.get_mut(from..).unwrap_or_default(),
                        pitch,
                        lines: (1, 0, 0),
                        start,
                    },
                );
            }
        }
        self.store_transposed(simd, block, group, pitch);
    }

    /// Transposes the sums of a block into y.
    #[inline(always)]
    fn store_transposed<V: Simd>(&mut self, simd: V, block: &Block, group: usize, pitch: usize) {
        let (sample, channel, row) = self.strides;
        let Images { rows, columns, .. } = self.images;
        // Sums of whole rows lie one after the other.
        let is_dense = rows.apart == 1 && columns.apart == 1 && block.columns.len() == row;
        let (runs, run) = if is_dense { (1, block.rows.len() * row) } else { (block.rows.len(), block.columns.len()) };
        let mut sums = &*self.scratch.sums;
        for number in block.samples.clone() {
            for line in 0..runs {
                let first = (rows.first + rows.apart * (block.rows.start + line)) * row
                    + columns.first
                    + columns.apart * block.columns.start;
                let start = number * sample + group * self.filters * channel + first;
                let y = self.y.get_mut(start..).unwrap_or_default();
                let from = sums.get(..run * pitch).unwrap_or_default();
                if channel == 1 {
                    for (y, &sum) in y.iter_mut().zip(from).take(self.filters) {
                        *y = sum;
                    }
                } else {
                    transpose(simd, (from, pitch), (run, self.filters), (&mut *y, channel), columns.apart, false);
                }
                sums = sums.get(run * pitch..).unwrap_or_default();
            }
        }
    }
}
