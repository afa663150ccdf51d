//! Sums over taps of a block whose numbers lie position by position, in vectors of channels: of several positions at a time, which share
//! the reads of a weight; and of two rows, which share most of the inputs that they read.

use core::ops::Range;

use crate::kernels::assert_in_tests;
use crate::kernels::convolution::blocks::{Block, Images};
use crate::kernels::convolution::track::Track;
use crate::kernels::vector::{LANES, Simd, Vector, lanes, read, splat};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{balanced, ceil_div};

/// The most positions that are computed together, if each has a pointer of its own.
const TILE: usize = 8;
/// The same, if neighbours read neighbouring numbers.
const POSITIONS: usize = 12;
/// The most positions in two rows each, with fewer than 32 registers.
const NARROW: usize = 5;

/// How many tiles a row of sums is, and of how many positions.
pub(super) fn even(columns: &Track) -> (usize, usize) {
    let tiles = columns.count.div_ceil(if columns.step == 1 { POSITIONS } else { TILE });
    (tiles, ceil_div(columns.count, tiles))
}

/// How many rows of taps further on a row of sums reads what the next one does, if two rows are computed together: they share most of what
/// they read.
pub(super) fn lead(rows: &Track) -> Option<usize> {
    rows.lead().filter(|lead| 2 * lead < rows.len())
}

/// Channels of a block with zeros around them, and what its sums read of them.
pub(super) struct Tiles<'a, S> {
    pub(super) images: &'a Images,
    /// The rows of sums.
    pub(super) rows: Range<usize>,
    pub(super) x: &'a [S],
    /// Row by row of the taps.
    pub(super) offsets: &'a [u32],
    /// From a row to the next in x.
    pub(super) pitch: usize,
    /// From a row of sums to the next in x, and from a column to the next.
    pub(super) steps: (usize, usize),
    /// Rows and columns of sums.
    pub(super) sums: (usize, usize),
}

impl<'a, S: Scalar> Tiles<'a, S> {
    #[inline(always)]
    pub(super) fn of<V: Simd>(images: &'a Images, block: &Block, (x, offsets): (&'a [S], &'a [u32])) -> Self {
        let lanes = lanes::<V, S>();
        let pitch = images.columns.seen(images.columns.count) * lanes;
        Self {
            images,
            rows: block.rows.clone(),
            x,
            offsets,
            pitch,
            steps: (images.rows.step * pitch, images.columns.step * lanes),
            sums: (block.rows.len(), images.columns.count),
        }
    }

    /// Whether all sums can be read.
    #[inline(always)]
    pub(super) fn fits(&self, lanes: usize) -> bool {
        let (rows, columns) = self.sums;
        let last = self.offsets.iter().fold(0, |most, &offset| most.max(offset)) as usize;
        let end = rows.saturating_sub(1) * self.steps.0 + columns.saturating_sub(1) * self.steps.1 + last + lanes;
        end <= self.x.len()
    }

