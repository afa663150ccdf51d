//! The gradient of the weights of few filters for few channels, over vectors of positions.
//!
//! `dw[f, c, t] += Σ g[f][p] · x[p's tap t in c]`: what a tap reads for neighbouring positions is a piece of a row of the image, or of
//! a [dense](crate::kernels::convolution::blocks) copy for each column of taps, of which all positions are one piece: then the gradients
//! are read where they lie. Where several copies would cost more, on wide planes, and with large strides, both are laid out with zeros
//! in between. No lane is left out of a product, and the sums of some filters and some taps stay in registers: each vector is read once
//! for all of them.
//!
//! Lanes run over the terms of a sum. So there are [`LANES`] chains, whatever the width of a vector, of which each is one over
//! the positions of a block; the sums of blocks are added, and in the end the chains.

mod tiles;

use self::tiles::{Position, Run, Tap, Tiles};
use super::Images;
use crate::chunks::Chunks;
use crate::kernels::assert_in_tests;
use crate::kernels::convolution::blocks::{Block, DEPTH, Split};
use crate::kernels::convolution::correlation::WeightGradient;
use crate::kernels::convolution::{Rooms, Scratch};
use crate::kernels::lane_sums::total_each;
use crate::kernels::vector::{LANES, Simd, Vector, lanes, splat};
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::{ceil_div, cut, even, quotient};

/// The most vectors of positions in a block: what a tile reads of their gradients and of inputs is to stay in the first-level cache.
const VECTORS: usize = 96;
/// The most filters at a time if gradients are copied.
const FILTERS: usize = 8;
/// The fewest taps of channels at a time, if there are as many: those of some tiles.
const TAPS: usize = 12;

/// How a gradient is computed: of which images, some filters at a time.
#[derive(Clone, Copy)]
struct Division {
    /// Dense, or with zeros between rows.
    images: Images,
    blocks: Split,
    filters: usize,
}

impl Division {
    /// The one for some filters that is estimated to cost less, if there is any, and its cost for a sample, in multiplications of
    /// vectors.
    #[inline(always)]
    fn cheapest<S>(images: &Images, filters: usize, scratch: &Scratch<'_, S>) -> Option<(Self, usize)> {
        // Of a batch that fills blocks.
        let in_parts = Self::in_parts(images, VECTORS, filters, scratch).map(|it| (it, it.work(filters)));
        let dense = if images.can_be_dense() { Self::dense(images, VECTORS, filters, scratch) } else { None };
        let dense = dense.map(|it| (it, it.work(filters)));
        dense.into_iter().chain(in_parts).min_by_key(|&(_, work)| work)
    }

    /// The same for a number of samples.
    #[inline(always)]
    fn of<S>(images: &Images, samples: usize, filters: usize, scratch: &Scratch<'_, S>) -> Option<Self> {
        let (cheapest, _) = Self::cheapest(images, filters, scratch)?;
        if cheapest.images.is_dense {
            Self::dense(images, samples, filters, scratch)
        } else {
            Self::in_parts(images, samples, filters, scratch)
        }
    }

    /// Of dense images, which lie where gradients do in other forms. Gradients are read in place.
    #[inline(always)]
    fn dense<S>(images: &Images, samples: usize, filters: usize, scratch: &Scratch<'_, S>) -> Option<Self> {
        let (inputs, room, weights) = scratch.sizes();
        let (images, taps, totals) = (images.dense(), images.taps(), quotient(weights, LANES));
        let channels = ceil_div(TAPS, taps.max(1)).min(images.channels);
        let channels = if channels * taps > totals { 1 } else { channels };
        let filters = even(filters, quotient(totals, channels * taps));
        let mut blocks = images.split(samples, VECTORS * LANES, room, (taps, channels * taps))?;
        let vectors = ceil_div(blocks.rows * blocks.columns, LANES);
        let ends = quotient(inputs, filters * LANES);
        blocks.samples = blocks.samples.min(quotient(VECTORS, vectors)).min(ends);
        (filters > 0 && blocks.samples > 0 && blocks.columns == images.columns.count).then_some(Self {
            images,
            blocks,
            filters,
        })
    }

