//! Convolutions whose vectors are over the samples of a batch.
//!
//! The samples of a vector are interleaved: `[channel][row][column][sample]`. Then a convolution is that of a single image whose
//! numbers are vectors: `y[f][p] = b[f] + Σ w[f][c, t] · x[c][p's tap t]`, with weights broadcast from where they lie. No lane is idle,
//! whatever the number of filters, the plane or the stride, and taps on padding are left out along both axes; inputs and sums are transposed.
//! The sums of a block are several [products](Scattered), each of the positions that read the same taps.
//!
//! Each sum is one chain: over channels, and in each over the taps in the order of what they read.

use super::Scratch;
use super::blocks::{Block, DEPTH, Images, Places};
use super::correlation::{Correlation, Weights};
use super::track::Stretch;
use crate::kernels::product::{Origin, Place, Repeats, Row, Scattered};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::{ceil_div, quotient};

/// The most filters at a time.
const FILTERS: usize = 64;
/// Windows of fewer taps have several channels in a table.
const TAPS: usize = 16;

/// How sums are split: some rows of all columns, for some filters, over some channels at a time.
#[derive(Clone, Copy)]
pub(super) struct Split {
    rows: usize,
    filters: usize,
    channels: usize,
}

/// The split for a number of filters, with room for as many vectors of inputs and of sums.
fn split(images: &Images, filters: usize, (inputs, sums): (usize, usize)) -> Option<Split> {
    let Images { rows, columns, channels, .. } = images;
    let taps = images.taps();
    if taps == 0 || taps > DEPTH || images.sums() == 0 || filters == 0 {
        return None;
    }
    let fits = |count: usize, filters: usize, channels: usize| {
        rows.seen(count) * columns.input * channels <= inputs && count * columns.count * filters <= sums
    };
    // Inputs are transposed for each block of filters, and sums are stored for each part of the channels.
    let (few_filters, few_channels) = (filters.min(8), (*channels).min(4));
    let count = (1..=rows.count).rev().find(|&count| fits(count, few_filters, few_channels));
    let count = count.or_else(|| fits(1, 1, 1).then_some(1))?;
    let even = |all: usize, most: usize| ceil_div(all, ceil_div(all, most.clamp(1, all.max(1))));
    Some(Split {
        rows: even(rows.count, count),
        filters: even(filters, quotient(sums, count * columns.count).min(FILTERS)),
        channels: even(*channels, quotient(inputs, (rows.seen(count) * columns.input).max(1))),
    })
}

/// The split that there is room for in a scratch.
fn split_in<V: Simd, S: Scalar>(images: &Images, filters: usize, scratch: &Scratch<'_, S>) -> Option<Split> {
    let lanes = lanes::<V, S>();
    split(images, filters, (scratch.inputs.len() / lanes, scratch.sums.len() / lanes))
}

/// What a product of some rows with some vectors costs, in multiplications, and how many tiles it has.
fn product(rows: usize, vectors: usize) -> (usize, usize) {
    // As many sums as a processor needs to start two multiplications in each cycle; it loads two numbers meanwhile.
    let cost = |rows: usize, vectors: usize| (rows * vectors).max(rows + vectors + 1).max(8);
    let of_tile = |rows: usize| {
        let most = match rows {
            0..=2 => 4,
            3..=6 => 24 / rows.next_multiple_of(2),
            _ => 2,
        };
        let (whole, rest) = (quotient(vectors, most), vectors % most);
        (whole * cost(rows, most) + if rest > 0 { cost(rows, rest) } else { 0 }, whole + usize::from(rest > 0))
    };
    let most = if vectors == 1 { 12 } else { 8 };
    let (whole, rest) = (quotient(rows, most), rows % most);
    let ((each, tiles), (last, more)) = (of_tile(most), if rest > 0 { of_tile(rest) } else { (0, 0) });
    (whole * each + last, whole * tiles + more)
}

