//! The sums of a block as they are stored: transposed, run by run.

use super::{Block, Images};
use crate::kernels::product::Start;
use crate::kernels::transpose::transpose_to;
use crate::kernels::vector::Simd;
use crate::scalar::Scalar;

/// The sums of a block that lie the same distance apart in a plane: those of a row, or all of them if rows lie one after the other.
#[derive(Clone, Copy)]
pub(in crate::kernels::convolution) struct Runs {
    count: usize,
    /// Sums in a run.
    pub(in crate::kernels::convolution) length: usize,
    /// Where the first run begins in the plane, and how far on the next one does.
    first: usize,
    next: usize,
    /// From a sum to the next.
    apart: usize,
}

impl Runs {
    /// Of the sums over `images`, in planes with rows of `width`.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn new(
        Images { rows, columns, .. }: &Images,
        block: &Block,
        width: usize,
    ) -> Self {
        Self::every(block, width, (rows.first, rows.apart), (columns.first, columns.apart))
    }

    /// Of a block of neighbouring numbers of planes with rows of `width`.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn dense(block: &Block, width: usize) -> Self {
        Self::every(block, width, (0, 1), (0, 1))
    }

    /// Of rows and columns of which the first lies somewhere, and the others some distance apart.
    #[inline(always)]
    fn every(block: &Block, width: usize, rows: (usize, usize), columns: (usize, usize)) -> Self {
        let (lines, line) = (block.rows.len(), block.columns.len());
        let is_one = rows.1 == 1 && columns.1 == 1 && line == width;
        let (count, length) = if is_one { (1, lines * line) } else { (lines, line) };
        let first = (rows.0 + rows.1 * block.rows.start) * width + columns.0 + columns.1 * block.columns.start;
        Self { count, length, first, next: rows.1 * width, apart: columns.1 }
    }

    /// Sums in all runs.
    #[inline(always)]
    pub(in crate::kernels::convolution) const fn sums(&self) -> usize {
        self.count * self.length
    }

    /// Those of `planes` planes of the block as one run, if they fill planes of `size` numbers.
    #[inline(always)]
    pub(in crate::kernels::convolution) const fn joined(mut self, planes: usize, size: usize) -> (Self, usize) {
        if self.count == 1 && self.apart == 1 && self.length == size {
            self.length *= planes;
            return (self, 1);
        }
        (self, planes)
    }

    /// Transposes sums, `pitch` numbers from one to the next, of which each has numbers of `lanes` planes of y, which lie `plane` numbers
    /// apart, or adds them to y, as `start` says.
    #[inline(always)]
    pub(in crate::kernels::convolution) fn store<V: Simd, S: Scalar>(
        &self,
        simd: V,
        (sums, pitch): (&[S], usize),
        lanes: usize,
        (y, plane): (&mut [S], usize),
        start: Start,
    ) {
        for run in 0..self.count {
            let from = sums.get(run * self.length * pitch..);
            let (Some(from), Some(to)) = (from, y.get_mut(self.first + run * self.next..)) else { return };
            transpose_to(simd, (from, pitch), (self.length, lanes), (to, plane), self.apart, start);
        }
    }
}