    /// Of images with zeros between rows, and gradients that are copied with such zeros.
    #[inline(always)]
    fn in_parts<S>(images: &Images, samples: usize, filters: usize, scratch: &Scratch<'_, S>) -> Option<Self> {
        let (inputs, sums, weights) = scratch.sizes();
        let (images, taps) = (images.in_parts(), images.taps());
        let filters = filters.min(FILTERS).min(quotient(weights, LANES * taps));
        if filters == 0 || taps > DEPTH {
            return None;
        }
        // Of positions in lines of whole vectors, as many as there is room for.
        let (most, columns) = (quotient(sums, filters).min(VECTORS * LANES), images.columns.count);
        let line = if is_together(&images) { images.columns.seen(columns) } else { columns }.next_multiple_of(LANES);
        let places = if line <= most { quotient(most, line) * columns } else { most - LANES };
        let depth = quotient(weights, LANES * filters);
        let blocks = images.split(samples, places, inputs, (taps, depth))?;
        Some(Self { images, blocks, filters })
    }

    /// What the gradient of a sample costs, in multiplications of vectors.
    fn work(&self, filters: usize) -> usize {
        let Self { images, blocks, .. } = self;
        let parts = ceil_div(filters, self.filters);
        let products = images.taps() * images.channels * filters;
        let copies = images.copies(images.rows.count, LANES) * parts;
        // Pieces of rows may cross the ends of cache lines, and images are copied for each few filters.
        let multiplied = |vectors: usize| products * vectors + products * vectors / 2;
        if !images.is_dense {
            // Gradients are copied for each few channels.
            let vectors = images.vectors(images.rows.count, LANES).0;
            let gradients = 8 * filters * vectors * ceil_div(images.channels, blocks.channels);
            return multiplied(vectors) + gradients + copies;
        }
        // The sums of a block are added to others, and in the end those of lanes.
        let (lines, positions) = (ceil_div(images.rows.count, blocks.rows), blocks.rows * images.columns.count);
        let added = quotient(products * 4 * lines, blocks.samples) + products / 8;
        multiplied(lines * ceil_div(positions, LANES)) + added + copies
    }
}

/// Whether lines of whole vectors are of several rows with the numbers between them, and not of one, if images aren't dense.
#[inline(always)]
fn is_together(images: &Images) -> bool {
    images.vectors(images.rows.count, LANES).1
}

/// What the gradient of a sample costs, in multiplications of vectors, if there is room.
#[inline(always)]
pub(in crate::kernels::convolution) fn work<S>(
    images: &Images,
    filters: usize,
    scratch: &Scratch<'_, S>,
) -> Option<usize> {
    Division::cheapest(images, filters, scratch).map(|(_, work)| work)
}

