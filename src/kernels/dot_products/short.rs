//! Dot products of rows that are no longer than a vector: lanes are rows of B, transposed in registers once for all rows of A.

use super::Operands;
use crate::kernels::lane_sums::LANES;
use crate::kernels::transpose::turn;
use crate::kernels::vector::{Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;

impl<S: Scalar> Operands<S> {
    /// All rows of A with all rows of B, which are no longer than a vector, in order.
    ///
    /// # Safety
    /// The rows aren't longer.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) unsafe fn short<V: Simd>(&self, simd: V) {
        let lanes = lanes::<V, S>();
        for column in (0..self.columns).step_by(lanes) {
            let count = lanes.min(self.columns - column);
            let mut block = [splat::<V, S>(simd, S::ZERO); LANES];
            // SAFETY: rows after the last one repeat it; masked loads stay within a row, and rows of A are in range.
            unsafe {
                for (r, vector) in block.iter_mut().take(lanes).enumerate() {
                    let from = self.b.add((column + r.min(count - 1)) * self.inner);
                    *vector = S::Vector::<V>::load_masked(simd, from, self.inner);
                }
                turn::<V, S>(&mut block);
                let mut row = 0;
                while row < self.rows {
                    row += match self.rows - row {
                        8.. if S::Vector::<V>::REGISTERS >= 32 => self.short_rows::<V, 8>(simd, row, column, &block),
                        4.. => self.short_rows::<V, 4>(simd, row, column, &block),
                        _ => self.short_rows::<V, 1>(simd, row, column, &block),
                    };
                }
            }
        }
    }

    /// `R` rows of A with a transposed block of rows of B. Returns `R`.
    ///
    /// # Safety
    /// The rows are in range, and the block begins with row `column` of B.
    #[inline(always)]
    unsafe fn short_rows<V: Simd, const R: usize>(
        &self,
        simd: V,
        row: usize,
        column: usize,
        block: &[S::Vector<V>; LANES],
    ) -> usize {
        let lanes = lanes::<V, S>();
        let mut sums = [splat::<V, S>(simd, self.start); R];
        // SAFETY: the caller's promise; masked stores stay within a row of C.
        unsafe {
            let a = self.a.add(row * self.pitch);
            for (k, &b) in block.iter().take(lanes).enumerate() {
                // Not the end of the loop, so that the block stays in registers.
                if k < self.inner {
                    for (r, sum) in sums.iter_mut().enumerate() {
                        *sum = b.mul_add(splat(simd, *a.add(r * self.pitch + k)), *sum);
                    }
                }
            }
            for (r, sum) in sums.iter().enumerate() {
                let to = self.c.add((row + r) * self.columns + column);
                sum.store_masked(to, lanes.min(self.columns - column));
            }
        }
        R
    }
}
