//! Convolutions whose vectors are over the samples of a batch.
//!
//! The samples of a vector are interleaved: `[channel][row][column][sample]`. Then a convolution is that of a single image whose
//! numbers are vectors: `y[f][p] = b[f] + Σ w[f][c, t] · x[c][p's tap t]`, with weights broadcast from where they lie. No lane is idle,
//! whatever the number of filters, the plane or the stride, and taps on padding are left out along both axes; inputs and sums are transposed.
//! The sums of a block are several [products](Scattered), each of the positions that read the same taps; or, where taps lie on zeros at the
//! ends of lines, they are computed [in pairs](edges).
//!
//! Each sum is one chain: over channels, and in each over the taps in the order of what they read.

mod edges;

use core::ops::Range;

use self::edges::Edges;
use super::Scratch;
use super::blocks::{Block, DEPTH, Images, Runs};
use super::correlation::{Correlation, Weights};
use super::tables::Tables;
use super::track::{Stretch, Track};
use crate::chunks::Chunks;
use crate::kernels::assert_in_tests;
use crate::kernels::product::{Fours, Origin, Place, Row, Scattered, Start, scattered_work};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::{ceil_div, cut, even, quotient};

/// The most filters at a time.
const FILTERS: usize = 64;
/// Filters in the tiles of products.
const TILE: usize = 8;

/// How sums are split: some rows of all columns, for some filters, over some channels at a time.
#[derive(Clone, Copy)]
pub(super) struct Split {
    rows: usize,
    filters: usize,
    channels: usize,
    /// Vectors of the scratch for inputs; the others are for sums.
    inputs: usize,
}

impl Split {
    /// The split of all channels at a time, in room for as many vectors: the rows that a block and the next one read stay there.
    fn of_all_channels(images: &Images, filters: usize, room: usize) -> Option<Self> {
        let Images { rows, columns, channels, .. } = images;
        let inputs = |count: usize| rows.seen(count) * columns.input * channels;
        let few_filters = filters.min(TILE);
        let fits = |&count: &usize| inputs(count) + count * columns.count * few_filters <= room;
        let rows = even(rows.count, (1..=rows.count).rev().find(fits)?);
        let inputs = inputs(rows);
        let most = quotient(room - inputs, rows * columns.count).min(FILTERS);
        Some(Self { rows, filters: at_a_time(filters, most), channels: *channels, inputs })
    }

    /// The split of some channels at a time, with room for as many vectors of inputs and of sums.
    fn of_some_channels(images: &Images, filters: usize, (inputs, sums): (usize, usize)) -> Option<Self> {
        let Images { rows, columns, channels, .. } = images;
        let fits = |count: usize, filters: usize, channels: usize| {
            rows.seen(count) * columns.input * channels <= inputs && count * columns.count * filters <= sums
        };
        // Inputs are transposed for each block of filters, and sums are stored for each part of the channels.
        let (few_filters, few_channels) = (filters.min(TILE), (*channels).min(4));
        let count = (1..=rows.count).rev().find(|&count| fits(count, few_filters, few_channels));
        let count = count.or_else(|| fits(1, 1, 1).then_some(1))?;
        Some(Self {
            rows: even(rows.count, count),
            filters: at_a_time(filters, quotient(sums, count * columns.count).min(FILTERS)),
            channels: even(*channels, quotient(inputs, (rows.seen(count) * columns.input).max(1))),
            inputs,
        })
    }

    /// The split for the room of a scratch that takes the least work; and the work for a sample, in multiplications of vectors.
    pub(super) fn cheapest<V: Simd, S: Scalar>(
        images: &Images,
        filters: usize,
        scratch: &Scratch<'_, S>,
    ) -> Option<(usize, Self)> {
        let images = images.sparse();
        let taps = images.taps();
        if taps == 0 || taps > DEPTH || images.sums() == 0 || filters == 0 {
            return None;
        }
        let room = scratch.numbers.len() / lanes::<V, S>();
        // Inputs take one, two or three quarters of the room, and sums the others.
        let of_some_channels = (1..4).filter_map(|quarters| {
            let inputs = room * quarters / 4;
            Self::of_some_channels(&images, filters, (inputs, room - inputs))
        });
        let mut least: Option<(usize, Self)> = None;
        for split in Self::of_all_channels(&images, filters, room).into_iter().chain(of_some_channels) {
            let work = split.work(&images, filters);
            if least.is_none_or(|(least, _)| work < least) {
                least = Some((work, split));
            }
            // All at once: no other split is better.
            if (split.rows, split.filters, split.channels) == (images.rows.count, filters, images.channels) {
                break;
            }
        }
        let (work, split) = least?;
        Some((ceil_div(work, lanes::<V, S>()), split))
    }