    /// `y[p] = start + Σₜ w[t] · x[p's tap t]`; without a start, it is added to the existing values.
    #[inline(always)]
    pub(super) fn correlate<V: Simd>(
        &self,
        simd: V,
        w: &[S],
        start: Option<&[S; LANES]>,
        is_rectified: bool,
        y: &mut [S],
    ) {
        let (lanes, (rows, columns)) = (lanes::<V, S>(), self.sums);
        let start = start.map(|start| read(simd, start.get(..lanes).unwrap_or_default()));
        let across = self.images.columns.taps().len();
        let fit = S::Vector::<V>::REGISTERS >= 32 || columns <= NARROW;
        if let Some(lead) = lead(&self.images.rows).filter(|_| fit) {
            return self.correlate_pairs(simd, w, lead * across, (start, is_rectified), y);
        }
        let most = if self.steps.1 == lanes { POSITIONS } else { TILE };
        // Rows of taps that lie on zeros are left out, and so are the zeros.
        for stretch in self.images.rows.stretches(self.rows.clone()) {
            let taps = stretch.taps.start * across..stretch.taps.end * across;
            let w = w.get(taps.start * lanes..).unwrap_or_default();
            let offsets = self.offsets.get(taps).unwrap_or_default();
            let x = self.x.get(stretch.start * self.pitch..).unwrap_or_default();
            let before = stretch.from * self.pitch;
            let last = offsets.iter().fold(0, |most, &offset| most.max(offset)) as usize;
            let reach = (stretch.sums.len() - 1) * self.steps.0 + columns.saturating_sub(1) * self.steps.1;
            let is_read = offsets.is_empty() || (reach + last + lanes).saturating_sub(before) <= x.len();
            let fits = is_read && offsets.len() * lanes <= w.len() && rows * columns * lanes <= y.len();
            assert_in_tests!(fits, "channels don't fit");
            if !fits {
                return;
            }
            for (row, sum) in stretch.sums.enumerate() {
                // Tiles of nearly the same size: one of few positions takes as long as one of several.
                for Range { start: column, end } in balanced(columns, most) {
                    // SAFETY: all sums can be read and written, and there is a weight for each tap and lane.
                    unsafe {
                        let x = x.as_ptr().wrapping_add(row * self.steps.0 + column * self.steps.1);
                        let y = y.as_mut_ptr().add(((sum - self.rows.start) * columns + column) * lanes);
                        let ends = (start, is_rectified);
                        self.tile_of(simd, end - column, (w, offsets), x.wrapping_sub(before), ends, y);
                    }
                }
            }
        }
    }

    /// The same, of two rows at a time, of which the first reads what the second does with taps whose numbers are `lead` higher.
    #[inline(always)]
    fn correlate_pairs<V: Simd>(&self, simd: V, w: &[S], lead: usize, ends: (Option<S::Vector<V>>, bool), y: &mut [S]) {
        let (lanes, (rows, columns)) = (lanes::<V, S>(), self.sums);
        let most = if self.steps.1 == lanes { POSITIONS } else { TILE };
        let fits = self.offsets.is_sorted()
            && self.offsets.len() * lanes <= w.len()
            && self.rows.len() * columns * lanes <= y.len()
            && rows == self.rows.len();
        assert_in_tests!(fits, "channels don't fit");
        if !fits {
            return;
        }
        let mut row = self.rows.start;
        while row < self.rows.end {
            let (Some(taps), next) = (self.taps_of(row, lanes), self.taps_of(row + 1, lanes)) else { return };
            let pair = next.filter(|_| row + 1 < self.rows.end);
            let pair = pair.map(|second| Pair { lead, first: taps.clone(), second }).filter(Pair::is_in_order);
            for Range { start: column, end } in balanced(columns, most) {
                let count = end - column;
                // SAFETY: all sums can be read and written, and there is a weight for each tap and lane.
                unsafe {
                    let x = self.x.as_ptr().wrapping_add(row * self.steps.0 + column * self.steps.1);
                    let x = x.wrapping_sub(self.origin() * self.pitch);
                    let y = y.as_mut_ptr().add(((row - self.rows.start) * columns + column) * lanes);
                    match &pair {
                        Some(pair) => self.pair_of(simd, count, (w, pair), x, ends, y),
                        None => {
                            let w = w.get_unchecked(taps.start * lanes..);
                            let offsets = self.offsets.get_unchecked(taps.clone());
                            self.tile_of(simd, count, (w, offsets), x, ends, y);
                        }
                    }
                }
            }
            row += if pair.is_some() { 2 } else { 1 };
        }
    }

    /// The first row that is laid.
    #[inline(always)]
    fn origin(&self) -> usize {
        self.images.rows.read(&self.rows).start
    }