/// What a pass over all positions computes: a group, the first of some filters and how many, and of some channels.
#[derive(Clone, Copy)]
struct Part {
    group: usize,
    filters: (usize, usize),
    channels: (usize, usize),
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    /// Adds them, over vectors of positions.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn over_positions<V: Simd>(mut self, simd: V) {
        let samples = self.x.len() / self.images.sample.max(1);
        let Some(division) = Division::of(&self.images, samples, self.filters, self.scratch) else { return };
        self.images = division.images;
        let (images, taps) = (self.images, self.images.taps());
        let mut offsets = [Tap::default(); DEPTH];
        for group in 0..images.groups() {
            for channels in cut(images.channels, division.blocks.channels) {
                for filters in cut(self.filters, division.filters) {
                    let part = Part {
                        group,
                        filters: (filters.start, filters.len()),
                        channels: (channels.start, channels.len()),
                    };
                    let numbers = filters.len() * channels.len() * taps * LANES;
                    let Some(totals) = self.scratch.rooms().weights.get_mut(..numbers) else { return };
                    totals.fill(S::ZERO);
                    for block in images.blocks(samples, division.blocks) {
                        let offsets = under_taps(&images, &block, channels.len(), &mut offsets);
                        if images.is_dense {
                            self.add_dense(simd, &block, part, offsets);
                        } else {
                            self.add_lines(simd, &block, part, offsets);
                        }
                    }
                    self.store_totals(simd, part);
                }
            }
        }
    }

    /// Where the gradients of a block begin, of the first filter of a part; and how far samples lie apart.
    #[inline(always)]
    fn gradients(&self, block: &Block, part: Part) -> (usize, usize) {
        let (groups, (plane, row)) = (self.images.groups(), self.outputs);
        let first = (block.samples.start * groups + part.group) * self.filters + part.filters.0;
        (first * plane + block.rows.start * row + block.columns.start, groups * self.filters * plane)
    }

    /// Adds the products of a block of dense images, whose gradients are read in place.
    #[inline(always)]
    fn add_dense<V: Simd>(&mut self, simd: V, block: &Block, part: Part, offsets: &[Tap]) {
        let (images, samples) = (self.images, block.samples.len());
        let places = images.places(block, part.channels.1);
        let channel = part.group * images.channels + part.channels.0;
        let (first, apart) = self.gradients(block, part);
        let biases = biases(self.bias, self.filters, part);
        let Rooms { inputs: ends, sums: x, weights } = self.scratch.rooms();
        images.numbers(simd, self.x, block, (channel, part.channels.1), x);
        // What the last vector reads behind the copy is multiplied by zeros.
        let end = images.columns.len() * places.part;
        x.get_mut(end..end + LANES).unwrap_or_default().fill(S::ZERO);
        let positions = block.rows.len() * block.columns.len();
        let (whole, rest) = (quotient(positions, LANES), positions % LANES);
        let (mut vectors, mut count) = ([Position::default(); VECTORS], 0);
        for sample in 0..samples {
            for index in 0..whole {
                if let Some(to) = vectors.get_mut(count) {
                    let at = index * LANES;
                    *to = Position { x: (sample * places.sample + at) as u32, g: (sample * apart + at) as u32 };
                }
                count += 1;
            }
        }
        let g = self.g.get(first..).unwrap_or_default();
        // Positions at the end of a sample that don't fill a vector are followed by zeros.
        let (mut last, mut of_ends) = ([Position::default(); VECTORS], 0);
        if rest > 0 {
            for (sample, to) in (0..samples).zip(&mut last) {
                let x = sample * places.sample + whole * LANES;
                *to = Position { x: x as u32, g: (sample * LANES) as u32 };
                of_ends += 1;
            }
            for filter in 0..part.filters.1 {
                for sample in 0..samples {
                    let at = sample * apart + filter * self.outputs.0 + whole * LANES;
                    let to = (filter * samples + sample) * LANES;
                    let g = g.get(at..).unwrap_or_default();
                    let end = LayLines { g, row: rest, width: rest, rows: 1, pitch: LANES, length: LANES };
                    end.to(simd, ends.get_mut(to..).unwrap_or_default());
                }
            }
        }
        simd.call(Tiles {
            x,
            runs: [
                Run { g, pitch: self.outputs.0, vectors: vectors.get(..count).unwrap_or_default() },
                Run { g: ends, pitch: samples * LANES, vectors: last.get(..of_ends).unwrap_or_default() },
            ],
            offsets,
            filters: part.filters.1,
            totals: weights,
            biases,
        });
    }

    /// Adds the products of a block whose gradients are copied to lines, with zeros where images have numbers between rows.
    #[inline(always)]
    fn add_lines<V: Simd>(&mut self, simd: V, block: &Block, part: Part, offsets: &[Tap]) {
        let (images, is_together) = (self.images, is_together(&self.images));
        let places = images.places(block, part.channels.1);
        let channel = part.group * images.channels + part.channels.0;
        let (first, apart) = self.gradients(block, part);
        let biases = biases(self.bias, self.filters, part);
        let Rooms { inputs, sums, weights } = self.scratch.rooms();
        images.numbers(simd, self.x, block, (channel, part.channels.1), inputs);
        let end = block.samples.len() * places.sample;
        inputs.get_mut(end..end + LANES).unwrap_or_default().fill(S::ZERO);
        let (rows, width) = (block.rows.len(), block.columns.len());
        // Lines of a sample, the positions of each, and from the first position of a row to that of the next.
        let (lines, columns, pitch) = if is_together {
            let pitch = images.columns.seen(width);
            (1, rows.saturating_sub(1) * pitch + width, pitch)
        } else {
            (rows, width, width.next_multiple_of(LANES))
        };
        let whole = columns.next_multiple_of(LANES);
        let (mut vectors, mut count) = ([Position::default(); VECTORS], 0);
        for sample in 0..block.samples.len() {
            for line in 0..lines {
                let start = sample * places.sample + line * images.rows.step * places.row;
                for at in (0..whole).step_by(LANES) {
                    if let Some(to) = vectors.get_mut(count) {
                        *to = Position { x: (start + at) as u32, g: (count * LANES) as u32 };
                    }
                    count += 1;
                }
            }
        }
        let mut to = 0;
        for filter in 0..part.filters.1 {
            for sample in 0..block.samples.len() {
                let g = self.g.get(first + sample * apart + filter * self.outputs.0..).unwrap_or_default();
                let lay = LayLines { g, row: self.outputs.1, width, rows, pitch, length: lines * whole };
                lay.to(simd, sums.get_mut(to..).unwrap_or_default());
                to += lines * whole;
            }
        }
        let vectors = vectors.get(..count).unwrap_or_default();
        simd.call(Tiles {
            x: inputs,
            runs: [Run { g: sums, pitch: count * LANES, vectors }, Run { g: &[], pitch: 0, vectors: &[] }],
            offsets,
            filters: part.filters.1,
            totals: weights,
            biases,
        });
    }

    /// Adds the sums of a part's chains to the gradient.
    #[inline(always)]
    fn store_totals<V: Simd>(&mut self, simd: V, Part { group, filters, channels }: Part) {
        let (images, (width, window)) = (self.images, self.window);
        let taps = images.taps();
        let depth = channels.1 * taps;
        let mut totals = &*self.scratch.rooms().weights;
        for filter in 0..filters.1 {
            let at = ((group * self.filters + filters.0 + filter) * images.channels + channels.0) * window;
            let Some(dw) = self.dw.get_mut(at..at + channels.1 * window) else { return };
            if taps == window {
                total_each(simd, totals, dw);
            } else {
                let mut sums = [S::ZERO; DEPTH];
                total_each(simd, totals, first_mut(&mut sums, depth));
                for (sums, dw) in sums.blocks(taps).zip(dw.blocks_mut(window)) {
                    for (&sum, tap) in sums.iter().zip(images.tap_numbers(width)) {
                        dw.get_mut(tap).into_iter().for_each(|dw| *dw += sum);
                    }
                }
            }
            totals = totals.get(depth * LANES..).unwrap_or_default();
        }
    }
}