    /// What the sums of a vector of samples cost, in multiplications of vectors.
    fn work(&self, images: &Images, filters: usize) -> usize {
        let Images { rows, columns, channels, .. } = images;
        let (blocks, parts) = (ceil_div(filters, self.filters), ceil_div(*channels, self.channels));
        let has_edges = edges::suits(images, self.filters);
        // All filters see the same channels, which are transposed again if others were in between.
        let times = if parts == 1 { 1 } else { blocks };
        let (mut work, mut before) = (0, 0..0);
        for block in cut(rows.count, self.rows) {
            work += times * work_of_reading(images, &block, &before) + work_of_storing(images, &block, filters);
            if parts == 1 {
                before = block.clone();
            }
            // A block takes some time of its own.
            work += 850 * blocks * parts;
            if has_edges {
                let (products, tiles) = edges::work(images, self.filters, &block);
                work += blocks * (channels * products + parts * tiles);
                continue;
            }
            for down in rows.stretches(block) {
                for along in columns.stretches(0..columns.count) {
                    let (lines, vectors) = lines(images, (&down, &along));
                    let (product, tiles) = scattered_work(self.filters, vectors);
                    let taps = down.taps.len() * along.taps.len();
                    let listed = Tables::len(self.channels, (down.taps.len(), along.taps.len()));
                    // For each part of the products: the call, a tile, and a vector of sums.
                    let part = 110 + 54 * tiles + 5 * self.filters * vectors / 2;
                    work += blocks * (lines * (taps * channels * product + parts * part) + parts * 11 * listed);
                }
            }
        }
        work
    }
}

/// What a transposition takes beside its vectors, in multiplications of vectors.
const CALL: usize = 100;

/// What it costs to transpose what a block of rows reads, and to move what the sums of the rows `before` it have read, too.
fn work_of_reading(images: &Images, block: &Range<usize>, before: &Range<usize>) -> usize {
    let Images { rows, columns, channels, .. } = images;
    let (mut missing, mut runs) = (0, 0);
    for run in rows.missing(block, before) {
        (missing, runs) = (missing + run.len(), runs + 1);
    }
    // Moving a vector takes as long as 2 multiplications, and transposing it as 10, with four of them at least.
    let kept = rows.kept(block, before).len();
    let moved = if kept == 0 { 0 } else { CALL + 2 * kept * columns.input };
    // Whole planes are transposed together.
    let laid =
        if missing == rows.input { 12 * images.plane() } else { 10 * missing * columns.input + (CALL + 20) * runs };
    channels * (laid + moved)
}

/// What it costs to transpose the sums of a block of rows.
fn work_of_storing(images: &Images, block: &Range<usize>, filters: usize) -> usize {
    let Images { rows, columns, .. } = images;
    let sums = block.len() * columns.count;
    if columns.apart != 1 {
        return 80 * sums * filters;
    }
    // Whole planes are transposed together, and parts of them in whole squares.
    let of_filter = if block.len() == rows.count { 15 * sums } else { CALL + 13 * sums.next_multiple_of(LANES) };
    filters * of_filter
}

/// How many of some filters are computed at a time, at most `most`: as many each time, or whole tiles, if these are fewer.
fn at_a_time(filters: usize, most: usize) -> usize {
    let (as_many, whole) = (even(filters, most), quotient(most, TILE) * TILE);
    let tiles = |some: usize| ceil_div(filters, some) * ceil_div(some, TILE);
    if whole > 0 && most < filters && tiles(whole) < tiles(as_many) { whole } else { as_many }
}

