//! The choice of the tile.
//!
//! A tile is *rows* of C × *vectors* of its columns. A processor starts two multiplications at a time, each of which takes
//! four cycles, so fewer than eight sums in a tile leave it waiting. More sums than registers would spill to memory. The
//! chains of one row are computed side by side, those of more rows one after the other.
//!
//! | product | rows left | tile | why |
//! |---|---|---|---|
//! | [small](super::Product::is_small), up to 4 vectors of columns | ≥ 4 | 4 × all | inlined, with constant sizes, it needs no loop over columns; |
//! | | fewer | 1 × all, or 1 × 2 with chains | more would take more registers than AVX2 has |
//! | of one row, or the last row | 1 | 1 × 16 | with 32 registers: the most columns, so that as much of B's row as possible is read at once, |
//! | | | 1 × 8, 1 × 4, 1 × 2, 1 × 1 | and for the remaining columns |
//! | | | 1 × 2, 1 × 1 | with chains: up to eight sums |
//! | of up to 1 vector of columns and 8 rows, with chains | 2 to 7 | 2 × 1 | eight sums |
//! | of up to 1 vector of columns | ≥ 8 | 8 × 1 | the pointers to more rows would take more registers than there are |
//! | any other | ≥ 8 | 8 × 2 | with 32 registers: 10 loads for 16 multiplications |
//! | | ≥ 6 | 6 × 2 | what fits into 16 registers: with 4 × 2, as many sums as the processor needs, it waits whenever a load is late; |
//! | | | 6 × 2, 5 × 2, 4 × 2 | with these, all of nearly the same size |
//! | | ≥ 4 | 4 × 2 | |
//! | | 2, 3 | 2 × 2 | with chains, row by row |

use super::CHAINS;
use super::tile::Block;
use crate::kernels::size::Size;
use crate::kernels::vector::{Operation, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::even;

impl<S: Scalar> Block<'_, S> {
    /// `R` rows from `row` on, all columns, which are at most four vectors.
    ///
    /// # Safety
    /// A and C have the rows.
    #[inline(always)]
    pub(super) unsafe fn small_tile<V: Simd, N: Size, const R: usize>(&self, simd: V, row: usize) {
        let vectors = self.columns.div_ceil(lanes::<V, S>());
        // SAFETY: the caller's promise.
        unsafe {
            // Asked in constants, so that no other tiles are compiled than one for a constant size.
            if const { may_take::<V, S, N>(1) } && vectors == 1 {
                self.tile::<V, R, 1, 1>(simd, row, 0, true);
            } else if const { may_take::<V, S, N>(2) } && vectors == 2 {
                self.tile::<V, R, 2, 1>(simd, row, 0, true);
            } else if const { may_take::<V, S, N>(3) } && vectors == 3 {
                self.tile::<V, R, 3, 1>(simd, row, 0, true);
            } else if const { may_take::<V, S, N>(4) } {
                self.tile::<V, R, 4, 1>(simd, row, 0, true);
            }
        }
    }

    /// Some of the rows `row..rows`, the columns `from..to`. Returns the number of rows.
    ///
    /// # Safety
    /// A and C have the rows, B and C the columns.
    #[inline(always)]
    pub(super) unsafe fn next_tiles<V: Simd>(
        &self,
        simd: V,
        (row, rows): (usize, usize),
        (from, to): (usize, usize),
    ) -> usize {
        let left = rows - row;
        let (one_vector, many) = (self.columns <= lanes::<V, S>(), S::Vector::<V>::REGISTERS >= 32);
        let together = if many { left } else { next_rows(left) };
        // SAFETY: the caller's promise.
        unsafe {
            match left {
                1 => self.row(simd, row, from, to),
                8.. if one_vector => self.tiles::<V, 8, 1>(simd, row, from, to),
                8.. if many => self.tiles::<V, 8, 2>(simd, row, from, to),
                2.. if one_vector && self.chains == CHAINS => {
                    self.tile::<V, 2, 1, CHAINS>(simd, row, from, false);
                    2
                }
                _ if !one_vector && together >= 6 => self.tiles::<V, 6, 2>(simd, row, from, to),
                _ if !one_vector && !many && together == 5 => self.tiles::<V, 5, 2>(simd, row, from, to),
                4.. => self.tiles::<V, 4, 2>(simd, row, from, to),
                _ if self.chains == CHAINS => self.row(simd, row, from, to),
                _ => self.tiles::<V, 2, 2>(simd, row, from, to),
            }
        }
    }

    /// `R` rows from `row` on, the columns `from..to`, in tiles of `C` vectors and the rest in tiles of one. Returns
    /// the number of rows.
    ///
    /// # Safety
    /// A and C have the rows, B and C the columns.
    #[inline(always)]
    unsafe fn tiles<V: Simd, const R: usize, const C: usize>(
        &self,
        simd: V,
        row: usize,
        from: usize,
        to: usize,
    ) -> usize {
        simd.call(Tiles::<S, R, C> { block: self, row, from, to });
        R
    }

    /// The tile of the first rows, which [copies](Self::tile_with) its columns of B, as a separate function.
    ///
    /// # Safety
    /// As for that one.
    #[inline(always)]
    pub(super) unsafe fn first_tile<V: Simd, const R: usize, const C: usize>(
        &self,
        simd: V,
        row: usize,
        column: usize,
        panel: (*mut S, usize),
    ) {
        simd.call(CopyingTile::<S, R, C> { block: self, row, column, panel });
    }

    /// One row, the columns `from..to`. Without a second row to hide the latency of a multiplication, it takes more
    /// columns, or computes chains side by side.
    ///
    /// # Safety
    /// A and C have the row, B and C the columns.
    #[inline(always)]
    unsafe fn row<V: Simd>(&self, simd: V, row: usize, from: usize, to: usize) -> usize {
        let lanes = S::Vector::<V>::LANES;
        let mut column = from;
        // SAFETY: the caller's promise.
        unsafe {
            if self.chains == CHAINS {
                self.chained_row(simd, row, (from, to), false);
                return 1;
            }
            while S::Vector::<V>::REGISTERS >= 32 && column + 15 * lanes < to {
                self.tile::<V, 1, 16, 1>(simd, row, column, false);
                column += 16 * lanes;
            }
            while column + 7 * lanes < to {
                self.tile::<V, 1, 8, 1>(simd, row, column, false);
                column += 8 * lanes;
            }
            while column + 3 * lanes < to {
                self.tile::<V, 1, 4, 1>(simd, row, column, false);
                column += 4 * lanes;
            }
            while column + lanes < to {
                self.tile::<V, 1, 2, 1>(simd, row, column, false);
                column += 2 * lanes;
            }
            while column < to {
                self.tile::<V, 1, 1, 1>(simd, row, column, false);
                column += lanes;
            }
        }
        1
    }

    /// One row, the columns `from..to`, whose chains are computed side by side. `is_width_constant` as in [`tile`](Self::tile).
    ///
    /// # Safety
    /// A and C have the row, B and C the columns.
    #[inline(always)]
    pub(super) unsafe fn chained_row<V: Simd>(
        &self,
        simd: V,
        row: usize,
        (from, to): (usize, usize),
        is_width_constant: bool,
    ) {
        let lanes = S::Vector::<V>::LANES;
        let mut column = from;
        // SAFETY: the caller's promise.
        unsafe {
            while column + lanes < to {
                self.tile::<V, 1, 2, CHAINS>(simd, row, column, is_width_constant);
                column += 2 * lanes;
            }
            while column < to {
                self.tile::<V, 1, 1, CHAINS>(simd, row, column, is_width_constant);
                column += lanes;
            }
        }
    }
}

