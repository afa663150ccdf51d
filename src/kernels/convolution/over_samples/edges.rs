//! The sums of lines at whose ends taps lie on zeros, over vectors of samples.
//!
//! A tile is two sums of some filters, one below the other: of the same columns of taps, and near an end of the rows, of some rows of taps for
//! one of them alone. So of a channel, a tile has up to three lists of taps, those of the second sum, of both, and of the first, and each is
//! added in one loop. Of an odd number of rows, the two in the last one are neighbours, and each row of taps has such lists. As separate
//! products, of the sums that read the same taps, there would be one for each sum near an end, too small to keep a processor busy.
//!
//! Each sum is one chain: over channels, and in each over the taps in the order of what they read.

use core::ops::Range;

use crate::kernels::assert_in_tests;
use crate::kernels::convolution::blocks::{Block, DEPTH, Images};
use crate::kernels::convolution::track::Track;
use crate::kernels::product::{Origin, Place};
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

/// What a block of some rows costs for each channel, and for itself, in multiplications of vectors.
pub(super) fn work(images: &Images, filters: usize, block: &Range<usize>) -> (usize, usize) {
    let (Images { rows, columns, .. }, tall) = (images, together(filters));
    // Of the pairs of an axis: the products, for some taps of the other axis, which are in some lists.
    let pairs = |track: &Track, sums: Range<usize>, taps: usize, lists: usize| {
        let mut products = 0;
        for pair in balanced(sums.len(), SUMS) {
            let Shares { second, both, first } = Shares::of(track, &(sums.start + pair.start..sums.start + pair.end));
            for (shared, count) in [(second, 1), (both, SUMS), (first, 1)] {
                if !shared.is_empty() {
                    products += shared.len() * taps * (tall * count).max(tall + count + 2) + 6 * lists;
                }
            }
        }
        products
    };
    let end = block.end - block.len() % SUMS;
    let mut products = pairs(rows, block.start..end, columns.products(), columns.count);
    let mut tiles = block.len() / SUMS * columns.count;
    if end < block.end {
        let taps = rows.taps_of(end).len();
        products += pairs(columns, 0..columns.count, taps, taps);
        tiles += ceil_div(columns.count, SUMS);
    }
    let groups_of_filters = ceil_div(filters, FILTERS);
    // Taps are listed anew near the ends of rows.
    let listed = 8 * images.taps() * columns.count.min(2 * columns.len());
    (products * groups_of_filters, groups_of_filters * tiles * (66 + 3 * tall * SUMS) + listed)
}

/// The taps along an axis that lie on elements for one or two neighbouring sums, in order: for the second one alone, for both, and for the
/// first alone.
#[derive(Clone)]
struct Shares {
    second: Range<usize>,
    both: Range<usize>,
    first: Range<usize>,
}

impl Shares {
    #[inline(always)]
    fn of(track: &Track, sums: &Range<usize>) -> Self {
        let first = track.taps_of(sums.start);
        if sums.len() < SUMS {
            return Self { second: 0..0, both: 0..0, first };
        }
        // It reads further on, so that its taps neither begin nor end later.
        let second = track.taps_of(sums.start + 1);
        let shared = first.start..second.end.max(first.start);
        Self { second: second.start..second.end.min(first.start), first: shared.end..first.end, both: shared }
    }

    /// The lists of a table that has `each` places for each tap from the one at index `from` on.
    #[inline(always)]
    fn lists(self, table: &[Place], from: usize, each: usize) -> [&[Place]; 3] {
        [self.second, self.both, self.first].map(|taps| {
            let places = taps.start.saturating_sub(from) * each..taps.end.saturating_sub(from) * each;
            table.get(places).unwrap_or_default()
        })
    }
}

