//! Sums over taps of a block whose numbers lie position by position, in vectors of channels: of several positions at a time, which share
//! the reads of a weight.

use core::ops::Range;

use crate::kernels::convolution::blocks::{Block, Images};
use crate::kernels::convolution::track::Track;
use crate::kernels::vector::{LANES, Simd, Vector, lanes, read, splat};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::ceil_div;

/// The most positions that are computed together, if each has a pointer of its own.
const TILE: usize = 8;
/// The same, if neighbours read neighbouring numbers.
const POSITIONS: usize = 12;

/// How many tiles a row of sums is, and of how many positions.
pub(super) fn even(columns: &Track) -> (usize, usize) {
    let tiles = columns.count.div_ceil(if columns.step == 1 { POSITIONS } else { TILE });
    (tiles, ceil_div(columns.count, tiles))
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
            debug_assert!(fits, "channels don't fit");
            if !fits {
                return;
            }
            for (row, sum) in stretch.sums.enumerate() {
                let mut column = 0;
                while column < columns {
                    let left = columns - column;
                    // Tiles of nearly the same size: one of few positions takes as long as one of several.
                    let count = left.div_ceil(left.div_ceil(most));
                    // SAFETY: all sums can be read and written, and there is a weight for each tap and lane.
                    unsafe {
                        let x = x.as_ptr().wrapping_add(row * self.steps.0 + column * self.steps.1);
                        let y = y.as_mut_ptr().add(((sum - self.rows.start) * columns + column) * lanes);
                        let ends = (start, is_rectified);
                        self.tile_of(simd, count, (w, offsets), x.wrapping_sub(before), ends, y);
                    }
                    column += count;
                }
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