    /// The taps that a row of sums reads, if all of its sums can be read.
    #[inline(always)]
    fn taps_of(&self, row: usize, lanes: usize) -> Option<Range<usize>> {
        let across = self.images.columns.taps().len();
        let rows = self.images.rows.taps_read(row);
        let taps = rows.start * across..rows.end * across;
        // Offsets ascend.
        let (Some(&first), Some(&last)) =
            (self.offsets.get(taps.clone())?.first(), self.offsets.get(taps.clone())?.last())
        else {
            return Some(taps);
        };
        let (at, origin) = (row * self.steps.0, self.origin() * self.pitch);
        let end = at + self.sums.1.saturating_sub(1) * self.steps.1 + last as usize + lanes;
        let fits = origin <= at + first as usize && end <= self.x.len() + origin;
        assert_in_tests!(fits || row >= self.rows.end, "channels don't fit");
        fits.then_some(taps)
    }

    /// `count` sums of a row and of the next.
    ///
    /// # Safety
    /// As for [`Pair::tile`].
    #[inline(always)]
    unsafe fn pair_of<V: Simd>(
        &self,
        simd: V,
        count: usize,
        (w, pair): (&[S], &Pair),
        x: *const S,
        ends: (Option<S::Vector<V>>, bool),
        y: *mut S,
    ) {
        let (lanes, step, rows) = (lanes::<V, S>(), self.steps.1, (self.steps.0, self.sums.1));
        macro_rules! tile {
            ($step:ident: $($count:literal)*, $most:ident) => {
                match count {
                    $($count => pair.tile::<V, S, $count>(simd, (w, self.offsets), (x, $step), rows, ends, y),)*
                    _ => pair.tile::<V, S, $most>(simd, (w, self.offsets), (x, $step), rows, ends, y),
                }
            };
        }
        // SAFETY: the caller's promise.
        unsafe {
            // With this many lanes, the step is a constant.
            if step == lanes {
                tile!(lanes: 1 2 3 4 5 6 7 8 9 10 11, POSITIONS);
            } else {
                tile!(step: 1 2 3 4 5 6 7, TILE);
            }
        }
    }

    /// `count` sums of a row, at most as many as a tile has.
    ///
    /// # Safety
    /// As for [`tile`](Self::tile).
    #[inline(always)]
    unsafe fn tile_of<V: Simd>(
        &self,
        simd: V,
        count: usize,
        taps: (&[S], &[u32]),
        x: *const S,
        ends: (Option<S::Vector<V>>, bool),
        y: *mut S,
    ) {
        let (lanes, step) = (lanes::<V, S>(), self.steps.1);
        macro_rules! tile {
            ($step:ident: $($count:literal)*, $most:ident) => {
                match count {
                    $($count => Self::tile::<V, $count>(simd, taps, (x, $step), ends, y),)*
                    _ => Self::tile::<V, $most>(simd, taps, (x, $step), ends, y),
                }
            };
        }
        // SAFETY: the caller's promise.
        unsafe {
            // With this many lanes, the step is a constant.
            if step == lanes {
                tile!(lanes: 1 2 3 4 5 6 7 8 9 10 11, POSITIONS);
            } else {
                tile!(step: 1 2 3 4 5 6 7, TILE);
            }
        }
    }

    /// `N` sums of a row, over some taps' weights and offsets.
    ///
    /// # Safety
    /// Each tap can be read at its offset from `x`, for sums a step apart, and the sums can be written to `y`; there is a weight
    /// for each tap and lane.
    #[inline(always)]
    unsafe fn tile<V: Simd, const N: usize>(
        simd: V,
        (w, offsets): (&[S], &[u32]),
        (x, step): (*const S, usize),
        (start, is_rectified): (Option<S::Vector<V>>, bool),
        y: *mut S,
    ) {
        let lanes = lanes::<V, S>();
        let mut sums = [splat(simd, S::ZERO); N];
        // SAFETY: the caller's promise.
        unsafe {
            for (index, sum) in sums.iter_mut().enumerate() {
                *sum = match start {
                    Some(start) => start,
                    None => S::Vector::<V>::load(simd, y.add(index * lanes)),
                };
            }
            let mut w = w.as_ptr();
            for &offset in offsets {
                let (weight, x) = (S::Vector::<V>::load(simd, w), x.wrapping_add(offset as usize));
                for (index, sum) in sums.iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load(simd, x.add(index * step)).mul_add(weight, *sum);
                }
                w = w.add(lanes);
            }
            for (index, mut sum) in sums.into_iter().enumerate() {
                if is_rectified {
                    sum = sum.max(splat(simd, S::ZERO));
                }
                sum.store(y.add(index * lanes));
            }
        }
    }
}

