//! The gradient of the weights of few filters for few channels, over vectors of positions.
//!
//! `dw[f, c, t] += Σ g[f][p] · x[p's tap t in c]`: what a tap reads for neighbouring positions is a piece of a row of the image,
//! and so are their gradients. Both are laid out with zeros in between, so that no lane is left out of a product, and the sums
//! of some filters and some taps stay in registers: each vector is read once for all of them.
//!
//! Lanes run over the terms of a sum. So there are [`LANES`] chains, whatever the width of a vector, of which each is one over
//! the positions of a block; the sums of blocks are added, and in the end the chains.

use super::Images;
use crate::chunks::Chunks;
use crate::kernels::convolution::Scratch;
use crate::kernels::convolution::blocks::{Block, DEPTH, Split};
use crate::kernels::convolution::correlation::WeightGradient;
use crate::kernels::lane_sums::total_each;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::{ceil_div, quotient};

/// The most vectors of positions in a block.
const VECTORS: usize = 256;
/// The most filters at a time.
const FILTERS: usize = 8;

/// How positions are laid out: in lines, each of whole vectors, of one row or of several with the numbers between them.
#[derive(Clone, Copy)]
struct Layout {
    is_together: bool,
}

impl Layout {
    fn of(images: &Images) -> Self {
        Self { is_together: images.vectors(images.rows.count, LANES).1 }
    }

    /// Lines of a sample, the positions of each, and from the first position of a row to that of the next.
    #[inline(always)]
    fn lines(self, images: &Images, block: &Block) -> (usize, usize, usize) {
        let (rows, columns) = (block.rows.len(), block.columns.len());
        if self.is_together {
            let pitch = images.columns.seen(columns);
            (1, rows.saturating_sub(1) * pitch + columns, pitch)
        } else {
            (rows, columns, columns)
        }
    }
}

/// Vectors of positions for each multiplication of a filter with a channel under a tap.
pub(in crate::kernels::convolution) fn vectors(images: &Images) -> usize {
    images.vectors(images.rows.count, LANES).0
}

/// What copies of a sample's images cost, in multiplications of vectors.
pub(in crate::kernels::convolution) fn copies(images: &Images, filters: usize) -> usize {
    images.in_parts().copies(images.rows.count, LANES) * ceil_div(filters, FILTERS)
}

/// The filters at a time, and the split into blocks, if there is one.
#[inline(always)]
fn split<S>(images: &Images, samples: usize, filters: usize, scratch: &Scratch<'_, S>) -> Option<(usize, Split)> {
    let taps = images.taps();
    let together = filters.min(FILTERS).min(quotient(scratch.weights.len(), LANES * taps));
    if together == 0 || taps > DEPTH {
        return None;
    }
    // Of positions in lines of whole vectors, as many as there is room for.
    let (most, columns) = (quotient(scratch.sums.len(), together).min(VECTORS * LANES), images.columns.count);
    let line =
        if Layout::of(images).is_together { images.columns.seen(columns) } else { columns }.next_multiple_of(LANES);
    let places = if line <= most { quotient(most, line) * columns } else { most - LANES };
    let depth = quotient(scratch.weights.len(), LANES * together);
    let split = images.in_parts().split(samples, places, scratch.inputs.len(), (taps, depth))?;
    Some((together, split))
}

/// Whether there is a split.
#[inline(always)]
pub(in crate::kernels::convolution) fn fits<S>(images: &Images, filters: usize, scratch: &Scratch<'_, S>) -> bool {
    split(images, 1, filters, scratch).is_some()
}

