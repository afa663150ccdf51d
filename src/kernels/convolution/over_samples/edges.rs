//! The sums of lines at whose ends taps lie on zeros, over vectors of samples.
//!
//! A tile is some neighbouring sums of a line, of some filters. Near an end of the line, a tap lies on elements for some of them alone: it
//! is added to those, in the loop that adds the others to all. As separate products, of the sums that read the same taps, there would be
//! one for each sum near an end, too small to keep a processor busy.
//!
//! Each sum is one chain: over channels, and in each over the taps in the order of what they read.

use core::ops::Range;

use crate::kernels::assert_in_tests;
use crate::kernels::convolution::blocks::{Block, Images};
use crate::kernels::convolution::track::{Stretch, Track};
use crate::kernels::product::Origin;
use crate::kernels::vector::{Operation, Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{balanced, ceil_div};

/// The most filters in a tile.
const FILTERS: usize = 8;
/// Sums of a filter in a tile: with more of them, not all stay in registers in each of the loops.
const SUMS: usize = 2;
/// The fewest filters that are worth it, and the shortest lines: of shorter ones, few products are of many lines.
const FEW: (usize, usize) = (5, 6);

/// Whether lines have ends where taps lie on zeros, and there are enough filters to keep a processor busy.
pub(super) fn suits(images: &Images, filters: usize) -> bool {
    let columns = &images.columns;
    filters >= FEW.0 && columns.count >= FEW.1 && columns.stretches(0..columns.count).nth(1).is_some()
}

/// Filters in a tile, some of which may be there twice.
fn together(filters: usize) -> usize {
    match ceil_div(filters, ceil_div(filters, FILTERS)) {
        7.. => 8,
        5..=6 => 6,
        _ => 4,
    }
}

/// What a line costs for a row of taps of a channel, and for itself, in multiplications of vectors.
pub(super) fn work(images: &Images, filters: usize) -> (usize, usize) {
    let (columns, rows) = (&images.columns, together(filters));
    let groups_of_filters = ceil_div(filters, FILTERS);
    let (mut products, mut tiles) = (0, 0);
    for tile in balanced(columns.count, SUMS) {
        let Shares { second, both, first } = Shares::of(columns, &tile);
        for (taps, sums) in [(second, 1), (both, SUMS), (first, 1)] {
            if taps.is_empty() {
                continue;
            }
            products += taps.len() * (rows * sums).max(rows + sums) + 4;
        }
        tiles += 1;
    }
    // Measured, they take a tenth longer than their loads and multiplications.
    let products = products + products / 10;
    (products * groups_of_filters, groups_of_filters * tiles * (66 + 3 * rows * SUMS))
}

/// The taps of a row of the window that lie on elements for a tile's sums, in order: for the second one alone, for both, and for the first
/// alone.
#[derive(Clone)]
struct Shares {
    second: Range<usize>,
    both: Range<usize>,
    first: Range<usize>,
}

impl Shares {
    #[inline(always)]
    fn of(columns: &Track, tile: &Range<usize>) -> Self {
        let first = columns.taps_of(tile.start);
        if tile.len() < SUMS {
            return Self { second: 0..0, both: 0..0, first };
        }
        // It reads further on, so that its taps neither begin nor end later.
        let second = columns.taps_of(tile.start + 1);
        let shared = first.start..second.end.max(first.start);
        Self { second: second.start..second.end.min(first.start), first: shared.end..first.end, both: shared }
    }
}

/// The sums of a block's lines that read the same rows of taps.
pub(super) struct Edges<'a, 'b, S> {
    pub(super) images: &'a Images,
    pub(super) block: &'a Block,
    pub(super) down: &'a Stretch,
    /// From a channel of what the block reads to the next, in rows.
    pub(super) height: usize,
    /// Weights, and how far those of neighbouring filters, channels and rows of taps lie apart.
    pub(super) weights: &'a [S],
    pub(super) apart: (usize, usize, usize),
    pub(super) filters: usize,
    pub(super) channels: usize,
    /// The vectors that the block reads.
    pub(super) x: &'a [S],
    pub(super) y: &'b mut [S],
    pub(super) start: Origin<'a, S>,
    pub(super) is_rectified: bool,
}

impl<S: Scalar> Operation for Edges<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        if S::Vector::<V>::REGISTERS < 32 {
            return self.lines::<V, 4>(simd);
        }
        match together(self.filters) {
            8 => self.lines::<V, 8>(simd),
            6 => self.lines::<V, 6>(simd),
            _ => self.lines::<V, 4>(simd),
        }
    }
}