/// How many rows the next tile has with fewer than 32 registers: at most six, and all tiles are of nearly the same size. But of seven, one
/// is left, and not three, which would be computed one by one.
pub(crate) fn next_rows(left: usize) -> usize {
    if left == 7 { 6 } else { even(left, 6) }
}

/// Whether as many columns may be this many vectors.
const fn may_take<V: Simd, S: Scalar, N: Size>(vectors: usize) -> bool {
    match N::CONSTANT {
        Some(columns) => columns.div_ceil(lanes::<V, S>()) == vectors,
        None => true,
    }
}

/// The tiles of `R` rows as a separate function. Private to this file; only [`Block::tiles`] constructs it.
struct Tiles<'a, S, const R: usize, const C: usize> {
    block: &'a Block<'a, S>,
    row: usize,
    from: usize,
    to: usize,
}

impl<S: Scalar, const R: usize, const C: usize> Operation for Tiles<'_, S, R, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { block, row, from, to } = self;
        let lanes = lanes::<V, S>();
        let mut column = from;
        // SAFETY: the caller's promise.
        unsafe {
            if C > 1 {
                while column + (C - 1) * lanes < to {
                    block.tile::<V, R, C, 1>(simd, row, column, false);
                    column += C * lanes;
                }
            }
            while column < to {
                block.tile::<V, R, 1, 1>(simd, row, column, false);
                column += lanes;
            }
        }
    }
}

/// A tile that copies its columns of B, as a separate function. Private to this file; only [`Block::first_tile`] constructs it.
struct CopyingTile<'a, S, const R: usize, const C: usize> {
    block: &'a Block<'a, S>,
    row: usize,
    column: usize,
    panel: (*mut S, usize),
}

impl<S: Scalar, const R: usize, const C: usize> Operation for CopyingTile<'_, S, R, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { block, row, column, panel } = self;
        // SAFETY: the caller's promise.
        unsafe { block.tile_with::<V, R, C, 1, true>(simd, row, column, false, panel) };
    }
}