/// Two neighbouring rows of sums: the taps that each reads, and how many numbers of taps further on the first one's lies
/// on what the second one's lies on.
struct Pair {
    lead: usize,
    first: Range<usize>,
    second: Range<usize>,
}

impl Pair {
    /// Whether the first row reads no further than the second, and begins no later.
    #[inline(always)]
    fn is_in_order(&self) -> bool {
        let Self { lead, first, second } = self;
        !first.is_empty()
            && !second.is_empty()
            && first.start <= second.start + lead
            && first.end <= second.end + lead
            && second.start + lead < first.end
    }

    /// `N` sums of both rows: a vector of inputs that both read is loaded once. `rows` are how far the second lies behind the first in
    /// x, and how many sums in y.
    ///
    /// # Safety
    /// The pair is in order. Each tap of a row can be read at its offset from `x`, for sums a step apart, and the sums can be
    /// written to `y`; there is a weight for each tap and lane.
    #[inline(always)]
    unsafe fn tile<V: Simd, S: Scalar, const N: usize>(
        &self,
        simd: V,
        (w, offsets): (&[S], &[u32]),
        (x, step): (*const S, usize),
        (below, width): (usize, usize),
        (start, is_rectified): (Option<S::Vector<V>>, bool),
        y: *mut S,
    ) {
        let lanes = lanes::<V, S>();
        let Self { lead, first, second } = self;
        let (w, offset) = (w.as_ptr(), offsets.as_ptr());
        let mut sums = [[splat(simd, S::ZERO); N]; 2];
        // SAFETY: the caller's promise.
        unsafe {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (index, sum) in sums.iter_mut().enumerate() {
                    *sum = match start {
                        Some(start) => start,
                        None => S::Vector::<V>::load(simd, y.add((row * width + index) * lanes)),
                    };
                }
            }
            let shared = second.start + lead;
            for tap in first.start..shared {
                let weight = S::Vector::<V>::load(simd, w.add(tap * lanes));
                let x = x.wrapping_add(*offset.add(tap) as usize);
                for (index, sum) in sums[0].iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load(simd, x.add(index * step)).mul_add(weight, *sum);
                }
            }
            for tap in shared..first.end {
                let weights = [tap, tap - lead].map(|tap| S::Vector::<V>::load(simd, w.add(tap * lanes)));
                let x = x.wrapping_add(*offset.add(tap) as usize);
                for index in 0..N {
                    let x = S::Vector::<V>::load(simd, x.add(index * step));
                    for (sums, &weight) in sums.iter_mut().zip(&weights) {
                        sums[index] = x.mul_add(weight, sums[index]);
                    }
                }
            }
            for tap in first.end - lead..second.end {
                let weight = S::Vector::<V>::load(simd, w.add(tap * lanes));
                let x = x.wrapping_add(below + *offset.add(tap) as usize);
                for (index, sum) in sums[1].iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load(simd, x.add(index * step)).mul_add(weight, *sum);
                }
            }
            for (row, sums) in sums.into_iter().enumerate() {
                for (index, mut sum) in sums.into_iter().enumerate() {
                    if is_rectified {
                        sum = sum.max(splat(simd, S::ZERO));
                    }
                    sum.store(y.add((row * width + index) * lanes));
                }
            }
        }
    }
}
