//! The products of a block's inputs and gradients, line by line, for one or two vectors of filters.
//!
//! `dw[t][f] += x[p + t] · g[p][f]`: where windows lie side by side, an input is under tap t of position p, and under tap t + 1 of the
//! one before. So an input that is broadcast is multiplied by the gradients of as many positions as there are taps in a row, which
//! stay in registers while a window of them moves on: several products for each number that is loaded, where a product of
//! matrices with a single vector of filters loads one for each. What lies on padding is left out at the ends of a line.
//!
//! Each sum is one chain over the positions of the block in order, as in a [product](crate::kernels::product::Scattered).

use core::ops::Range;

use crate::kernels::assert_in_tests;
use crate::kernels::convolution::blocks::{Block, Images, Places};
use crate::kernels::vector::{Operation, Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{balanced, ceil_div, cut, even};

/// The most taps of a row at a time, for one vector of filters and for two: a window of many vectors takes long to move on.
const TAPS: (usize, usize) = (6, 3);
/// The most channels at a time.
const CHANNELS: usize = 8;
/// The fewest channels that are worth it, if there are as many taps in a row.
const FEW: usize = 3;

/// Whether windows lie side by side along a line, and there are enough sums of a row of taps to keep a processor busy.
pub(super) fn suits(images: &Images) -> bool {
    let columns = &images.columns;
    columns.step == 1
        && columns.are_taps_together()
        && columns.count > 1
        && columns.len() > 1
        && images.channels >= FEW
        && images.channels * columns.len().min(TAPS.0) >= FEW * FEW
        && images.parts == 1
        && !images.is_dense
}

/// Whether that is so, and there are enough registers.
pub(super) fn fits<V: Simd, S: Scalar>(images: &Images) -> bool {
    S::Vector::<V>::REGISTERS >= 32 && suits(images)
}

/// What the gradients of a vector of filters cost for a sample, in multiplications of vectors.
pub(super) fn work(images: &Images) -> usize {
    let Images { rows, columns, channels, .. } = images;
    let tiles: usize = balanced(columns.len(), TAPS.0).map(|taps| ceil_div(*channels, most(taps.len(), 1))).sum();
    let products = images.products() * channels;
    products + products / 16 + 25 * rows.products() * tiles
}

/// The products, added to `totals[channel][tap of some rows][filter]`.
pub(super) struct Lines<'a, 'b, S> {
    pub(super) images: &'a Images,
    /// What the block reads: the images, from its first number on, or a copy.
    pub(super) x: &'a [S],
    /// Of each position, a panel.
    pub(super) g: &'a [S],
    pub(super) totals: &'b mut [S],
    pub(super) block: &'a Block,
    pub(super) places: Places,
    pub(super) channels: usize,
    /// Vectors of filters, and the numbers in a panel of them, of which there may be more.
    pub(super) filters: (usize, usize),
    /// The rows of taps.
    pub(super) taps_down: Range<usize>,
}

/// What some taps in a row of the window read along a line: of `positions`, tap t of position p reads number p + t from `first` on,
/// and there are those from `start` to `end`.
#[derive(Clone, Copy)]
struct Line {
    positions: usize,
    start: usize,
    end: usize,
}

/// Lines that read the same taps: how many rows of how many samples, and how far they lie apart in inputs and in gradients.
#[derive(Clone, Copy)]
struct Rows {
    samples: usize,
    rows: usize,
    x: (usize, usize),
    g: (usize, usize),
}

impl<S: Scalar> Operation for Lines<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { images, x, g, totals, block, places, channels, filters: (vectors, panel), taps_down } = self;
        let Images { rows, columns, .. } = images;
        let (across, positions) = (columns.len(), block.columns.len());
        // What is read of a line: all of it, from an element on; zeros around it that are copied count as elements.
        let (from, elements) = if images.is_in_place() {
            (columns.read(&block.columns).start, columns.before + columns.input)
        } else {
            (block.columns.start, usize::MAX)
        };
        for down in taps_down.clone() {
            let (sums, first_row) = if images.is_in_place() || rows.is_sparse {
                let all = rows.sums_on(down, &(0..rows.input));
                let sums = all.start.max(block.rows.start)..all.end.min(block.rows.end);
                (sums, rows.read(&block.rows).start)
            } else {
                (block.rows.clone(), block.rows.start * rows.step)
            };
            if sums.is_empty() {
                continue;
            }
            let row = rows.step * sums.start + rows.offset(down) - first_row;
            let lines = Rows {
                samples: block.samples.len(),
                rows: sums.len(),
                x: (places.sample, rows.step * places.row),
                g: (block.rows.len() * positions * panel, positions * panel),
            };
            for right in balanced(across, if vectors > 1 { TAPS.1 } else { TAPS.0 }.min(positions + 1)) {
                // The first element that the first tap reads for the first position, counted from the zeros before a row.
                let at = block.columns.start + columns.offset(right.start);
                let start = from.saturating_sub(at);
                let end = elements.saturating_sub(at).min(positions + right.len() - 1);
                let line = Line { positions, start: start.min(end), end };
                for some in cut(channels, even(channels, most(right.len(), vectors))) {
                    let mut starts = [0; CHANNELS];
                    for (start, channel) in starts.iter_mut().zip(some.clone()) {
                        *start = channel * places.channel + row * places.row + at;
                    }
                    let total = |channel: usize| {
                        ((channel * taps_down.len() + down - taps_down.start) * across + right.start) * panel
                    };
                    let tile = Tile {
                        x,
                        g: g.get((sums.start - block.rows.start) * positions * panel..).unwrap_or_default(),
                        totals: totals.get_mut(total(some.start)..).unwrap_or_default(),
                        panel,
                        apart: total(1) - total(0),
                        starts: (&starts, from, some.len()),
                        line,
                        lines,
                    };
                    tile.add(simd, right.len(), vectors);
                }
            }
        }
    }
}