/// How many products the positions of some stretches are, and of how many positions each.
fn lines(images: &Images, (down, along): (&Stretch, &Stretch)) -> (usize, usize) {
    let (rows, columns) = (down.sums.len(), along.sums.len());
    if images.columns.step == 1 { (1, rows * columns) } else { (rows, columns) }
}

/// Sums over vectors of samples, of which there are as many as fill vectors.
pub(super) struct OverSamples<'a, 'b, S> {
    pub(super) sums: Correlation<'a, 'b, S>,
    pub(super) split: Split,
}

impl<S: Scalar> Operation for OverSamples<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { mut sums, split } = self;
        sums.images = sums.images.sparse();
        let (images, lanes) = (sums.images, lanes::<V, S>());
        let samples = sums.x.len() / images.sample.max(1);
        for samples in cut(samples / lanes * lanes, lanes) {
            for group in 0..images.groups() {
                let mut before = 0..0;
                for rows in cut(images.rows.count, split.rows) {
                    let block =
                        Block { samples: samples.clone(), rows: rows.clone(), columns: 0..images.columns.count };
                    for filters in cut(sums.filters, split.filters) {
                        let filters = (filters.start, filters.len());
                        sums.over_samples_of_block(simd, (&block, &before), group, filters, split);
                    }
                    if split.channels >= images.channels {
                        before = rows;
                    }
                }
            }
        }
    }
}

impl<S: Scalar> Correlation<'_, '_, S> {
    /// The sums of a block for some filters of a group. All channels of what the sums of the rows `before` it read lie in the scratch.
    #[inline(always)]
    fn over_samples_of_block<V: Simd>(
        &mut self,
        simd: V,
        (block, before): (&Block, &Range<usize>),
        group: usize,
        (from, filters): (usize, usize),
        split: Split,
    ) {
        let (images, lanes) = (self.images, lanes::<V, S>());
        let Weights { all, group: apart, filter, channel, row, .. } = self.weights;
        let height = images.rows.seen(split.rows);
        let sums = block.rows.len() * block.columns.len();
        let mut rows = [Row::default(); FILTERS];
        for (index, to) in rows.iter_mut().enumerate().take(filters) {
            *to = Row { a: (index * filter) as u32, c: (index * sums * lanes) as u32 };
        }
        let mut tables = Tables::new();
        for first in (0..images.channels).step_by(split.channels.max(1)) {
            let count = split.channels.min(images.channels - first);
            // All filters see the same channels, which may be laid already, for the filters before.
            if from == 0 || count < images.channels {
                self.interleave(simd, (block, before), (group * images.channels + first, count), split);
            }
            let a = all.get(group * apart + from * filter + first * channel..).unwrap_or_default();
            let bias = self.bias.get(group * self.filters + from..).unwrap_or_default();
            let start = if first == 0 { Origin::Column(bias) } else { Origin::Sum };
            let is_rectified = self.is_rectified && first + count == images.channels;
            if edges::suits(&images, filters) {
                let (inputs, sums) = self.scratch.divided::<V>(split);
                simd.call(Edges {
                    images: &images,
                    block,
                    height,
                    weights: a,
                    apart: (filter, channel, row),
                    filters,
                    channels: count,
                    x: &*inputs,
                    y: sums,
                    start,
                    is_rectified,
                });
                continue;
            }
            images.for_each_stretch(block, |down, along| {
                let Images { rows: Track { step, .. }, columns, .. } = images;
                let (width, read) = (block.columns.len() * lanes, columns.input * lanes);
                let place = |tap: usize, number: usize| Place { a: tap as u32, b: number as u32 };
                let terms = tables.list::<V, S>(
                    (count, (channel, height * read)),
                    images.rows.under(down).map(|(down, _, tap)| place(tap * row, down * read)),
                    columns.under(along).map(|(right, _, tap)| place(tap, right * lanes)),
                );
                let (products, lines, together) = if columns.step == 1 {
                    (1, (down.sums.len(), step * read, width), along.sums.len() * lanes)
                } else {
                    (down.sums.len(), (along.sums.len(), columns.step * lanes, lanes), lanes)
                };
                let (inputs, sums) = self.scratch.divided::<V>(split);
                for line in 0..products {
                    let b = (down.start + line * step) * read + along.start * lanes;
                    let c = (down.sums.start - block.rows.start + line) * width + along.sums.start * lanes;
                    S::Vector::<V>::scattered(
                        simd,
                        Scattered {
                            columns: together,
                            a,
                            rows: rows.get(..filters).unwrap_or_default(),
                            fours: Fours::NONE,
                            terms,
                            b: inputs.get(b..).unwrap_or_default(),
                            c: sums.get_mut(c..).unwrap_or_default(),
                            lines,
                            start,
                            is_added: false,
                            is_rectified,
                        },
                    );
                }
            });
        }
        self.store_samples(simd, block, (group * self.filters + from, filters), split);
    }

