//! The gradient of a convolution's weights, over vectors of filters.
//!
//! `dw[c, t][f] += Σ x[p's tap t in c] · g[p][f]`, over the positions p of all samples in order: a [product](Scattered) of
//! inputs, broadcast from where they lie, and of gradients, which are transposed for each block. A block is one chain, and
//! the sums of blocks are added: a chain over all positions of a batch would round more.
//!
//! Taps that lie on an image for the same positions are computed together, and for those positions alone: images are read as they
//! stand, and nothing is multiplied by the zeros around them. Of few channels, such products would be too small: then only whole rows
//! of taps are left out, and images are copied with the zeros beside them.
//!
//! A pass over all positions computes as many sums as there is room for: of some rows of taps, so that there are enough channels.

mod lines;

use core::ops::Range;

use self::lines::Lines;
use super::PANEL;
use crate::chunks::Chunks;
use crate::kernels::convolution::blocks::{Block, DEPTH, Images, PLACES, Split, Stored};
use crate::kernels::convolution::correlation::WeightGradient;
use crate::kernels::convolution::{Rooms, Scratch};
use crate::kernels::product::{Fours, Origin, Place, Row, Scattered, Terms, scattered_work};
use crate::kernels::transpose::{add_transposed, transpose};
use crate::kernels::vector::{LANES, Simd, Vector, lanes, read, splat, write};
use crate::scalar::Scalar;
use crate::window::{ceil_div, even, quotient};

/// The most positions in a block: longer chains round more, and shorter ones are stored more often.
const POSITIONS: usize = 256;
/// The most sums of a filter in a pass.
const SUMS: usize = 256;

/// Vectors of filters at a time.
const fn panel(filters: usize, lanes: usize) -> usize {
    let vectors = ceil_div(filters, lanes);
    if vectors < PANEL { vectors } else { PANEL }
}

/// How a gradient is computed.
#[derive(Clone, Copy)]
struct Division {
    blocks: Split,
    /// Rows of taps in a pass.
    rows: usize,
}

impl Division {
    /// The one for some filters, if there is any.
    #[inline(always)]
    fn of<S>(images: &Images, samples: usize, filters: usize, scratch: &Scratch<'_, S>) -> Option<Self> {
        let (inputs, sums, weights) = scratch.sizes();
        let depth = SUMS.min(quotient(weights, PANEL * LANES));
        let rows = rows(images, panel(filters, LANES));
        let taps = rows * images.columns.taps().len();
        let mut blocks = images.split(samples, POSITIONS, inputs, (taps, depth))?;
        // Blocks of nearly the same size.
        blocks.rows = even(images.rows.count, blocks.rows);
        (sums >= POSITIONS * PANEL * LANES).then_some(Self { blocks, rows })
    }
}

/// Rows of taps in a pass, of which each product should have the rows of two tiles.
fn rows(images: &Images, vectors: usize) -> usize {
    let (rows, along) = (images.rows.taps().len().max(1), &images.columns);
    let (taps, products) = (along.taps().len().max(1), along.shared(0..along.count).count().max(1));
    let tiles = if vectors == 1 { 24 } else { 16 };
    let channels = ceil_div(tiles * products, taps).min(images.channels);
    let most = quotient(SUMS, taps * channels).clamp(1, rows);
    even(rows, most)
}

/// The images, of which taps on zeros are left out, and what their gradients cost for some filters of a sample, in multiplications of
/// vectors.
pub(in crate::kernels::convolution) fn cheapest(images: &Images, filters: usize) -> (usize, Images) {
    let with_work = |images| (work(&images, filters), images);
    let (copied, sparse) = (with_work(images.sparse_rows()), with_work(images.sparse()));
    if copied.0 < sparse.0 { copied } else { sparse }
}

/// What the gradients cost.
fn work(images: &Images, filters: usize) -> usize {
    let vectors = ceil_div(filters, LANES);
    let panels = |vectors| panel_work(images, panel(filters, LANES), vectors);
    let whole = quotient(vectors, PANEL) * if vectors < PANEL { 0 } else { panels(PANEL) };
    whole + if vectors.is_multiple_of(PANEL) { 0 } else { panels(vectors % PANEL) }
}