/// The sums of a block.
pub(super) struct Edges<'a, 'b, S> {
    pub(super) images: &'a Images,
    pub(super) block: &'a Block,
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
            return self.pairs::<V, 6>(simd);
        }
        match together(self.filters) {
            8 => self.pairs::<V, 8>(simd),
            6 => self.pairs::<V, 6>(simd),
            _ => self.pairs::<V, 4>(simd),
        }
    }
}

/// One or two neighbouring sums of some filters.
struct Tile<'a> {
    /// The first filter, and how many there are.
    filters: (usize, usize),
    /// How many sums of a filter there are.
    sums: usize,
    /// Where the first sum lies, and from it to the second.
    y: (usize, usize),
    /// The number that a tap at the place 0 would read for the first sum; and from it to what it reads for the second.
    x: (usize, usize),
    /// The weight at the place 0.
    a: usize,
    /// Where the taps of the second sum lie, of both, and of the first.
    lists: [&'a [Place]; 3],
    /// How many rows of taps have these lists, and how far they lie apart in the weights and in what is read.
    rows: (usize, usize, usize),
}

impl<S: Scalar> Edges<'_, '_, S> {
    /// In tiles of `R` filters.
    #[inline(always)]
    fn pairs<V: Simd, const R: usize>(&mut self, simd: V) {
        if !self.fits::<V>() {
            return;
        }
        let lines = self.block.rows.clone();
        let paired = lines.start..lines.end - lines.len() % SUMS;
        if !paired.is_empty() {
            self.pairs_down::<V, R>(simd, &paired);
        }
        (paired.end..lines.end).for_each(|line| self.pairs_along::<V, R>(simd, line));
    }

    /// The sums of some rows of the block, an even number, in pairs of one below the other.
    #[inline(always)]
    fn pairs_down<V: Simd, const R: usize>(&mut self, simd: V, lines: &Range<usize>) {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let (read, width, row) = (columns.input * lanes, columns.count * lanes, self.apart.2);
        // Later sums read further on, with taps that come no later.
        let all = rows.taps_of(lines.end.saturating_sub(1)).start..rows.taps_of(lines.start).end;
        let (mut table, mut listed) = ([Place::default(); DEPTH], 0..0);
        for column in 0..columns.count {
            let taps = columns.taps_of(column);
            if taps != listed {
                let mut to = table.iter_mut();
                for (down, of_row) in rows.numbered(all.clone()) {
                    for ((right, tap), to) in columns.numbered(taps.clone()).zip(&mut to) {
                        *to = Place { a: (of_row * row + tap) as u32, b: (down * read + right * lanes) as u32 };
                    }
                }
                listed = taps.clone();
            }
            for line in lines.clone().step_by(SUMS) {
                let lists = Shares::of(rows, &(line..line + SUMS)).lists(&table, all.start, taps.len());
                for filters in balanced(self.filters, R) {
                    let tile = Tile {
                        filters: (filters.start, filters.len()),
                        sums: SUMS,
                        y: ((line - self.block.rows.start) * width + column * lanes, width),
                        x: (self.read_at::<V>(line, column), rows.step * read),
                        a: 0,
                        lists,
                        rows: (1, 0, 0),
                    };
                    // SAFETY: everything fits, and the taps lie on elements for their sums.
                    unsafe { self.tile_of::<V, R>(simd, &tile) };
                }
            }
        }
    }