/// The most channels at a time, for some taps: as many as there are registers for their sums, a gradient for each tap, and an input.
const fn most(taps: usize, vectors: usize) -> usize {
    match (taps, vectors) {
        (0..=2, 1) => 8,
        (3, 1) | (0..=2, _) => 6,
        (4, 1) => 5,
        (5, 1) | (3, _) => 4,
        _ => 3,
    }
}

/// Some taps in a row, of some channels.
struct Tile<'a, 'b, S> {
    x: &'a [S],
    g: &'a [S],
    totals: &'b mut [S],
    /// Numbers from a position's gradients to those of the next, and from a tap's totals to those of the next; and from a channel's.
    panel: usize,
    apart: usize,
    /// Where the number lies that the first tap reads for the first position, as if there were one; from how many numbers behind
    /// that on; and of how many channels.
    starts: (&'a [usize; CHANNELS], usize, usize),
    line: Line,
    lines: Rows,
}

impl<S: Scalar> Tile<'_, '_, S> {
    #[inline(always)]
    fn add<V: Simd>(mut self, simd: V, taps: usize, vectors: usize) {
        let (starts, from, channels) = self.starts;
        let (Line { positions, start, end }, lines, lanes) = (self.line, self.lines, lanes::<V, S>());
        if start >= end || channels == 0 || lines.samples == 0 || lines.rows == 0 {
            return;
        }
        let last = |(sample, row): (usize, usize)| (lines.samples - 1) * sample + (lines.rows - 1) * row;
        let furthest = starts.iter().take(channels).fold(0, |most, &start| most.max(start));
        let fits = channels <= CHANNELS
            && starts.iter().take(channels).all(|&first| first + start >= from)
            && furthest + end + last(lines.x) <= self.x.len() + from
            && vectors * lanes <= self.panel
            && positions * self.panel + last(lines.g) <= self.g.len()
            && (channels - 1) * self.apart + taps * self.panel <= self.totals.len()
            && taps <= positions + 1;
        assert_in_tests!(fits, "lines don't fit");
        if !fits {
            return;
        }
        // SAFETY: all numbers from the start to the end of each line are there for each channel, all gradients, and all totals.
        unsafe {
            match (vectors, taps, channels) {
                (1, 2, 6..) => self.sum::<V, 8, 2, 1>(simd),
                (1, 2, _) => self.sum::<V, 5, 2, 1>(simd),
                (1, 3, 5..) => self.sum::<V, 6, 3, 1>(simd),
                (1, 3, 4) => self.sum::<V, 4, 3, 1>(simd),
                (1, 3, _) => self.sum::<V, 3, 3, 1>(simd),
                (1, 4, 5..) => self.sum::<V, 5, 4, 1>(simd),
                (1, 4, 4) => self.sum::<V, 4, 4, 1>(simd),
                (1, 4, _) => self.sum::<V, 3, 4, 1>(simd),
                (1, 5, 4..) => self.sum::<V, 4, 5, 1>(simd),
                (1, 5, _) => self.sum::<V, 3, 5, 1>(simd),
                (1, 6, _) => self.sum::<V, 3, 6, 1>(simd),
                (1, ..) => self.sum::<V, 8, 1, 1>(simd),
                (_, 2, 5..) => self.sum::<V, 6, 2, 2>(simd),
                (_, 2, _) => self.sum::<V, 4, 2, 2>(simd),
                (_, 3, 4..) => self.sum::<V, 4, 3, 2>(simd),
                (_, 3, 3) => self.sum::<V, 3, 3, 2>(simd),
                (_, 3, _) => self.sum::<V, 2, 3, 2>(simd),
                _ => self.sum::<V, 6, 1, 2>(simd),
            }
        }
    }