/// What the sums of a sample cost in multiplications of vectors of `lanes`, if there are as many samples and there is room.
pub(super) fn work<V: Simd, S: Scalar>(images: &Images, filters: usize, scratch: &Scratch<'_, S>) -> Option<usize> {
    let images = &images.sparse();
    let Split { rows, filters: together, channels } = split_in::<V, S>(images, filters, scratch)?;
    let Images { rows: down, columns: along, .. } = images;
    let (blocks, parts) = (ceil_div(filters, together), ceil_div(images.channels, channels));
    let (mut work, mut read) = (0, 0);
    for first in (0..down.count).step_by(rows) {
        let block = first..down.count.min(first + rows);
        read += down.read(&block).len() * along.input;
        for down in down.stretches(block) {
            for along in along.stretches(0..along.count) {
                let (lines, vectors) = lines(images, (&down, &along));
                let taps = down.taps.len() * along.taps.len() * images.channels;
                let (product, tiles) = product(together, vectors);
                let tables = 6 * taps.min(DEPTH) + 40 * tiles + 4 * vectors * together * parts;
                work += blocks * lines * (taps * product + tables);
            }
        }
    }
    // Transposing a vector takes as long as 14 multiplications, and as 50 if its numbers are stored apart.
    let apart = if along.apart == 1 { 14 } else { 50 };
    let transposed = blocks * read * images.channels * 14 + images.sums() * filters * apart;
    Some(ceil_div(work + transposed, lanes::<V, S>()))
}

/// How many products the positions of some stretches are, and of how many positions each.
fn lines(images: &Images, (down, along): (&Stretch, &Stretch)) -> (usize, usize) {
    let (rows, columns) = (down.sums.len(), along.sums.len());
    if images.columns.step == 1 { (1, rows * columns) } else { (rows, columns) }
}

impl<S: Scalar> Correlation<'_, '_, S> {
    /// Computes it over vectors of samples, of which there are as many as fill vectors.
    #[inline(always)]
    pub(super) fn over_samples<V: Simd>(mut self, simd: V) {
        self.images = self.images.sparse();
        let (images, lanes) = (self.images, lanes::<V, S>());
        let Some(split) = split_in::<V, S>(&images, self.filters, self.scratch) else { return };
        let samples = self.x.len() / images.sample.max(1);
        let cut =
            |all: usize, part: usize| (0..all).step_by(part.max(1)).map(move |first| first..all.min(first + part));
        for samples in cut(samples / lanes * lanes, lanes) {
            for group in 0..images.groups() {
                for rows in cut(images.rows.count, split.rows) {
                    let block = Block { samples: samples.clone(), rows, columns: 0..images.columns.count };
                    for filters in cut(self.filters, split.filters) {
                        self.over_samples_of_block(simd, &block, group, (filters.start, filters.len()), split.channels);
                    }
                }
            }
        }
    }

