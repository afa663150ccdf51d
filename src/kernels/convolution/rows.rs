//! Convolutions whose vectors are over neighbouring positions of a row, of any number of filters.
//!
//! The windows of such positions lie side by side: what a tap reads for all of them is a piece of a row of the image. So the sums are a
//! [product](Scattered) of weights, broadcast from where they lie, and of pieces of the image with zeros around it; nothing
//! else is copied. Where rows fill vectors badly, several rows are computed as one: along with the few sums between
//! them that belong to no position, or of a [dense](super::blocks) copy for each column of taps, which has none between them.
//!
//! Each sum is one chain: over channels, and in each over the taps in the order of what they read.

pub(super) mod gradient;

use super::blocks::{Block, DEPTH, Images, Split};
use super::correlation::{Correlation, Strides, Weights};
use super::tables::Tables;
use super::{Rooms, Scratch};
use crate::kernels::elementwise::{add_few, add_to_every_second, copy_few, copy_to_every_second};
use crate::kernels::product::{Fours, Origin, Place, Row, Scattered, Start, scattered_work};
use crate::kernels::vector::{Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::{ceil_div, quotient};

/// The most positions at a time.
const PLACES: usize = 4096;
/// The most filters at a time.
const FILTERS: usize = 128;

/// The images for sums of some filters, as they are copied: without the rows of taps that lie on zeros, if separate products for the
/// rows of sums that read the same taps take less time; and for each column of taps, if sums then fill vectors better. And what the
/// sums of a sample cost. If there is room.
pub(super) fn cheapest<V: Simd, S: Scalar>(
    images: &Images,
    (samples, filters): (usize, usize),
    scratch: &Scratch<'_, S>,
) -> Option<(usize, Images)> {
    let mut least: Option<(usize, Images)> = None;
    let consider = |least: &mut Option<(usize, Images)>, images: Images, margin: usize| {
        let Some(split) = split::<V, S>(&images, filters, scratch) else { return };
        let cost = margin + work::<V, S>(&images, filters, split);
        if least.is_none_or(|(least, _)| cost < least) {
            *least = Some((cost, images));
        }
    };
    let both = |least: &mut Option<(usize, Images)>, images: &Images, margin: usize| {
        consider(least, images.in_parts(), margin);
        if images.can_be_dense() {
            consider(least, images.dense(), margin);
        }
    };
    both(&mut least, images, 0);
    if images.may_be_sparse(samples) {
        let margin = least.map_or(0, |(whole, _)| images.sparse_margin(whole));
        both(&mut least, &images.sparse_rows(), margin);
    }
    least
}

/// What the sums of a sample cost, in multiplications of vectors.
fn work<V: Simd, S: Scalar>(images: &Images, filters: usize, split: Split) -> usize {
    let parts = ceil_div(images.channels, split.channels);
    let (rows, columns) = (&images.rows, &images.columns);
    let blocks = ceil_div(rows.count, split.rows) * ceil_div(columns.count, split.columns);
    let down = rows.stretches(0..rows.count).map(|rows| {
        let vectors = images.vectors_of_sums(rows.sums.len(), lanes::<V, S>()).0;
        let taps = rows.taps.len() * columns.taps().len() * images.channels;
        let (product, tiles) = scattered_work(filters, vectors);
        // Most vectors are read across the ends of lines, which takes as long as three and a half multiplications if few filters share it. For
        // each part of the products: the call in each block, a tile, and a vector of sums.
        taps * (product + vectors - vectors / 5).max(7 * vectors / 2)
            + parts * (360 * blocks + 50 * tiles + 5 * vectors * filters)
    });
    let copied = images.copies(split.rows, lanes::<V, S>()) * ceil_div(rows.count, split.rows);
    let copied = copied - copied / 4;
    // A block takes some time of its own.
    610 * blocks + down.sum::<usize>() + copied
}

impl Images {
    /// How many vectors of `lanes` some rows of sums take, each by itself or together, and whether the latter are fewer.
    const fn vectors(&self, rows: usize, lanes: usize) -> (usize, bool) {
        let (alone, together) = self.alone_and_together(rows, lanes);
        self.fewer(alone, together, together / 8)
    }

    /// The same, for sums over channels and taps, which are copied if they are computed together: as much work as some products.
    fn vectors_of_sums(&self, rows: usize, lanes: usize) -> (usize, bool) {
        if self.is_dense {
            return (ceil_div(rows * self.columns.count, lanes), true);
        }
        let (alone, together) = self.alone_and_together(rows, lanes);
        self.fewer(alone, together, quotient(12 * alone, self.channels * self.taps()))
    }

    const fn alone_and_together(&self, rows: usize, lanes: usize) -> (usize, usize) {
        let together = rows.saturating_sub(1) * self.columns.seen(self.columns.count) + self.columns.count;
        (rows * self.columns.count.div_ceil(lanes), together.div_ceil(lanes))
    }

    const fn fewer(&self, alone: usize, together: usize, copies: usize) -> (usize, bool) {
        let together = together + copies;
        let is_dense = self.rows.step == 1 && self.columns.step == 1;
        if is_dense && together < alone { (together, true) } else { (alone, false) }
    }
}

/// How sums are computed: apart from y if they don't lie side by side there, and several rows together.
#[derive(Clone, Copy)]
struct Layout {
    is_apart: bool,
    is_together: bool,
}

impl Layout {
    #[inline(always)]
    fn of<V: Simd, S: Scalar>(images: &Images) -> Self {
        let is_apart = images.columns.apart != 1;
        if images.is_dense {
            return Self { is_apart: is_apart || images.rows.apart != 1, is_together: true };
        }
        let is_apart = is_apart || images.vectors_of_sums(images.rows.count, lanes::<V, S>()).1;
        Self { is_apart, is_together: is_apart && images.rows.step == 1 && images.columns.step == 1 }
    }
}

/// Whether sums are stored by themselves before they are copied, or added, to where they belong.
#[inline(always)]
pub(super) fn are_stored_apart<V: Simd, S: Scalar>(images: &Images) -> bool {
    Layout::of::<V, S>(images).is_apart
}

/// The split for a number of filters.
#[inline(always)]
pub(super) fn split<V: Simd, S: Scalar>(images: &Images, filters: usize, scratch: &Scratch<'_, S>) -> Option<Split> {
    let Layout { is_apart, is_together } = Layout::of::<V, S>(images);
    let width = if images.is_dense { images.columns.count } else { images.columns.seen(images.columns.count) }.max(1);
    let (inputs, sums, _) = scratch.sizes();
    let most = if is_apart { sums / filters.clamp(1, FILTERS) } else { PLACES };
    // Sums between a row and the next take some room.
    let places = if is_together && width <= most { most / width * images.columns.count } else { most / 2 };
    let split = images.split(1, places, inputs, (images.taps(), DEPTH))?;
    // Rows of sums are one only if they are whole.
    (!images.is_dense || split.columns == images.columns.count).then_some(split)
}

impl<S: Scalar> Correlation<'_, '_, S> {
    /// Computes it over vectors of positions.
    #[inline(always)]
    pub(super) fn over_positions<V: Simd>(mut self, simd: V) {
        let Self { images, filters, .. } = self;
        let samples = self.x.len() / images.sample.max(1);
        let layout = Layout::of::<V, S>(&images);
        let Some(split) = split::<V, S>(&images, filters, self.scratch) else { return };
        for block in images.blocks(samples, split) {
            for group in 0..images.groups() {
                for from in (0..filters).step_by(FILTERS) {
                    let filters = FILTERS.min(filters - from);
                    self.over_positions_of_block(simd, &block, (group, from, filters), split.channels, layout);
                }
            }
        }
    }

    /// The sums of a block for some filters of a group.
    #[inline(always)]
    fn over_positions_of_block<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        (group, from, filters): (usize, usize, usize),
        most: usize,
        Layout { is_apart, is_together }: Layout,
    ) {
        let images = &self.images;
        let Weights { all, group: apart, filter, channel, row, .. } = self.weights;
        let (mut rows, mut tables) = ([Row::default(); FILTERS], Tables::new());
        let (width, lines) = (block.columns.len(), block.rows.len());
        let Rooms { inputs, sums, .. } = self.scratch.rooms();
        for first in (0..images.channels).step_by(most.max(1)) {
            let count = most.min(images.channels - first);
            let places = images.places(block, count);
            let x = images.numbers(simd, self.x, block, (group * images.channels + first, count), &mut *inputs);
            let a = all.get(group * apart + (from * filter) + first * channel..).unwrap_or_default();
            let start = if first == 0 {
                Origin::Column(self.bias.get(group * self.filters + from..).unwrap_or_default())
            } else {
                Origin::Sum
            };
            // From one row of sums to the next.
            let apart = match (is_apart, is_together) {
                (true, true) => places.row,
                (true, false) => width,
                (false, _) => images.rows.apart * self.strides.row,
            };
            let at = place(images, self.strides, (group * self.filters + from, block.rows.start), block);
            let pitch = if is_apart { (lines - 1) * apart + width } else { self.strides.channel };
            for (index, row) in rows.iter_mut().enumerate() {
                *row = Row { a: (index * filter) as u32, c: (index * pitch) as u32 };
            }
            images.for_each_stretch(block, |down, along| {
                let place = |tap: usize, place: usize| Place { a: tap as u32, b: place as u32 };
                let terms = tables.list::<V, S>(
                    (count, (channel, places.channel)),
                    images.under_rows(down, places).map(|(down, (_, tap))| place(tap * row, down)),
                    images.under_columns(along, places).map(|(right, (_, tap))| place(tap, right)),
                );
                let lines = down.sums.len();
                let (lines, columns) = if is_together { (1, (lines - 1) * places.row + width) } else { (lines, width) };
                let to = (down.sums.start - block.rows.start) * apart;
                let c = if is_apart { sums.get_mut(to..) } else { self.y.get_mut(at + to..) };
                S::Vector::<V>::scattered(
                    simd,
                    Scattered {
                        columns,
                        a,
                        rows: rows.get(..filters).unwrap_or_default(),
                        fours: Fours::NONE,
                        terms,
                        b: x.get(down.start * places.row..).unwrap_or_default(),
                        c: c.unwrap_or_default(),
                        lines: (lines, images.rows.step * places.row, apart),
                        start,
                        is_added: false,
                        is_rectified: self.is_rectified && first + count == images.channels,
                    },
                );
            });
        }
        if is_apart {
            self.store_rows(simd, block, (group, from, filters), is_together);
        }
    }

    /// Copies the sums of a block into y, or adds them.
    #[inline(always)]
    fn store_rows<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        (group, from, filters): (usize, usize, usize),
        is_together: bool,
    ) {
        let (width, lines) = (block.columns.len(), block.rows.len());
        let apart = if is_together && !self.images.is_dense { self.images.columns.seen(width) } else { width };
        let pitch = (lines - 1) * apart + width;
        // Rows without sums between them are one.
        let Images { rows, columns, .. } = self.images;
        let is_in_order = (self.strides.row, self.strides.column) == (width, 1);
        let is_one = apart == width && is_in_order && rows.apart == 1 && columns.apart == 1;
        let (lines, width) = if is_one { (1, pitch) } else { (lines, width) };
        for filter in 0..filters {
            for line in 0..lines {
                let at = (group * self.filters + from + filter, block.rows.start + line);
                let at = place(&self.images, self.strides, at, block);
                let sums = self.scratch.rooms().sums.get(filter * pitch + line * apart..).unwrap_or_default();
                // With a stride of 2, from the pair of numbers on that the first sum is one of, up to the end of a row. The phase of
                // the numbers between those of the first one comes later, if there are any.
                let odd = if columns.apart == 2 { columns.first % 2 } else { 0 };
                let end = at - odd + self.strides.row - columns.apart * block.columns.start;
                let y = if columns.apart == 2 { self.y.get_mut(at - odd..end) } else { self.y.get_mut(at..) };
                let (Some(sums), Some(y)) = (sums.get(..width), y) else { return };
                match (columns.apart, self.start) {
                    (1, Start::Zero) => copy_few(simd, sums, first_mut(y, width)),
                    (1, Start::Sum) => add_few(simd, sums, first_mut(y, width)),
                    (2, Start::Zero) => copy_to_every_second(simd, sums, y, odd == 1),
                    (2, Start::Sum) => add_to_every_second(simd, sums, y.get_mut(odd..).unwrap_or_default()),
                    (apart, Start::Sum) => {
                        y.iter_mut().step_by(apart.max(1)).zip(sums).for_each(|(y, &sum)| *y += sum);
                    }
                    (apart, Start::Zero) => y.iter_mut().step_by(apart.max(1)).zip(sums).for_each(|(y, &sum)| *y = sum),
                }
            }
        }
    }
}

/// Where a block's columns of a row begin in y, for a filter.
#[inline(always)]
fn place(
    Images { rows, columns, .. }: &Images,
    strides: Strides,
    (filter, row): (usize, usize),
    block: &Block,
) -> usize {
    let row = (rows.first + rows.apart * row) * strides.row;
    block.samples.start * strides.sample
        + filter * strides.channel
        + row
        + columns.first
        + columns.apart * block.columns.start
}