    /// Transposes what a block reads of some channels: the numbers of a vector of samples lie one after the other. What the sums of the rows
    /// `before` it read, too, lies there, and is moved.
    #[inline(always)]
    fn interleave<V: Simd>(
        &mut self,
        simd: V,
        (block, before): (&Block, &Range<usize>),
        (first, channels): (usize, usize),
        split: Split,
    ) {
        let (images, lanes) = (self.images, lanes::<V, S>());
        let Images { rows, columns, .. } = &images;
        let (read, height, width) = (rows.read(&block.rows), rows.seen(split.rows), columns.input);
        let at = block.samples.start * images.sample + first * images.plane();
        let from = self.x.get(at + (read.start - rows.before) * width..).unwrap_or_default();
        let (to, _) = self.scratch.divided::<V>(split);
        let kept = rows.kept(&block.rows, before).len() * width * lanes;
        let further = (read.start - rows.read(before).start.min(read.start)) * width * lanes;
        if kept > 0 && further > 0 {
            to.blocks_mut(height * width * lanes).take(channels).for_each(|to| move_to_start(to, further, kept));
        }
        for run in rows.missing(&block.rows, before) {
            let row = run.start - read.start;
            let (channels, count) =
                if run.len() == rows.input { (1, channels * images.plane()) } else { (channels, run.len() * width) };
            for channel in 0..channels {
                let from = from.get(channel * images.plane() + row * width..).unwrap_or_default();
                let to = to.get_mut((channel * height + row) * width * lanes..).unwrap_or_default();
                transpose(simd, (from, images.sample), (lanes, count), (to, lanes));
            }
        }
    }

    /// Transposes the sums of a block into y, for some filters.
    #[inline(always)]
    fn store_samples<V: Simd>(&mut self, simd: V, block: &Block, (from, filters): (usize, usize), split: Split) {
        let (lanes, strides) = (lanes::<V, S>(), self.strides);
        let (runs, filters) = Runs::new(&self.images, block, strides.row).joined(filters, strides.channel);
        let (_, sums) = self.scratch.divided::<V>(split);
        let y = block.samples.start * strides.sample + from * strides.channel;
        for filter in 0..filters {
            let sums = sums.get(filter * runs.sums() * lanes..).unwrap_or_default();
            let y = self.y.get_mut(y + filter * strides.channel..).unwrap_or_default();
            runs.store(simd, (sums, lanes), lanes, (y, strides.sample), Start::Zero);
        }
    }
}

impl<S: Scalar> Scratch<'_, S> {
    /// The rooms for inputs and for sums.
    #[inline(always)]
    fn divided<V: Simd>(&mut self, split: Split) -> (&mut [S], &mut [S]) {
        self.numbers.split_at_mut_checked(split.inputs * lanes::<V, S>()).unwrap_or_default()
    }
}

/// Moves some numbers, which lie `further` on, to the start of a slice.
#[inline(always)]
fn move_to_start<S: Copy>(numbers: &mut [S], further: usize, count: usize) {
    let Some(end) = further.checked_add(count) else { return };
    let fits = end <= numbers.len();
    assert_in_tests!(fits, "{count} numbers aren't there");
    if fits {
        let to = numbers.as_mut_ptr();
        // SAFETY: `fits` has checked that there are as many. Both pointers are of the same slice.
        unsafe { core::ptr::copy(to.add(further), to, count) };
    }
}