    /// The sums of a block for some filters of a group.
    #[inline(always)]
    fn over_samples_of_block<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        group: usize,
        (from, filters): (usize, usize),
        most: usize,
    ) {
        let (images, lanes) = (self.images, lanes::<V, S>());
        let Weights { all, group: apart, filter, channel, row, .. } = self.weights;
        // The numbers of a vector of samples, one after the other.
        let read = images.rows.read(&block.rows);
        let (above, width) = (read.start - images.rows.before, images.columns.input);
        let plane = read.len() * width;
        let places = Places { sample: 0, channel: plane * lanes, row: width * lanes, column: lanes, part: 0 };
        let sums = block.rows.len() * block.columns.len();
        let mut rows = [Row::default(); FILTERS];
        for (index, to) in rows.iter_mut().enumerate().take(filters) {
            *to = Row { a: (index * filter) as u32, c: (index * sums * lanes) as u32 };
        }
        for first in (0..images.channels).step_by(most.max(1)) {
            let count = most.min(images.channels - first);
            let at = block.samples.start * images.sample + (group * images.channels + first) * images.plane();
            let x = self.x.get(at..).unwrap_or_default();
            // The rows of a channel, or all of them.
            let (runs, run) = if plane == images.plane() { (1, count * plane) } else { (count, plane) };
            for index in 0..runs {
                let from = x.get(index * images.plane() + above * width..).unwrap_or_default();
                let to = self.scratch.inputs.get_mut(index * plane * lanes..).unwrap_or_default();
                transpose(simd, (from, images.sample), (lanes, run), (to, lanes), 1, false);
            }
            let a = all.get(group * apart + from * filter + first * channel..).unwrap_or_default();
            let bias = self.bias.get(group * self.filters + from..).unwrap_or_default();
            let start = if first == 0 { Origin::Column(bias) } else { Origin::Sum };
            images.for_each_stretch(block, |down, along| {
                let taps = down.taps.len() * along.taps.len();
                // Several channels share a table if their number is a multiple.
                let together = if taps >= TAPS {
                    1
                } else {
                    (1..=count.min(quotient(DEPTH, taps.max(1))))
                        .rev()
                        .find(|some| count.is_multiple_of(*some))
                        .unwrap_or(1)
                };
                let (mut inner, mut depth) = ([Place::default(); DEPTH], 0);
                images.for_each_tap(places, together, (down, along), |place, number, [(_, down), (_, right)]| {
                    if let Some(inner) = inner.get_mut(depth) {
                        *inner = Place { a: (number * channel + down * row + right) as u32, b: place as u32 };
                    }
                    depth += 1;
                });
                let repeats =
                    Repeats { count: quotient(count, together), a: together * channel, b: together * places.channel };
                let is_dense = images.columns.step == 1;
                let (products, lines, columns) = if is_dense {
                    (
                        1,
                        (down.sums.len(), images.rows.step * places.row, block.columns.len() * lanes),
                        along.sums.len() * lanes,
                    )
                } else {
                    (down.sums.len(), (along.sums.len(), images.columns.step * lanes, lanes), lanes)
                };
                for line in 0..products {
                    let b = (down.start + line * images.rows.step) * places.row + along.start * lanes;
                    let c = (down.sums.start - block.rows.start + line) * block.columns.len() + along.sums.start;
                    S::Vector::<V>::scattered(
                        simd,
                        Scattered {
                            columns,
                            a,
                            rows: rows.get(..filters).unwrap_or_default(),
                            inner: inner.get(..depth).unwrap_or_default(),
                            repeats,
                            b: self.scratch.inputs.get(b..).unwrap_or_default(),
                            c: self.scratch.sums.get_mut(c * lanes..).unwrap_or_default(),
                            lines,
                            start,
                            is_added: false,
                            is_rectified: self.is_rectified && first + count == images.channels,
                        },
                    );
                }
            });
        }
        self.store_samples(simd, block, (group * self.filters + from, filters));
    }

    /// Transposes the sums of a block into y, for some filters.
    #[inline(always)]
    fn store_samples<V: Simd>(&mut self, simd: V, block: &Block, (from, filters): (usize, usize)) {
        let (lanes, Images { rows, columns, .. }, strides) = (lanes::<V, S>(), self.images, self.strides);
        let (lines, width) = (block.rows.len(), block.columns.len());
        // Sums of whole rows lie one after the other, and so do those of whole planes.
        let is_dense = rows.apart == 1 && columns.apart == 1 && width == strides.row;
        let (lines, width) = if is_dense { (1, lines * width) } else { (lines, width) };
        let is_one = lines == 1 && width == strides.channel;
        let (filters, width) = if is_one { (1, filters * width) } else { (filters, width) };
        let mut sums = &*self.scratch.sums;
        for filter in 0..filters {
            for line in 0..lines {
                let at = block.samples.start * strides.sample
                    + (from + filter) * strides.channel
                    + (rows.first + rows.apart * (block.rows.start + line)) * strides.row
                    + columns.first;
                let y = self.y.get_mut(at..).unwrap_or_default();
                transpose(simd, (sums, lanes), (width, lanes), (y, strides.sample), columns.apart, false);
                sums = sums.get(width * lanes..).unwrap_or_default();
            }
        }
    }
}
