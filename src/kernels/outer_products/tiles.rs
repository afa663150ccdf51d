//! Tiles of a block of a weight gradient: all samples are summed in registers.

use core::ops::Range;

use super::{Block, PlainStep};
use crate::kernels::product::{Start, next_rows};
use crate::kernels::request;
use crate::kernels::vector::{Operation, Simd, Vector, first_lane, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;

/// Where a tile reads the gradients of outputs: where they lie; there, and it copies its columns of them to a panel, one sample after
/// the other; or in the panel.
pub(super) const IN_PLACE: usize = 0;
pub(super) const COPYING: usize = 1;
pub(super) const COPIED: usize = 2;

impl<S: Scalar> Block<'_, S> {
    /// As many tiles of `R` rows as there are from `row` on. Returns the number of their rows.
    ///
    /// # Safety
    /// The columns are in range, and fill all of `C` vectors but the last, which may be filled in part. Unless gradients are read
    /// in place, the columns fill that one, too, and the panel holds them of all samples.
    #[inline(always)]
    pub(super) unsafe fn tiles<V: Simd, const R: usize, const C: usize, const FROM: usize>(
        &self,
        simd: V,
        row: usize,
        columns: Range<usize>,
        panel: *mut S,
    ) -> usize {
        // One tile copies.
        let left = if FROM == COPYING { R } else { self.rows.end - row };
        let mut rows = left / R * R;
        if const { S::Vector::<V>::REGISTERS < 32 && C == 2 && R > 1 } {
            // Those after the next one, of which there may be some of one row fewer.
            rows = R;
            while next_rows(left - rows) == R {
                rows += R;
            }
        }
        simd.call(Tiles::<S, R, C, FROM> { block: self, rows: row..row + rows, columns, panel });
        rows
    }

    /// A tile of `R` rows and `C` vectors of columns. Returns zeros, or NaN somewhere if a step was taken along a gradient that isn't
    /// finite.
    ///
    /// # Safety
    /// As for [`tiles`](Self::tiles); the rows are in range.
    #[allow(clippy::eq_op, reason = "x − x tells whether x is finite")]
    #[inline(always)]
    unsafe fn tile<V: Simd, const R: usize, const C: usize, const FROM: usize, const WHOLE: bool>(
        &self,
        simd: V,
        row: usize,
        columns: &Range<usize>,
        panel: *mut S,
    ) -> S::Vector<V> {
        let lanes = lanes::<V, S>();
        let last = columns.len() - (C - 1) * lanes;
        let place = (row - self.rows.start) * self.pitch + columns.start - self.columns.start;
        let to = self.to.wrapping_add(place);
        let mut sums = [[S::Vector::<V>::splat(simd, S::ZERO); C]; R];
        // SAFETY: the caller's promise; each sample has all rows and columns, and `fits` has checked the memory.
        unsafe {
            let load = |from: *const S, vector: usize| {
                if WHOLE || vector + 1 < C {
                    S::Vector::<V>::load(simd, from.add(vector * lanes))
                } else {
                    S::Vector::<V>::load_masked(simd, from.add(vector * lanes), last)
                }
            };
            if self.start == Start::Sum {
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = load(to.add(r * self.pitch), v);
                    }
                }
            }
            // One vector of weights at a time: all at once, they would hold up the loads of the products.
            let width = self.products.outputs;
            let place = (row - self.rows.start) * width + columns.start - self.columns.start;
            let (weights, vectors) = (self.weights.wrapping_add(place), if self.weights.is_null() { 0 } else { R * C });
            // The first columns' tiles ask for the next rows of each sample, half of which another processor may have read.
            let reads_ahead = columns.start == self.columns.start;
            for k in 0..self.products.samples {
                if k < vectors {
                    request::for_writing(weights.wrapping_add(k / C * width + k % C * lanes));
                }
                let x = self.products.x.as_ptr().add(k).read().assume_init().add(row);
                if reads_ahead {
                    request::for_reading(x.wrapping_add(R));
                }
                let copied = panel.wrapping_add(k * C * lanes);
                let g = if FROM == COPIED {
                    copied.cast_const()
                } else {
                    self.products.g.as_ptr().add(k).read().assume_init().add(columns.start)
                };
                let mut gs = [S::Vector::<V>::splat(simd, S::ZERO); C];
                for (v, to) in gs.iter_mut().enumerate() {
                    *to = load(g, v);
                    if FROM == COPYING {
                        to.store(copied.add(v * lanes));
                    }
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = S::Vector::<V>::splat(simd, *x.add(r));
                    for (sum, &g) in sums.iter_mut().zip(&gs) {
                        *sum = g.mul_add(x, *sum);
                    }
                }
            }
            let mut check = splat::<V, S>(simd, S::ZERO);
            if let Some((PlainStep { factor, rate }, _)) = self.step {
                let (factor, rate) = (splat::<V, S>(simd, factor), splat::<V, S>(simd, rate));
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        let mean = *sum * factor;
                        // 0, or NaN if the mean isn't finite.
                        check = check + (mean - mean);
                        *sum = load(to.add(r * self.pitch), v) - rate * mean;
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let to = to.add(r * self.pitch + v * lanes);
                    if WHOLE || v + 1 < C {
                        sum.store(to);
                    } else {
                        sum.store_masked(to, last);
                    }
                }
            }
            check
        }
    }
}

/// Tiles of `R` rows and the same columns, as a separate function. Private to this file; only [`Block::tiles`]
/// constructs it.
struct Tiles<'a, S, const R: usize, const C: usize, const FROM: usize> {
    block: &'a Block<'a, S>,
    rows: Range<usize>,
    columns: Range<usize>,
    panel: *mut S,
}

impl<S: Scalar, const R: usize, const C: usize, const FROM: usize> Operation for Tiles<'_, S, R, C, FROM> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { block, rows, columns, panel } = self;
        let whole = columns.len() == C * lanes::<V, S>();
        let mut check = splat::<V, S>(simd, S::ZERO);
        for row in rows.step_by(R) {
            // SAFETY: the promise of `Block::tiles`.
            let zeros = unsafe {
                if FROM != IN_PLACE || whole {
                    block.tile::<V, R, C, FROM, true>(simd, row, &columns, panel)
                } else {
                    block.tile::<V, R, C, FROM, false>(simd, row, &columns, panel)
                }
            };
            check = check + zeros;
        }
        if let Some((_, finite)) = block.step
            && first_lane::<V, S>(simd, check.sum_of_lanes()) != S::ZERO
        {
            finite.set(false);
        }
    }
}