/// Where a tile's numbers lie.
#[derive(Clone, Copy)]
struct Place {
    /// Its first filter, and how many there are.
    filters: (usize, usize),
    /// How many sums of a filter there are.
    sums: usize,
    /// From the first number that the block reads to the one under the first row of taps, under an element before the line's first by
    /// `before` numbers; and the first sum.
    x: usize,
    before: usize,
    y: usize,
}

impl<S: Scalar> Edges<'_, '_, S> {
    /// In tiles of `R` filters.
    #[inline(always)]
    fn lines<V: Simd, const R: usize>(&mut self, simd: V) {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let (read, width) = (columns.input * lanes, columns.count * lanes);
        if !self.fits::<V>() {
            return;
        }
        for tile in balanced(columns.count, SUMS) {
            let shares = Shares::of(columns, &tile);
            for line in 0..self.down.sums.len() {
                for filters in balanced(self.filters, R) {
                    let place = Place {
                        filters: (filters.start, filters.len()),
                        sums: tile.len(),
                        x: (self.down.start + line * rows.step) * read + columns.step * tile.start * lanes,
                        before: columns.before * lanes,
                        y: (self.down.sums.start - self.block.rows.start + line) * width + tile.start * lanes,
                    };
                    // SAFETY: everything fits, and the taps lie on elements for their sums.
                    unsafe { self.tile::<V, R>(simd, place, &shares) };
                }
            }
        }
    }

    /// Whether there is something to compute, and the slices are long enough.
    #[inline(always)]
    fn fits<V: Simd>(&self) -> bool {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let (filter, channel, row) = self.apart;
        if self.filters == 0 || self.channels == 0 || self.down.sums.is_empty() {
            return false;
        }
        let (mut last_row, mut down) = (0, 0);
        for (offset, _, tap) in rows.under(self.down) {
            (last_row, down) = (offset.max(last_row), tap.max(down));
        }
        let along = columns.numbers(0..columns.len()).fold(0, usize::max);
        let a = (self.filters - 1) * filter + (self.channels - 1) * channel + down * row + along;
        let last_row = self.down.start + (self.down.sums.len() - 1) * rows.step + last_row;
        let b = ((self.channels - 1) * self.height + last_row + 1) * columns.input * lanes;
        let of_filter = self.block.rows.len() * columns.count;
        let last = self.down.sums.end - self.block.rows.start;
        let c = ((self.filters - 1) * of_filter + last * columns.count) * lanes;
        // Sums under whose windows there are zeros alone read nothing.
        let reads = a < self.weights.len() && last_row < self.height && b <= self.x.len();
        let fits = (self.down.taps.is_empty() || reads) && c <= self.y.len() && self.start.fits(self.filters, lanes);
        assert_in_tests!(fits, "lines don't fit");
        fits
    }

