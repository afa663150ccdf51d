//! Convolutions whose vectors are over filters: for planes that are too narrow for vectors over positions.
//!
//! A sum is `y[p][f] = b[f] + Σ w[c, t][f] · x[p's tap t in c]`, for a vector of filters f: all lanes are in use, whatever the
//! width of rows, the stride or the padding. The sums of a block are a [product](Scattered) of its inputs, broadcast from
//! where they lie, and of weights, which are transposed for each block. Then they are transposed into y. Backward, channels
//! take the place of filters, and gradients that of inputs. A y whose channels lie side by side gets the sums where they belong.
//!
//! Where many taps lie on the zeros around images, as in windows larger than their planes, the sums of a block are several
//! products, each of the positions that read the same taps: nothing is multiplied by those zeros, and images are read as they stand.
//!
//! Each sum is one chain: over channels, and in each over the taps in the order of what they read.

pub(super) mod gradient;

use core::ops::Range;

use super::blocks::{Block, DEPTH, Images, Line, PLACES, Runs, Split, Stored};
use super::correlation::{Correlation, Strides};
use super::products::{PATCHES, WEIGHTS};
use super::tables::Tables;
use super::track::Track;
use super::{Rooms, Scratch};
use crate::kernels::product::{Fours, Origin, Place, Row, Scattered, scattered_work, work_in_fours};
use crate::kernels::vector::{LANES, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::{ceil_div, quotient};

/// The most weights that stay in the first-level cache.
const CACHED: usize = 12 * 1024;
/// Vectors of filters at a time, but for a last one by itself: that is computed with the two before it, as what it reads would be loaded
/// for one multiplication each.
const PANEL: usize = 2;

/// `filters`, with those that complete a vector of any width.
const fn padded(filters: usize) -> usize {
    filters.next_multiple_of(LANES)
}

/// The most vectors of filters at a time, for channels of some taps of which weights are laid. More of them leave room for fewer taps at a
/// time: each part of the channels loads and stores all sums.
fn most(filters: usize, channels: usize, taps: usize) -> usize {
    let vectors = ceil_div(filters, LANES);
    if vectors <= PANEL || vectors.is_multiple_of(PANEL) {
        return PANEL;
    }
    let parts = |most: usize| ceil_div(channels, quotient(depth(most), taps));
    let fits = depth(PANEL + 1) >= taps;
    if fits && 63 * vectors * (parts(PANEL + 1) - parts(PANEL)) <= taps * channels { PANEL + 1 } else { PANEL }
}

/// How many taps there is room for at a time, and not more than are computed at a time.
const fn depth(most: usize) -> usize {
    let room = quotient(WEIGHTS, most * LANES);
    if room < DEPTH { room } else { DEPTH }
}

/// Some filters, panel by panel, the last one of up to `most` vectors.
#[inline(always)]
fn panels(filters: Range<usize>, most: usize, lanes: usize) -> impl Iterator<Item = Range<usize>> {
    let mut next = filters.start;
    core::iter::from_fn(move || {
        let (start, left) = (next, filters.end - next);
        next += if left <= most * lanes { left } else { PANEL * lanes };
        (start < next).then_some(start..next)
    })
}

/// The images for sums of some filters at a time: without the taps that lie on zeros, or without the rows or the columns of them, if separate
/// products for the sums that read the same taps take less time. A product by zero changes no sum, so that the batch may decide.
pub(super) fn images(images: Images, samples: usize, filters: usize, lanes: usize) -> Images {
    cheapest(&images, samples, filters, lanes).1
}

/// The same images, and what the sums of a sample cost.
pub(super) fn cheapest(images: &Images, samples: usize, filters: usize, lanes: usize) -> (usize, Images) {
    let whole = work(images, samples, filters, lanes);
    if !images.may_be_sparse(samples) {
        return (whole, *images);
    }
    let margin = images.sparse_margin(whole);
    let with_work = |images| (margin + work(&images, samples, filters, lanes), images);
    let sparse = [images.sparse_rows(), images.sparse_columns(), images.sparse()].map(with_work);
    sparse.into_iter().fold((whole, *images), |least, form| if form.0 < least.0 { form } else { least })
}

/// What the sums of a sample cost at least, whichever taps are left out.
pub(super) fn least_work(images: &Images, filters: usize, lanes: usize) -> usize {
    (images.products() * images.channels + 4 * images.sums()) * ceil_div(filters, lanes)
}

/// What the sums of a sample cost, in multiplications of vectors of `lanes`.
fn work(images: &Images, samples: usize, filters: usize, lanes: usize) -> usize {
    let (vectors, most) = (ceil_div(filters, lanes), most(filters, images.channels, images.taps()));
    let whole = ceil_div(vectors.saturating_sub(most), PANEL);
    // Panels of the same size cost the same.
    let work = |count: usize, vectors: usize| match count * vectors {
        0 => 0,
        _ => count * panel_work(images, samples, (filters, most), vectors),
    };
    let work = match vectors - whole * PANEL {
        PANEL => work(whole + 1, PANEL),
        rest => work(whole, PANEL) + work(1, rest),
    };
    work + 4 * images.sums() * vectors + images.copies(images.rows.count, lanes)
}

/// The same, for some vectors of filters at a time.
fn panel_work(images: &Images, samples: usize, (filters, most): (usize, usize), vectors: usize) -> usize {
    let Images { rows, columns, channels, .. } = images;
    let places = quotient(PATCHES, together(images, filters, most)).min(PLACES);
    let samples = quotient(places, images.sums().max(1)).clamp(1, samples.max(1));
    // Weights are laid for each block, a vector of them in the time of seven multiplications, or 24 if they don't stay in the first-level
    // cache; and a block takes some time of its own.
    let blocks = ceil_div(images.sums(), places);
    let is_cached = filters * images.taps() * channels <= CACHED;
    let mut work = blocks * (if is_cached { 7 } else { 24 } * images.taps() * channels * vectors + 2500);
    let at_a_time = quotient(depth(most), images.taps()).min(*channels).max(1);
    let parts = ceil_div(*channels, at_a_time);
    for down in rows.stretches(0..rows.count) {
        for along in columns.stretches(0..columns.count) {
            let sums = down.sums.len() * along.sums.len() * samples;
            let (product, _) = if vectors == 1 {
                let line = Line::of(images, (&down, &along));
                let lines = quotient(sums, line.length);
                work_in_fours(lines * line.fours(), sums, line.is_shared)
            } else {
                scattered_work(sums, vectors)
            };
            // For each part of the products: the call, a vector of sums, and a number's place.
            let listed = Tables::len(at_a_time, (down.taps.len(), along.taps.len()));
            work += down.taps.len() * along.taps.len() * channels * product;
            work += parts * (430 + 21 * sums * vectors + 2 * listed);
        }
    }
    quotient(work, samples)
}

/// How the weights of a channel are laid.
#[derive(Clone)]
pub(super) struct Laid {
    /// Indices of the taps in both directions that some sum reads.
    rows: Range<usize>,
    columns: Range<usize>,
    /// Whether only those taps are laid, and not all of the window.
    pub(super) is_gathered: bool,
    /// How many taps are laid, and in a row of the window.
    pub(super) taps: usize,
    row: usize,
}

impl Laid {
    /// For sums over `images`; a window's taps in a row, and all of them.
    #[inline(always)]
    fn new(images: &Images, (row, window): (usize, usize)) -> Self {
        let taps = |track: &Track| if track.is_sparse { track.taps_of_all() } else { 0..track.taps().len() };
        let (rows, columns) = (taps(&images.rows), taps(&images.columns));
        let count = rows.len() * columns.len();
        // A number taken by itself takes three times as long as in a transposition.
        let is_gathered = 3 * count < window;
        Self { is_gathered, taps: if is_gathered { count } else { window }, rows, columns, row }
    }

    /// Where a tap is laid: the sum of a place of its row, and one of its column. Of both, the index and the number.
    #[inline(always)]
    const fn row_place(&self, (index, row): (usize, usize)) -> usize {
        if self.is_gathered {
            (index - self.rows.start) * (self.columns.end - self.columns.start)
        } else {
            row * self.row
        }
    }

    #[inline(always)]
    const fn column_place(&self, (index, column): (usize, usize)) -> usize {
        if self.is_gathered { index - self.columns.start } else { column }
    }

    /// The taps that are laid one by one, in order, as their numbers in the window.
    #[inline(always)]
    pub(super) fn gathered(&self, images: &Images) -> impl Iterator<Item = usize> {
        let (row, columns) = (self.row, images.columns.numbers(self.columns.clone()));
        let rows = images.rows.numbers(self.rows.clone());
        rows.flat_map(move |down| columns.clone().map(move |right| down * row + right))
    }
}

/// Room for the filters whose sums are computed together: all of them if images are copied for them, and otherwise a panel, so that there is
/// room for the sums of many positions, which share the weights that are laid.
#[inline(always)]
const fn together(images: &Images, filters: usize, most: usize) -> usize {
    let (all, panel) = (padded(filters), most * LANES);
    if all == 0 {
        1
    } else if images.is_in_place() && all > panel {
        panel
    } else {
        all
    }
}

/// The split for a number of filters, for a window's taps in a row and all of them, and room for sums and for inputs.
#[inline(always)]
pub(super) fn split<S>(
    images: &Images,
    samples: usize,
    filters: usize,
    window: (usize, usize),
    scratch: &Scratch<'_, S>,
) -> Option<Split> {
    let taps = Laid::new(images, window).taps;
    let most = most(filters, images.channels, taps);
    let (inputs, sums, weights) = scratch.sizes();
    let places = (sums / together(images, filters, most)).min(PLACES);
    images.split(samples, places, inputs, (taps, weights / (most * LANES)))
}

impl<S: Scalar> Correlation<'_, '_, S> {
    /// Computes it over vectors of filters.
    #[inline(always)]
    pub(super) fn over_filters<V: Simd>(mut self, simd: V) {
        let (samples, groups) = (self.x.len() / self.images.sample.max(1), self.images.groups());
        let window = (self.weights.row, self.weights.window);
        let Some(split) = split(&self.images, samples, self.filters, window, self.scratch) else { return };
        let laid = Laid::new(&self.images, window);
        let (all, most) = (0..self.filters, most(self.filters, self.images.channels, laid.taps));
        for block in self.images.blocks(samples, split) {
            for group in 0..groups {
                if self.images.is_in_place() {
                    for panel in panels(all.clone(), most, lanes::<V, S>()) {
                        self.over_filters_of_block(simd, &block, group, panel, (split.channels, most), &laid);
                    }
                } else {
                    self.over_filters_of_block(simd, &block, group, all.clone(), (split.channels, most), &laid);
                }
            }
        }
    }

    /// The sums of a block for some filters of a group.
    #[inline(always)]
    fn over_filters_of_block<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        group: usize,
        filters: Range<usize>,
        (channels, most): (usize, usize),
        laid: &Laid,
    ) {
        let (images, lanes, from) = (self.images, lanes::<V, S>(), filters.start);
        let pitch = padded(filters.len());
        let is_in_place = self.strides.channel == 1;
        let stored = if is_in_place { self.stored() } else { Stored::in_order(block, pitch) };
        let first_sum = self.first_sum(block, group * self.filters + from);
        let mut starts = [Row::default(); PLACES];
        let mut tables = Tables::new();
        let Rooms { inputs, sums: room, weights } = self.scratch.rooms();
        for first in (0..images.channels).step_by(channels.max(1)) {
            let count = channels.min(images.channels - first);
            let places = images.places(block, count);
            let x = images.numbers(simd, self.x, block, (group * images.channels + first, count), &mut *inputs);
            for part in panels(filters.clone(), most, lanes) {
                let (at, columns) = (part.start - from, part.len());
                let (which, panel) = ((group, part.start, columns), columns.next_multiple_of(lanes));
                self.weights.lay(simd, (&images, laid), which, (first, count), panel, &mut *weights);
                let bias = self.bias.get(group * self.filters + part.start..).unwrap_or_default();
                let start = if first == 0 { Origin::Row(bias) } else { Origin::Sum };
                images.for_each_stretch(block, |down, along| {
                    let line = Line::of(&images, (down, along));
                    let (sums, fours) = if columns <= lanes && line.fours() > 0 {
                        images.starts_in_fours(block, places, (down, along), stored, line, &mut starts)
                    } else {
                        (images.starts(block, places, (down, along), stored, &mut starts), Fours::NONE)
                    };
                    let place = |place: usize, tap: usize| Place { a: place as u32, b: (tap * panel) as u32 };
                    let terms = tables.list::<V, S>(
                        (count, (places.channel, laid.taps * panel)),
                        images.under_rows(down, places).map(|(down, row)| place(down, laid.row_place(row))),
                        images.under_columns(along, places).map(|(right, tap)| place(right, laid.column_place(tap))),
                    );
                    let sums_of_block = if is_in_place { self.y.get_mut(first_sum + at..) } else { room.get_mut(at..) };
                    S::Vector::<V>::scattered(
                        simd,
                        Scattered {
                            columns,
                            a: x,
                            rows: starts.get(..sums).unwrap_or_default(),
                            fours,
                            terms,
                            b: &*weights,
                            c: sums_of_block.unwrap_or_default(),
                            lines: (1, 0, 0),
                            start,
                            is_added: false,
                            is_rectified: self.is_rectified && first + count == images.channels,
                        },
                    );
                });
            }
        }
        if !is_in_place {
            self.store_transposed(simd, block, group, (from, filters.len()), pitch);
        }
    }

    /// Where the sums of a block lie in y, from its first one on.
    #[inline(always)]
    fn stored(&self) -> Stored {
        let (Images { rows, columns, .. }, Strides { sample, row, column, .. }) = (self.images, self.strides);
        Stored { sample, row: rows.apart * row, column: columns.apart * column }
    }

    /// Where the first sum of a block lies in y, for a filter.
    #[inline(always)]
    fn first_sum(&self, block: &Block, filter: usize) -> usize {
        let (Images { rows, columns, .. }, Strides { sample, channel, row, column }) = (self.images, self.strides);
        block.samples.start * sample
            + filter * channel
            + (rows.first + rows.apart * block.rows.start) * row
            + (columns.first + columns.apart * block.columns.start) * column
    }

    /// Transposes the sums of a block into y.
    #[inline(always)]
    fn store_transposed<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        group: usize,
        (from, filters): (usize, usize),
        pitch: usize,
    ) {
        let Strides { sample, channel, row, .. } = self.strides;
        let runs = Runs::new(&self.images, block, row);
        for (index, number) in block.samples.clone().enumerate() {
            let sums = self.scratch.rooms().sums.get(index * runs.sums() * pitch..).unwrap_or_default();
            let y = self.y.get_mut(number * sample + (group * self.filters + from) * channel..).unwrap_or_default();
            runs.store(simd, (sums, pitch), filters, (y, channel), self.start);
        }
    }
}
