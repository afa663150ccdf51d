//! The gradient of a convolution's weights, over vectors of filters.
//!
//! `dw[c, t][f] += Σ x[p's tap t in c] · g[p][f]`, over the positions p of all samples in order: a [product](Scattered) of
//! inputs, broadcast from where they lie, and of gradients, which are transposed for each block. A block is one chain, and
//! the sums of blocks are added: a chain over all positions of a batch would round more.
//!
//! Taps of rows that lie on an image for the same positions are computed together, and for those positions alone. Where many taps
//! lie on the zeros beside images, too, so are those of columns, each such part by itself: images are read as they stand.

use core::ops::Range;

use super::PANEL;
use crate::kernels::convolution::Scratch;
use crate::kernels::convolution::blocks::{Block, DEPTH, Images, PLACES, Split, Stored};
use crate::kernels::convolution::correlation::WeightGradient;
use crate::kernels::convolution::track::Stretch;
use crate::kernels::product::{Origin, Place, Repeats, Row, Scattered};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::quotient;

/// Sums of a block of positions: the most positions, and the most numbers under a position in some channels.
const POSITIONS: usize = 128;

/// The split into blocks of positions.
#[inline(always)]
fn split<S>(images: &Images, samples: usize, scratch: &Scratch<'_, S>) -> Option<Split> {
    let depth = scratch.weights.len() / (PANEL * LANES);
    images.split(samples, POSITIONS, scratch.inputs.len(), (images.taps(), depth))
}

/// Whether taps that lie on an image for the same positions are computed part by part: if enough products fall away, and there
/// are enough channels for tiles of one tap.
fn is_in_parts(images: &Images) -> bool {
    // A transposition of gradients for each part takes as long as the products of some channels, and of more if parts of rows fill
    // few lanes.
    let run = images.columns.products() / images.columns.taps().len().max(1);
    let run = if images.columns.is_whole() { LANES } else { run.clamp(1, LANES) };
    let rows = images.channels.next_multiple_of(4) + quotient(10 * LANES, run);
    !images.columns.is_whole() && images.products() * rows < products(images) * images.channels
}

/// Products with rows of the images alone, but with the zeros beside them.
fn products(images: &Images) -> usize {
    images.rows.products() * images.columns.count * images.columns.taps().len()
}

/// Products of a number with a vector of filters, for each channel and tap.
pub(in crate::kernels::convolution) fn positions(images: &Images) -> usize {
    let products = if is_in_parts(images) { images.products() } else { products(images) };
    products / images.taps().max(1)
}