    /// The sums of a row of the block, in pairs of neighbours.
    #[inline(always)]
    fn pairs_along<V: Simd, const R: usize>(&mut self, simd: V, line: usize) {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let (read, width, row) = (columns.input * lanes, columns.count * lanes, self.apart.2);
        // All taps of a row of the window, which lie equally far apart in each.
        let mut table = [Place::default(); DEPTH];
        for (to, (right, tap)) in table.iter_mut().zip(columns.numbered(0..columns.len())) {
            *to = Place { a: tap as u32, b: (right * lanes) as u32 };
        }
        let mut taps = rows.numbered(rows.taps_of(line));
        let (count, first) = (taps.len(), taps.next().unwrap_or_default());
        let next = taps.next().unwrap_or(first);
        let apart = (next.1.wrapping_sub(first.1).wrapping_mul(row), (next.0 - first.0) * read);
        for sums in balanced(columns.count, SUMS) {
            let lists = Shares::of(columns, &sums).lists(&table, 0, 1);
            for filters in balanced(self.filters, R) {
                let tile = Tile {
                    filters: (filters.start, filters.len()),
                    sums: sums.len(),
                    y: ((line - self.block.rows.start) * width + sums.start * lanes, lanes),
                    x: (self.read_at::<V>(line, sums.start).wrapping_add(first.0 * read), columns.step * lanes),
                    a: first.1 * row,
                    lists,
                    rows: (count, apart.0, apart.1),
                };
                // SAFETY: everything fits, and the taps lie on elements for their sums.
                unsafe { self.tile_of::<V, R>(simd, &tile) };
            }
        }
    }

    /// What a tap at an offset of 0 would read for a sum, from the first number that the block reads on: there may be no such number.
    #[inline(always)]
    fn read_at<V: Simd>(&self, line: usize, column: usize) -> usize {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let down = (rows.step * line).wrapping_sub(rows.read(&self.block.rows).start);
        let right = (columns.step * column).wrapping_sub(columns.before);
        down.wrapping_mul(columns.input).wrapping_add(right).wrapping_mul(lanes)
    }

    /// Whether there is something to compute, and the slices are long enough.
    #[inline(always)]
    fn fits<V: Simd>(&self) -> bool {
        let (Images { rows, columns, .. }, lanes) = (self.images, lanes::<V, S>());
        let (filter, channel, row) = self.apart;
        if self.filters == 0 || self.channels == 0 || self.block.rows.is_empty() || self.images.taps() > DEPTH {
            return false;
        }
        let last = |track: &Track| track.numbers(0..track.len()).fold(0, usize::max);
        let a = (self.filters - 1) * filter + (self.channels - 1) * channel + last(rows) * row + last(columns);
        // Taps that lie on elements for a sum of the block read those that it was laid from.
        let read = columns.input * lanes;
        let lines = rows.read(&self.block.rows).len();
        let b = ((self.channels - 1) * self.height + lines) * read;
        let c = self.filters * self.block.rows.len() * columns.count * lanes;
        let is_short = (rows.span + 1).saturating_mul(read) + columns.span * lanes <= u32::MAX as usize;
        let fits = a < self.weights.len().min(u32::MAX as usize)
            && lines <= self.height
            && b <= self.x.len()
            && c <= self.y.len()
            && is_short
            && self.start.fits(self.filters, lanes);
        assert_in_tests!(fits, "lines don't fit");
        fits
    }

    /// Some sums of up to `R` filters.
    ///
    /// # Safety
    /// As for [`tile`](Self::tile).
    #[inline(always)]
    unsafe fn tile_of<V: Simd, const R: usize>(&mut self, simd: V, tile: &Tile<'_>) {
        // SAFETY: the caller's promise.
        unsafe {
            // With few registers, a tile has few filters: one of them twice would be a large part of its work.
            match tile.filters.1 {
                5 if const { S::Vector::<V>::REGISTERS < 32 } => self.tile::<V, 5>(simd, tile),
                ..5 if const { S::Vector::<V>::REGISTERS < 32 } => self.tile::<V, 4>(simd, tile),
                _ => self.tile::<V, R>(simd, tile),
            }
        }
    }