/// The same, for some vectors of filters at a time.
fn panel_work(images: &Images, panel: usize, vectors: usize) -> usize {
    let Images { rows: down, columns: along, channels, .. } = images;
    let (rows, taps) = (rows(images, panel), along.taps().len());
    let parts = ceil_div(*channels, quotient(SUMS, rows * taps).clamp(1, *channels));
    let passes = ceil_div(down.taps().len(), rows.max(1)) * parts;
    let laid = passes * (14 * images.sums() * vectors + quotient(images.copies(down.count, LANES), parts));
    if lines::suits(images) {
        return lines::work(images) * vectors + laid;
    }
    let channels = ceil_div(*channels, parts);
    let (blocks, samples) = (ceil_div(images.sums(), POSITIONS), quotient(POSITIONS, images.sums()).max(1));
    let mut work = 0;
    for (taps_down, sums_down) in down.shared(0..down.count) {
        for (taps_along, sums_along) in along.shared(0..along.count) {
            // In the middle of a large image, all rows of taps lie on it.
            let together = if blocks > 2 { rows } else { taps_down.len().min(rows) };
            let (cost, _) = scattered_work(channels * together * taps_along.len(), vectors);
            let cost = if vectors == 1 { cost + cost / 8 } else { cost };
            let each = sums_down.len() * sums_along.len() * (cost + 6) + quotient(200, samples);
            work += quotient(each * taps_down.len(), together) * parts;
        }
    }
    work + laid
}

/// Whether there is a division for the [cheapest] images.
#[inline(always)]
pub(in crate::kernels::convolution) fn fits<S>(images: &Images, filters: usize, scratch: &Scratch<'_, S>) -> bool {
    Division::of(images, 1, filters, scratch).is_some()
}