impl<S: Scalar> WeightGradient<'_, '_, S> {
    /// Adds them, over vectors of positions.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn over_positions<V: Simd>(self, simd: V) {
        let Self { filters, window: (width, window), outputs: (plane, row), x, g, dw, scratch, .. } = self;
        let images = self.images.in_parts();
        let (samples, groups) = (x.len() / images.sample.max(1), images.groups());
        let Some((together, split)) = split(&images, samples, filters, scratch) else { return };
        let (layout, taps) = (Layout::of(&images), images.taps());
        let mut offsets = [0; DEPTH];
        let mut vectors = [0; VECTORS];
        for group in 0..groups {
            for first in (0..images.channels).step_by(split.channels.max(1)) {
                let channels = split.channels.min(images.channels - first);
                for from in (0..filters).step_by(together.max(1)) {
                    let filters = (from, together.min(filters - from));
                    let depth = channels * taps;
                    let Some(totals) = scratch.weights.get_mut(..filters.1 * depth * LANES) else { return };
                    totals.fill(S::ZERO);
                    for block in images.blocks(samples, split) {
                        let places = images.places(&block, channels);
                        images.under_taps(places, channels, 1, &mut offsets);
                        let (lines, columns, pitch) = layout.lines(&images, &block);
                        let whole = columns.next_multiple_of(LANES);
                        let channel = group * images.channels + first;
                        images.numbers(simd, x, &block, (channel, channels), scratch.inputs);
                        // What the last vector reads behind the copy is multiplied by zeros.
                        let end = block.samples.len() * places.sample;
                        scratch.inputs.get_mut(end..end + LANES).unwrap_or_default().fill(S::ZERO);
                        let mut count = 0;
                        for sample in 0..block.samples.len() {
                            for line in 0..lines {
                                let start = sample * places.sample + line * images.rows.step * places.row;
                                for at in (0..whole).step_by(LANES) {
                                    if let Some(vector) = vectors.get_mut(count) {
                                        *vector = (start + at) as u32;
                                    }
                                    count += 1;
                                }
                            }
                        }
                        // The gradients of each filter, in the same lines.
                        let length = count * LANES;
                        for filter in 0..filters.1 {
                            let mut to = filter * length;
                            for sample in block.samples.clone() {
                                let at = ((sample * groups + group) * self.filters + from + filter) * plane;
                                let at = at + block.rows.start * row + block.columns.start;
                                let (g, to_line) = (g.get(at..).unwrap_or_default(), scratch.sums.get_mut(to..));
                                let columns = block.columns.len();
                                let lay = LayLines {
                                    g,
                                    row,
                                    width: columns,
                                    rows: block.rows.len(),
                                    pitch: if layout.is_together { pitch } else { whole },
                                    length: lines * whole,
                                };
                                lay.to(simd, to_line.unwrap_or_default());
                                to += lines * whole;
                            }
                        }
                        simd.call(Tiles {
                            x: &*scratch.inputs,
                            g: &*scratch.sums,
                            vectors: vectors.get(..count).unwrap_or_default(),
                            offsets: offsets.get(..depth).unwrap_or_default(),
                            filters: filters.1,
                            totals: &mut *scratch.weights,
                        });
                    }
                    let mut totals = &*scratch.weights;
                    for filter in 0..filters.1 {
                        let at = ((group * self.filters + from + filter) * images.channels + first) * window;
                        let Some(dw) = dw.get_mut(at..at + channels * window) else { return };
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
        }
    }
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
        debug_assert!(fits && self.length <= to.len(), "gradients don't fit");
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

/// The products of a block, added to `totals[f][t]`, each of [`LANES`] numbers.
struct Tiles<'a, 'b, S> {
    x: &'a [S],
    /// For each filter, all vectors.
    g: &'a [S],
    /// Where each vector lies in x.
    vectors: &'a [u32],
    /// Where taps of channels lie, from there on.
    offsets: &'a [u32],
    filters: usize,
    totals: &'b mut [S],
}

impl<S: Scalar> Operation for Tiles<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        let most = |numbers: &[u32]| numbers.iter().fold(0, |most, &number| most.max(number)) as usize;
        let depth = self.offsets.len();
        let fits = most(self.vectors) + most(self.offsets) + LANES <= self.x.len()
            && self.filters * self.vectors.len() * LANES <= self.g.len()
            && self.filters * depth * LANES <= self.totals.len();
        debug_assert!(fits, "positions don't fit");
        if !fits || depth == 0 {
            return;
        }
        let mut filter = 0;
        while filter < self.filters {
            // SAFETY: all vectors can be read under all taps, and there is a total for each filter and tap.
            unsafe {
                filter += match self.filters - filter {
                    6.. if S::Vector::<V>::REGISTERS >= 32 => self.rows::<V, 6, 4>(simd, filter),
                    4.. if S::Vector::<V>::REGISTERS >= 32 => self.rows::<V, 4, 6>(simd, filter),
                    4.. => self.rows::<V, 4, 2>(simd, filter),
                    2.. => self.rows::<V, 2, 5>(simd, filter),
                    _ => self.rows::<V, 1, 10>(simd, filter),
                };
            }
        }
    }
}

impl<S: Scalar> Tiles<'_, '_, S> {
    /// The sums of `R` filters, for `C` taps at a time. Returns R.
    ///
    /// # Safety
    /// There are as many filters, and all of `run`'s conditions hold.
    #[inline(always)]
    unsafe fn rows<V: Simd, const R: usize, const C: usize>(&mut self, simd: V, filter: usize) -> usize {
        let depth = self.offsets.len();
        let mut tap = 0;
        while tap < depth {
            for lane in (0..LANES).step_by(lanes::<V, S>()) {
                // SAFETY: the caller's promise.
                unsafe {
                    if depth - tap == 1 {
                        self.tile::<V, R, 1>(simd, filter, tap, lane);
                    } else {
                        self.tile::<V, R, C>(simd, filter, tap, lane);
                    }
                }
            }
            tap += if depth - tap == 1 { 1 } else { C };
        }
        R
    }

    /// Some lanes of the sums of `R` filters and `C` taps, of which those behind the last are computed but not kept.
    ///
    /// # Safety
    /// As for [`rows`](Self::rows).
    #[inline(always)]
    unsafe fn tile<V: Simd, const R: usize, const C: usize>(
        &mut self,
        simd: V,
        filter: usize,
        tap: usize,
        lane: usize,
    ) {
        let (depth, length) = (self.offsets.len(), self.vectors.len() * LANES);
        let mut sums = [[splat::<V, S>(simd, S::ZERO); C]; R];
        // SAFETY: the caller's promise.
        unsafe {
            let (mut xs, mut gs) = ([self.x.as_ptr(); C], [self.g.as_ptr(); R]);
            for (index, x) in xs.iter_mut().enumerate() {
                *x = x.add(*self.offsets.get_unchecked((tap + index).min(depth - 1)) as usize + lane);
            }
            for (index, g) in gs.iter_mut().enumerate() {
                *g = g.add((filter + index) * length + lane);
            }
            for (index, &at) in self.vectors.iter().enumerate() {
                let mut vectors = [splat::<V, S>(simd, S::ZERO); R];
                for (vector, g) in vectors.iter_mut().zip(gs) {
                    *vector = S::Vector::<V>::load(simd, g.add(index * LANES));
                }
                for (column, x) in xs.iter().enumerate() {
                    let x = S::Vector::<V>::load(simd, x.add(at as usize));
                    for (sums, &g) in sums.iter_mut().zip(&vectors) {
                        sums[column] = x.mul_add(g, sums[column]);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (column, &sum) in sums.iter().enumerate().take(depth - tap) {
                    let to = self.totals.as_mut_ptr().add(((filter + row) * depth + tap + column) * LANES + lane);
                    (S::Vector::<V>::load(simd, to) + sum).store(to);
                }
            }
        }
    }
}

const _: () = assert!(VECTORS * LANES <= 16384, "the gradients of a filter fit");