    /// The sums of `R` channels, the last one again for those that there aren't, and `K` taps, for `N` vectors of filters.
    ///
    /// # Safety
    /// The conditions of [`add`](Self::add) hold, and there are `K` taps, and `N` vectors in a panel.
    #[inline(always)]
    unsafe fn sum<V: Simd, const R: usize, const K: usize, const N: usize>(&mut self, simd: V) {
        let (starts, from, channels) = self.starts;
        let (Line { positions, start, end }, lines, panel) = (self.line, self.lines, self.panel);
        let zero = [splat::<V, S>(simd, S::ZERO); N];
        let mut sums = [[zero; K]; R];
        let mut xs = [self.x.as_ptr(); R];
        for (index, x) in xs.iter_mut().enumerate() {
            let start = starts.get(index.min(channels - 1)).copied().unwrap_or_default();
            *x = x.wrapping_add(start).wrapping_sub(from);
        }
        for sample in 0..lines.samples {
            for row in 0..lines.rows {
                let xs = xs.map(|x| x.wrapping_add(sample * lines.x.0 + row * lines.x.1));
                let mut g = self.g.as_ptr().wrapping_add(sample * lines.g.0 + row * lines.g.1);
                // The gradients of the positions for which a number is under each tap.
                let mut window = [zero; K];
                // SAFETY: the caller's promise: gradients are read below `positions`, and numbers from `start` to `end`.
                unsafe {
                    for at in 0..K - 1 {
                        shift(&mut window, load(simd, g));
                        g = g.wrapping_add(panel);
                        if start <= at && at < end {
                            multiply::<V, S, R, K, N>(simd, (&xs, at), &window, &mut sums, 0..at + 1);
                        }
                    }
                    for _ in K - 1..start.min(positions) {
                        shift(&mut window, load(simd, g));
                        g = g.wrapping_add(panel);
                    }
                    for at in start.max(K - 1)..end.min(positions) {
                        shift(&mut window, load(simd, g));
                        g = g.wrapping_add(panel);
                        multiply::<V, S, R, K, N>(simd, (&xs, at), &window, &mut sums, 0..K);
                    }
                    for behind in 1..K {
                        shift(&mut window, zero);
                        let at = positions - 1 + behind;
                        if start <= at && at < end {
                            multiply::<V, S, R, K, N>(simd, (&xs, at), &window, &mut sums, behind..K);
                        }
                    }
                }
            }
        }
        for (channel, sums) in sums.iter().enumerate().take(channels) {
            for (tap, sums) in sums.iter().enumerate() {
                for (index, &sum) in sums.iter().enumerate() {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let to = channel * self.apart + tap * panel + index * lanes::<V, S>();
                        let to = self.totals.as_mut_ptr().add(to);
                        (S::Vector::<V>::load(simd, to) + sum).store(to);
                    }
                }
            }
        }
    }
}

/// Moves a window on by a position. One by one: moved together, they would go through memory.
#[inline(always)]
fn shift<T: Copy, const K: usize>(window: &mut [T; K], next: T) {
    window.iter_mut().fold(next, |next, place| core::mem::replace(place, next));
}

/// The gradients of a position.
///
/// # Safety
/// As many vectors can be read.
#[inline(always)]
unsafe fn load<V: Simd, S: Scalar, const N: usize>(simd: V, g: *const S) -> [S::Vector<V>; N] {
    let mut vectors = [splat::<V, S>(simd, S::ZERO); N];
    for (index, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *vector = unsafe { S::Vector::<V>::load(simd, g.add(index * lanes::<V, S>())) };
    }
    vectors
}

/// Adds the products of a number of each channel and the gradients of a window, under some taps.
///
/// # Safety
/// The numbers can be read.
#[inline(always)]
unsafe fn multiply<V: Simd, S: Scalar, const R: usize, const K: usize, const N: usize>(
    simd: V,
    (xs, at): (&[*const S; R], usize),
    window: &[[S::Vector<V>; N]; K],
    sums: &mut [[[S::Vector<V>; N]; K]; R],
    taps: Range<usize>,
) {
    for (x, sums) in xs.iter().zip(sums) {
        // SAFETY: the caller's promise.
        let x = splat::<V, S>(simd, unsafe { *x.wrapping_add(at) });
        for (tap, (sums, gradients)) in sums.iter_mut().zip(window).enumerate() {
            if taps.contains(&tap) {
                for (sum, g) in sums.iter_mut().zip(gradients) {
                    *sum = g.mul_add(x, *sum);
                }
            }
        }
    }
}