/// What a pass computes: a group, the first of some filters and how many, of some channels, and of some rows of taps; and how many
/// numbers there are for each position.
struct Part {
    group: usize,
    filters: (usize, usize),
    channels: (usize, usize),
    rows: Range<usize>,
    panel: usize,
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    /// Adds them, over vectors of filters, for the [cheapest] images.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn over_filters<V: Simd>(mut self, simd: V) {
        let Self { images, filters, .. } = self;
        let samples = self.x.len() / images.sample.max(1);
        let Some(Division { blocks, rows }) = Division::of(&images, samples, filters, self.scratch) else { return };
        let panel = panel(filters, lanes::<V, S>()) * lanes::<V, S>();
        let down = images.rows.taps().len();
        for group in 0..images.groups() {
            for channel in (0..images.channels).step_by(blocks.channels.max(1)) {
                for row in (0..down).step_by(rows.max(1)) {
                    for filter in (0..filters).step_by(panel.max(1)) {
                        let part = Part {
                            group,
                            filters: (filter, panel.min(filters - filter)),
                            channels: (channel, blocks.channels.min(images.channels - channel)),
                            rows: row..down.min(row + rows),
                            panel,
                        };
                        self.add_part(simd, blocks, &part);
                    }
                }
            }
        }
    }

    /// Adds what a pass computes.
    #[inline(always)]
    fn add_part<V: Simd>(&mut self, simd: V, split: Split, part: &Part) {
        let Self { images, window: (row, window), .. } = *self;
        let &Part { group, filters: (from, filters), channels: (first, channels), ref rows, panel } = part;
        let samples = self.x.len() / images.sample.max(1);
        let (along, filter) = (images.columns.taps().len(), window * images.channels);
        let taps = rows.len() * along;
        let Some(totals) = self.scratch.rooms().weights.get_mut(..channels * taps * panel) else { return };
        totals.fill(S::ZERO);
        for block in images.blocks(samples, split) {
            self.add_block(simd, &block, part);
        }
        // Taps that lie side by side in the window are transposed together, and so are whole windows.
        let (together, run) = match (taps == window, along == row) {
            (true, _) => (channels, taps),
            (false, true) => (1, taps),
            (false, false) => (1, along),
        };
        let mut totals = &*self.scratch.rooms().weights;
        for channel in (0..channels).step_by(together.max(1)) {
            let to = (group * self.filters + from) * filter + (first + channel) * window;
            for tap in images.tap_numbers(row).skip(rows.start * along).take(taps).step_by(run.max(1)) {
                let Some(to) = self.dw.get_mut(to + tap..) else { return };
                add_transposed(simd, (totals, panel), (together * run, filters), (to, filter));
                totals = totals.get(together * run * panel..).unwrap_or_default();
            }
        }
    }

    /// Adds the products of a block to the sums of a pass.
    #[inline(always)]
    fn add_block<V: Simd>(&mut self, simd: V, block: &Block, part: &Part) {
        let images = self.images;
        let &Part { group, filters: (from, filters), channels: (first, channels), rows: ref of_part, panel } = part;
        let places = images.places(block, channels);
        let channel = group * images.channels + first;
        let Rooms { inputs, sums: room, weights } = self.scratch.rooms();
        let x = images.numbers(simd, self.x, block, (channel, channels), inputs);
        let (plane, row) = self.outputs;
        let (runs, run) = if block.columns.len() == row {
            (1, block.rows.len() * row)
        } else {
            (block.rows.len(), block.columns.len())
        };
        let mut to = &mut *room;
        for sample in block.samples.clone() {
            for line in 0..runs {
                let place = (block.rows.start + line) * row + block.columns.start;
                let at = ((sample * images.groups() + group) * self.filters + from) * plane + place;
                let g = self.g.get(at..).unwrap_or_default();
                let Some((run_of, rest)) = to.split_at_mut_checked(run * panel) else { return };
                transpose(simd, (g, plane), (filters, run), (run_of, panel));
                to = rest;
            }
        }
        if first == 0 && of_part.start == 0 && !self.bias.is_empty() {
            let places = block.samples.len() * block.rows.len() * block.columns.len();
            let gradients = room.get(..places * panel).unwrap_or_default();
            let at = group * self.filters + from;
            add_sums(simd, gradients, panel, self.bias.get_mut(at..at + filters).unwrap_or_default());
        }
        if lines::fits::<V, S>(&images) {
            simd.call(Lines {
                images: &images,
                x,
                g: room,
                totals: weights,
                block,
                places,
                channels,
                filters: (ceil_div(filters, lanes::<V, S>()), panel),
                taps_down: of_part.clone(),
            });
            return;
        }
        let (mut starts, mut inner) = ([Row::default(); PLACES], [Place::default(); PLACES]);
        let mut rows = [Row::default(); DEPTH];
        let across = images.columns.taps().len();
        // The positions of a sample, and the same of the others.
        let (samples, stored) = (block.samples.clone(), Stored::in_order(block, panel));
        let of_sample = Block { samples: samples.start..samples.start + 1, ..block.clone() };
        for (taps, sums) in images.rows.shared(block.rows.clone()) {
            let taps = taps.start.max(of_part.start)..taps.end.min(of_part.end);
            if taps.is_empty() {
                continue;
            }
            let down = images.rows.stretch((taps, sums), &block.rows);
            for (taps, sums) in images.columns.shared(block.columns.clone()) {
                let along = images.columns.stretch((taps, sums), &block.columns);
                let positions = images.starts(&of_sample, places, (&down, &along), stored, &mut starts);
                for (place, &Row { a, c }) in inner.iter_mut().zip(starts.get(..positions).unwrap_or_default()) {
                    *place = Place { a, b: c };
                }
                let mut count = 0;
                images.for_each_tap(places, channels, (&down, &along), |place, channel, [(down, _), (right, _)]| {
                    if let Some(row) = rows.get_mut(count) {
                        let total = (channel * of_part.len() + down - of_part.start) * across + right;
                        *row = Row { a: place as u32, c: (total * panel) as u32 };
                    }
                    count += 1;
                });
                S::Vector::<V>::scattered(
                    simd,
                    Scattered {
                        columns: filters,
                        a: x,
                        rows: rows.get(..count).unwrap_or_default(),
                        fours: Fours::NONE,
                        terms: Terms::repeated(
                            inner.get(..positions).unwrap_or_default(),
                            samples.len(),
                            (places.sample, stored.sample),
                        ),
                        b: &*room,
                        c: &mut *weights,
                        lines: (1, 0, 0),
                        start: Origin::Zero,
                        is_added: true,
                        is_rectified: false,
                    },
                );
            }
        }
    }
}

/// Adds the rows of a matrix to `sums`: as many chains as hide how long an addition takes.
#[inline(always)]
fn add_sums<V: Simd, S: Scalar>(simd: V, rows: &[S], pitch: usize, sums: &mut [S]) {
    const CHAINS: usize = 4;
    let lanes = lanes::<V, S>();
    for (index, sums) in sums.parts_mut(lanes).enumerate() {
        let mut chains = [splat::<V, S>(simd, S::ZERO); CHAINS];
        for rows in rows.parts(CHAINS * pitch) {
            for (chain, row) in chains.iter_mut().zip(rows.blocks(pitch)) {
                *chain = *chain + read(simd, row.get(index * lanes..).unwrap_or_default());
            }
        }
        let [a, b, c, d] = chains;
        write(simd, read(simd, sums) + ((a + b) + (c + d)), sums);
    }
}

const _: () = assert!(SUMS <= DEPTH && POSITIONS <= PLACES, "there is a place for each sum and position");