    /// Some sums of `R` filters, the last one again for those that there aren't.
    ///
    /// # Safety
    /// Everything [fits](Self::fits), there are such filters and sums, and the taps lie on elements for their sums.
    #[inline(always)]
    unsafe fn tile<V: Simd, const R: usize>(&mut self, simd: V, tile: &Tile<'_>) {
        let (columns, lanes) = (&self.images.columns, lanes::<V, S>());
        let (filter, channel, _) = self.apart;
        let x_channel = self.height * columns.input * lanes;
        let y_filter = self.block.rows.len() * columns.count * lanes;
        let (first, count) = tile.filters;
        let filters: [usize; R] = core::array::from_fn(|index| first + index.min(count - 1));
        let y = |filter: usize, at: usize| filter * y_filter + tile.y.0 + at * tile.y.1;
        let mut sums = [[splat::<V, S>(simd, S::ZERO); SUMS]; R];
        // SAFETY: the caller's promise.
        unsafe {
            for (sums, &filter) in sums.iter_mut().zip(&filters) {
                for (at, sum) in sums.iter_mut().enumerate() {
                    match self.start {
                        Origin::Column(start) if !start.is_empty() => *sum = splat(simd, *start.get_unchecked(filter)),
                        Origin::Sum if at < tile.sums => {
                            *sum = S::Vector::<V>::load(simd, self.y.as_ptr().add(y(filter, at)));
                        }
                        _ => {}
                    }
                }
            }
        }
        let a = filters.map(|index| self.weights.as_ptr().wrapping_add(index * filter + tile.a));
        let x = self.x.as_ptr().wrapping_add(tile.x.0);
        let ([second, both, first], (rows, a_apart, x_apart)) = (tile.lists, tile.rows);
        for channel_of in 0..self.channels {
            for row in 0..rows {
                let at = (channel_of * channel).wrapping_add(row.wrapping_mul(a_apart));
                let (a, x) = (a.map(|a| a.wrapping_add(at)), x.wrapping_add(channel_of * x_channel + row * x_apart));
                // SAFETY: the caller's promise. With a constant range, the sums stay in registers without a branch for each.
                unsafe {
                    add(simd, &a, (x, tile.x.1), second, &mut sums, 1..SUMS);
                    add(simd, &a, (x, tile.x.1), both, &mut sums, 0..SUMS);
                    add(simd, &a, (x, tile.x.1), first, &mut sums, 0..1);
                }
            }
        }
        if self.is_rectified {
            sums = sums.map(|sums| sums.map(|sum| sum.max(sum.constant(0.0))));
        }
        let y = filters.map(|filter| self.y.as_mut_ptr().wrapping_add(y(filter, 0)));
        // SAFETY: the caller's promise. Without a branch for each sum, they stay in registers.
        unsafe {
            sums.iter().zip(&y).for_each(|(sums, &y)| sums[0].store(y));
            if tile.sums == SUMS {
                sums.iter().zip(&y).for_each(|(sums, &y)| sums[1].store(y.wrapping_add(tile.y.1)));
            }
        }
    }
}

/// Adds the products of some taps to some sums of each filter, whose weights lie from `a` on, and of which the second reads a step further
/// on.
///
/// # Safety
/// The weights can be read, and what the taps read for these sums.
#[inline(always)]
unsafe fn add<V: Simd, S: Scalar, const R: usize>(
    simd: V,
    a: &[*const S; R],
    (x, step): (*const S, usize),
    taps: &[Place],
    sums: &mut [[S::Vector<V>; SUMS]; R],
    of: Range<usize>,
) {
    for tap in taps {
        let mut xs = [splat::<V, S>(simd, S::ZERO); SUMS];
        for (place, to) in xs.iter_mut().enumerate() {
            if of.contains(&place) {
                // SAFETY: the caller's promise.
                *to = unsafe { S::Vector::<V>::load(simd, x.wrapping_add(tap.b as usize + place * step)) };
            }
        }
        for (sums, a) in sums.iter_mut().zip(a) {
            // SAFETY: the caller's promise.
            let a = splat::<V, S>(simd, unsafe { *a.wrapping_add(tap.a as usize) });
            for (place, (sum, &x)) in sums.iter_mut().zip(&xs).enumerate() {
                if of.contains(&place) {
                    *sum = x.mul_add(a, *sum);
                }
            }
        }
    }
}