    /// Some sums of a line, of `R` filters, the last one again for those that there aren't.
    ///
    /// # Safety
    /// Everything [fits](Self::fits), there are such filters and sums, and the taps lie on elements for their sums.
    #[inline(always)]
    unsafe fn tile<V: Simd, const R: usize>(&mut self, simd: V, place: Place, shares: &Shares) {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let (filter, channel, row) = self.apart;
        let read = columns.input * lanes;
        let (x_channel, of_filter) = (self.height * read, self.block.rows.len() * columns.count);
        let (first, count) = place.filters;
        let filters: [usize; R] = core::array::from_fn(|index| first + index.min(count - 1));
        let mut sums = [[splat::<V, S>(simd, S::ZERO); SUMS]; R];
        // SAFETY: the caller's promise.
        unsafe {
            for (sums, &filter) in sums.iter_mut().zip(&filters) {
                for (at, sum) in sums.iter_mut().enumerate() {
                    match self.start {
                        Origin::Column(start) if !start.is_empty() => *sum = splat(simd, *start.get_unchecked(filter)),
                        Origin::Sum if at < place.sums => {
                            let from = self.y.as_ptr().add(filter * of_filter * lanes + place.y + at * lanes);
                            *sum = S::Vector::<V>::load(simd, from);
                        }
                        _ => {}
                    }
                }
            }
        }
        let a = filters.map(|index| self.weights.as_ptr().wrapping_add(index * filter));
        let x = self.x.as_ptr().wrapping_add(place.x).wrapping_sub(place.before);
        let step = columns.step * lanes;
        let mut down = rows.under(self.down);
        let (rows_of_taps, first_row) = (down.len(), down.next().unwrap_or_default());
        let next_row = down.next().unwrap_or(first_row);
        let row_apart = (next_row.2.wrapping_sub(first_row.2)).wrapping_mul(row);
        let mut numbers = columns.numbers(0..2);
        let first_number = numbers.next().unwrap_or_default();
        let tap_apart = numbers.next().unwrap_or_default().wrapping_sub(first_number);
        let apart = (tap_apart, (columns.offset(1) - columns.offset(0)) * lanes);
        // Of a range of taps, the weight and the number that the first reads, and how many there are.
        let of = |taps: &Range<usize>| {
            let number = first_number.wrapping_add(taps.start.wrapping_mul(tap_apart));
            (number, columns.offset(taps.start) * lanes, taps.len())
        };
        let (second, both, first) = (of(&shares.second), of(&shares.both), of(&shares.first));
        for channel_of in 0..self.channels {
            let mut at = (channel_of * channel).wrapping_add(first_row.2.wrapping_mul(row));
            let mut x = x.wrapping_add(channel_of * x_channel);
            for _ in 0..rows_of_taps {
                let taps = |(number, offset, count): (usize, usize, usize)| Taps {
                    a: &a,
                    at: at.wrapping_add(number),
                    x: x.wrapping_add(offset),
                    step,
                    apart,
                    count,
                };
                // SAFETY: the caller's promise. With a constant range, the sums stay in registers without a branch for each.
                unsafe {
                    taps(second).add(simd, &mut sums, 1..SUMS);
                    taps(both).add(simd, &mut sums, 0..SUMS);
                    taps(first).add(simd, &mut sums, 0..1);
                }
                at = at.wrapping_add(row_apart);
                x = x.wrapping_add((next_row.0 - first_row.0) * read);
            }
        }
        for (sums, &filter) in sums.iter().zip(&filters) {
            for (at, &sum) in sums.iter().enumerate() {
                if at < place.sums {
                    let sum = if self.is_rectified { sum.max(sum.constant(0.0)) } else { sum };
                    // SAFETY: the caller's promise.
                    unsafe { sum.store(self.y.as_mut_ptr().add(filter * of_filter * lanes + place.y + at * lanes)) };
                }
            }
        }
    }
}

/// Some taps of a row of the window: the weights of each filter, from which on that of the first tap lies, and what it would read for a
/// tile's first sum.
struct Taps<'a, S, const R: usize> {
    a: &'a [*const S; R],
    at: usize,
    x: *const S,
    /// From what a sum reads to what the next does.
    step: usize,
    /// From a tap's weight to that of the next, and the same of what they read.
    apart: (usize, usize),
    count: usize,
}

impl<S: Scalar, const R: usize> Taps<'_, S, R> {
    /// Adds their products to some sums of each filter.
    ///
    /// # Safety
    /// The weights can be read, and what the taps read for these sums.
    #[inline(always)]
    unsafe fn add<V: Simd>(&self, simd: V, sums: &mut [[S::Vector<V>; SUMS]; R], of: Range<usize>) {
        let (mut at, mut x) = (self.at, self.x);
        for _ in 0..self.count {
            let mut xs = [splat::<V, S>(simd, S::ZERO); SUMS];
            for (place, to) in xs.iter_mut().enumerate() {
                if of.contains(&place) {
                    // SAFETY: the caller's promise.
                    *to = unsafe { S::Vector::<V>::load(simd, x.wrapping_add(place * self.step)) };
                }
            }
            for (sums, a) in sums.iter_mut().zip(self.a) {
                // SAFETY: the caller's promise.
                let a = splat::<V, S>(simd, unsafe { *a.wrapping_add(at) });
                for (place, (sum, &x)) in sums.iter_mut().zip(&xs).enumerate() {
                    if of.contains(&place) {
                        *sum = x.mul_add(a, *sum);
                    }
                }
            }
            (at, x) = (at.wrapping_add(self.apart.0), x.wrapping_add(self.apart.1));
        }
    }
}