/// Whether there is a split.
#[inline(always)]
pub(in crate::kernels::convolution) fn fits<S>(images: &Images, scratch: &Scratch<'_, S>) -> bool {
    let images = if is_in_parts(images) { images.sparse() } else { *images };
    split(&images, 1, scratch).is_some()
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    /// Adds them, over vectors of filters.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn over_filters<V: Simd>(mut self, simd: V) {
        let images = self.images;
        if !is_in_parts(&images) {
            return self.add_all(simd);
        }
        for rows in images.rows.parts() {
            for columns in images.columns.parts() {
                self.images = Images::new(rows, columns, images.channels, images.sample);
                self.add_all(simd);
            }
        }
    }

    /// Adds the gradients of all weights under the taps of the images.
    #[inline(always)]
    fn add_all<V: Simd>(&mut self, simd: V) {
        let Self { images, filters, window: (row, window), .. } = *self;
        let samples = self.x.len() / images.sample.max(1);
        let Some(split) = split(&images, samples, self.scratch) else { return };
        let (groups, panel) = (images.groups(), PANEL * lanes::<V, S>());
        let (taps, filter) = (images.taps(), window * images.channels);
        for group in 0..groups {
            for first in (0..images.channels).step_by(split.channels.max(1)) {
                let count = split.channels.min(images.channels - first);
                for from in (0..filters).step_by(panel) {
                    let width = panel.min(filters - from);
                    self.scratch.weights.fill(S::ZERO);
                    for block in images.blocks(samples, split) {
                        self.add_block(simd, &block, (group, from, width), (first, count));
                    }
                    let to = (group * filters + from) * filter + first * window;
                    let (Some(to), totals) = (self.dw.get_mut(to..), &*self.scratch.weights) else { return };
                    if taps == window {
                        transpose(simd, (totals, panel), (count * taps, width), (to, filter), 1, true);
                        continue;
                    }
                    for (index, tap) in images.tap_numbers(row).enumerate() {
                        let (totals, to) = (totals.get(index * panel..), to.get_mut(tap..));
                        let (Some(totals), Some(to)) = (totals, to) else { return };
                        transpose(simd, (totals, taps * panel), (count, width), (to, filter), window, true);
                    }
                }
            }
        }
    }

    /// Adds the products of a block to the sums of some filters and channels of a group.
    #[inline(always)]
    fn add_block<V: Simd>(
        &mut self,
        simd: V,
        block: &Block,
        (group, from, filters): (usize, usize, usize),
        (from_channel, channels): (usize, usize),
    ) {
        let images = self.images;
        let (places, panel) = (images.places(block, channels), PANEL * lanes::<V, S>());
        let x = images.numbers(
            simd,
            self.x,
            block,
            (group * images.channels + from_channel, channels),
            self.scratch.inputs,
        );
        let (plane, row) = self.outputs;
        let (runs, run) = if block.columns.len() == row {
            (1, block.rows.len() * row)
        } else {
            (block.rows.len(), block.columns.len())
        };
        let mut to = &mut *self.scratch.sums;
        for sample in block.samples.clone() {
            for line in 0..runs {
                let down = images.rows.first + block.rows.start + line;
                let place = down * row + images.columns.first + block.columns.start;
                let at = ((sample * images.groups() + group) * self.filters + from) * plane + place;
                let g = self.g.get(at..).unwrap_or_default();
                let Some((run_of, rest)) = to.split_at_mut_checked(run * panel) else { return };
                transpose(simd, (g, plane), (filters, run), (run_of, panel), 1, false);
                to = rest;
            }
        }
        let (mut starts, mut inner) = ([Row::default(); PLACES], [Place::default(); POSITIONS]);
        let mut rows = [Row::default(); DEPTH];
        let (down_all, across, along) = (images.rows.taps().len(), images.columns.taps().len(), images.whole(block).1);
        let clipped = |on: Range<usize>| on.start.max(block.rows.start)..on.end.min(block.rows.end);
        let mut parts = images.rows.taps_of_same().map(|(taps, on)| (taps, clipped(on))).peekable();
        while let Some((mut taps, sums_on)) = parts.next() {
            while let Some((more, _)) = parts.next_if(|(_, other)| *other == sums_on) {
                taps.end = more.end;
            }
            if sums_on.is_empty() {
                continue;
            }
            let start = (sums_on.start - block.rows.start) * images.rows.step;
            let down = Stretch { sums: sums_on, taps, start, from: 0 };
            let positions = images.starts(block, places, (&down, &along), Stored::in_order(block, panel), &mut starts);
            for (place, &Row { a, c }) in inner.iter_mut().zip(&starts) {
                *place = Place { a, b: c };
            }
            let (down, mut count) = (Stretch { start: 0, ..down }, 0);
            images.for_each_tap(places, channels, (&down, &along), |place, channel, [(down, _), (right, _)]| {
                if let Some(row) = rows.get_mut(count) {
                    let total = (channel * down_all + down) * across + right;
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
                    inner: inner.get(..positions).unwrap_or_default(),
                    repeats: Repeats::NONE,
                    b: &*self.scratch.sums,
                    c: &mut *self.scratch.weights,
                    lines: (1, 0, 0),
                    start: Origin::Zero,
                    is_added: true,
                    is_rectified: false,
                },
            );
        }
    }
}

const _: () = assert!(LANES * PANEL * POSITIONS <= 16384 && POSITIONS <= PLACES, "the gradients of a block fit");