/// The gradients of the biases of a part's filters, if it has the first channels; those of the other parts are the same.
#[inline(always)]
fn biases<S>(all: &mut [S], filters: usize, part: Part) -> &mut [S] {
    let first = part.group * filters + part.filters.0;
    let some = if part.channels.0 == 0 { all.get_mut(first..first + part.filters.1) } else { None };
    some.unwrap_or_default()
}

/// Rows of gradients, `pitch` apart, with zeros in between and up to a length of whole vectors.
struct LayLines<'a, S> {
    g: &'a [S],
    row: usize,
    width: usize,
    rows: usize,
    pitch: usize,
    length: usize,
}

impl<S: Scalar> LayLines<'_, S> {
    #[inline(always)]
    fn to<V: Simd>(&self, simd: V, to: &mut [S]) {
        let (lanes, zero) = (lanes::<V, S>(), splat::<V, S>(simd, S::ZERO));
        // Rows without zeros between them are one.
        let is_one = self.pitch == self.width && self.row == self.width;
        let (rows, width) = if is_one { (1, self.rows * self.width) } else { (self.rows, self.width) };
        let last = rows.saturating_sub(1);
        let fits = last * self.row + width <= self.g.len() && last * self.pitch + width <= self.length;
        assert_in_tests!(fits && self.length <= to.len(), "gradients don't fit");
        if !fits || self.length > to.len() {
            return;
        }
        for row in 0..rows {
            let end = if row == last { self.length } else { (row + 1) * self.pitch };
            let (mut at, mut from) = (row * self.pitch, row * self.row);
            let stop = from + width;
            // SAFETY: no more is read than the row has; what is written behind the row is overwritten by the next, and
            // nothing is written behind the length.
            unsafe {
                while at < end {
                    let vector = if from + lanes <= stop {
                        S::Vector::<V>::load(simd, self.g.as_ptr().add(from))
                    } else if from < stop {
                        S::Vector::<V>::load_masked(simd, self.g.as_ptr().add(from), stop - from)
                    } else {
                        zero
                    };
                    if at + lanes <= self.length {
                        vector.store(to.as_mut_ptr().add(at));
                    } else {
                        vector.store_masked(to.as_mut_ptr().add(at), self.length - at);
                    }
                    (at, from) = (at + lanes, from + lanes);
                }
            }
        }
    }
}

/// The taps of some channels, in an order in which neighbours lie close to each other: those of a column, of which there may be a copy.
#[inline(always)]
fn under_taps<'a>(images: &Images, block: &Block, channels: usize, to: &'a mut [Tap; DEPTH]) -> &'a [Tap] {
    let places = images.places(block, channels);
    let (rows, columns) = (images.rows.len(), images.columns.len());
    let all = (&images.rows.whole(0..images.rows.count), &images.columns.whole(0..images.columns.count));
    let mut total = 0;
    images.for_each_tap(places, channels, all, |place, channel, [(down, _), (right, _)]| {
        if let Some(to) = to.get_mut((channel * columns + right) * rows + down) {
            *to = Tap { x: place as u32, total };
        }
        total += 1;
    });
    to.get(..channels * rows * columns).unwrap_or_default()
}
