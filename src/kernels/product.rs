//! The matrix product: a tile of C stays in registers while a row of B and a column of A at a time are multiplied into
//! it.
//!
//! Nothing is packed and nothing allocated: A's elements are broadcast from wherever two strides say they are, B's rows
//! are contiguous.

use super::vector::{Operation, Simd, Vector, lanes};
use crate::real::Real;
use crate::scalar::Scalar;

/// What a sum starts from: the first to write to a gradient writes over it, and all others add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From zero: what was there is overwritten.
    Zero,
    /// From what is there: it is added to.
    Sum,
}

/// `C[m][n] = start + Σₖ A(m, k) · B[k][n]`, B and C contiguous, row by row.
#[derive(Debug)]
pub struct Product<'a, S> {
    /// The range of (m, k, n).
    pub(crate) size: (usize, usize, usize),
    pub(crate) a: &'a [S],
    /// How far apart A's elements are from one row to the next, and from one column to the next.
    pub(crate) strides: (usize, usize),
    pub(crate) b: &'a [S],
    pub(crate) c: &'a mut [S],
    pub(crate) start: Start,
    /// What each row of C starts from, instead of zero: a bias. Where there is none, it is empty.
    pub(crate) row: &'a [S],
}

/// Rows of B that are multiplied before the next columns' turn: the part of B that a tile goes through is to stay in
/// the first-level cache for the next tile.
const BLOCK: usize = 256;
/// Bytes of B that are to stay there.
const CACHED: usize = 24 * 1024;

impl<S: Scalar> Product<'_, S> {
    /// Whether the slices hold what the product says.
    #[inline(always)]
    fn fits(&self) -> bool {
        let (rows, inner, columns) = self.size;
        let last = (rows - 1) * self.strides.0 + inner.saturating_sub(1) * self.strides.1;
        (inner == 0 || last < self.a.len())
            && inner * columns <= self.b.len()
            && rows * columns <= self.c.len()
            && (self.row.is_empty() || columns <= self.row.len())
    }
}

impl<S: Scalar> Product<'_, S> {
    /// Whether it is so small that it belongs into the caller's code, where its sizes are constants.
    #[inline(always)]
    pub(crate) const fn is_small<V: Simd>(weights: usize, columns: usize) -> bool {
        weights <= 1024 && columns <= 4 * lanes::<V, S>()
    }

    /// Compute it where the caller is.
    #[inline(always)]
    pub(crate) fn run_small<V: Simd>(self, simd: V) {
        let (rows, inner, columns) = self.size;
        if rows == 0 || columns == 0 || !self.fits() {
            return;
        }
        let block = Block {
            a: self.a.as_ptr(),
            strides: self.strides,
            b: self.b.as_ptr(),
            available: self.b.len(),
            c: self.c.as_mut_ptr(),
            inner,
            columns,
            start: self.origin(),
        };
        let mut row = 0;
        // SAFETY: `fits` has found that the slices hold all rows and columns.
        unsafe {
            while row + 4 <= rows {
                block.small_tile::<V, 4, 1>(simd, row);
                row += 4;
            }
            while row < rows {
                block.small_tile::<V, 1, 4>(simd, row);
                row += 1;
            }
        }
    }
}

impl<S: Scalar> Operation for Product<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let (rows, inner, columns) = self.size;
        if rows == 0 || columns == 0 {
            return;
        }
        debug_assert!(self.fits(), "a product of {:?} doesn't fit its slices", self.size);
        if !self.fits() {
            return;
        }
        let lanes = S::Vector::<V>::LANES;
        let registers = S::Vector::<V>::REGISTERS;
        // One row of tiles goes through B but once: nothing is to stay in the cache.
        let (depth, cached) = if rows <= 8 { (inner, usize::MAX) } else { (BLOCK, CACHED) };
        let mut first = 0;
        loop {
            let block = Block {
                a: self.a.as_ptr().wrapping_add(first * self.strides.1),
                strides: self.strides,
                b: self.b.as_ptr().wrapping_add(first * columns),
                available: self.b.len() - first * columns,
                c: self.c.as_mut_ptr(),
                inner: depth.min(inner - first),
                columns,
                start: if first > 0 { Origin::Sum } else { self.origin() },
            };
            let group = (cached / size_of::<S>() / block.inner.max(1) / (2 * lanes)).max(1) * 2 * lanes;
            let mut from = 0;
            while from < columns {
                let to = columns.min(from.saturating_add(group));
                let mut row = 0;
                while row < rows {
                    let left = rows - row;
                    // SAFETY: `fits` has found that the slices hold what the block's tiles touch: rows below `rows`,
                    // columns below `columns`.
                    row += unsafe {
                        if rows == 1 {
                            block.row(simd, row, from, to)
                        } else if columns <= lanes && left >= 8 {
                            if left >= 16 && registers >= 32 {
                                block.tiles::<V, 16, 1, 1>(simd, row, from, to)
                            } else {
                                block.tiles::<V, 8, 1, 1>(simd, row, from, to)
                            }
                        } else if left >= 8 && registers >= 32 {
                            block.tiles::<V, 8, 2, 1>(simd, row, from, to)
                        } else if left >= 4 {
                            block.tiles::<V, 4, 2, 1>(simd, row, from, to)
                        } else if left >= 2 {
                            block.tiles::<V, 2, 2, 2>(simd, row, from, to)
                        } else {
                            block.tiles::<V, 1, 2, 4>(simd, row, from, to)
                        }
                    };
                }
                from = to;
            }
            first += block.inner;
            if first >= inner {
                break;
            }
        }
    }
}

/// Some rows of B, and the columns of A that they meet.
struct Block<S> {
    a: *const S,
    strides: (usize, usize),
    b: *const S,
    /// How many numbers can be read from `b` on.
    available: usize,
    c: *mut S,
    inner: usize,
    columns: usize,
    start: Origin<S>,
}

/// What a part of the product starts from.
#[derive(Clone, Copy)]
enum Origin<S> {
    Zero,
    Row(*const S),
    Sum,
}

impl<S> Product<'_, S> {
    #[inline(always)]
    const fn origin(&self) -> Origin<S> {
        match self.start {
            Start::Sum => Origin::Sum,
            Start::Zero if self.row.is_empty() => Origin::Zero,
            Start::Zero => Origin::Row(self.row.as_ptr()),
        }
    }
}

impl<S: Scalar> Block<S> {
    /// `R` rows from `row` on, all columns, which are at most four vectors.
    ///
    /// # Safety
    /// A and C have the rows.
    #[inline(always)]
    unsafe fn small_tile<V: Simd, const R: usize, const U: usize>(&self, simd: V, row: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.columns.div_ceil(lanes::<V, S>()) {
                1 => self.tile::<V, R, 1, U>(simd, row, 0, true),
                2 => self.tile::<V, R, 2, U>(simd, row, 0, true),
                3 => self.tile::<V, R, 3, 1>(simd, row, 0, true),
                _ => self.tile::<V, R, 4, 1>(simd, row, 0, true),
            }
        }
    }

    /// `R` rows from `row` on, the columns `from..to`, in tiles of `C` vectors and the rest in tiles of one. How many rows.
    ///
    /// # Safety
    /// A and C have the rows, B and C the columns.
    #[inline(always)]
    unsafe fn tiles<V: Simd, const R: usize, const C: usize, const U: usize>(
        &self,
        simd: V,
        row: usize,
        from: usize,
        to: usize,
    ) -> usize {
        simd.call(Tiles::<S, R, C, U> { block: self, row, from, to });
        R
    }

    /// One row, the columns `from..to`. It has no second row to hide the time of a multiplication, but more columns.
    ///
    /// # Safety
    /// A and C have the row, B and C the columns.
    #[inline(always)]
    unsafe fn row<V: Simd>(&self, simd: V, row: usize, from: usize, to: usize) -> usize {
        let lanes = S::Vector::<V>::LANES;
        let mut column = from;
        // SAFETY: the caller's promise.
        unsafe {
            while S::Vector::<V>::REGISTERS >= 32 && column + 15 * lanes < to {
                self.tile::<V, 1, 16, 1>(simd, row, column, false);
                column += 16 * lanes;
            }
            while column + 7 * lanes < to {
                self.tile::<V, 1, 8, 1>(simd, row, column, false);
                column += 8 * lanes;
            }
            while column + 3 * lanes < to {
                self.tile::<V, 1, 4, 2>(simd, row, column, false);
                column += 4 * lanes;
            }
            while column + lanes < to {
                self.tile::<V, 1, 2, 4>(simd, row, column, false);
                column += 2 * lanes;
            }
            while column < to {
                self.tile::<V, 1, 1, 8>(simd, row, column, false);
                column += lanes;
            }
        }
        1
    }

    /// A tile of `R` rows and `C` vectors of columns, the last of which may reach over the end; the sums of `U`
    /// successive products are kept apart, for where a tile has too few numbers to wait for each multiplication.
    /// `constant` tells whether the number of columns is a constant where this is inlined.
    ///
    /// # Safety
    /// A and C have the rows, B and C the columns but for those over the end.
    #[inline(always)]
    unsafe fn tile<V: Simd, const R: usize, const C: usize, const U: usize>(
        &self,
        simd: V,
        row: usize,
        column: usize,
        constant: bool,
    ) {
        let lanes = S::Vector::<V>::LANES;
        let width = (C - 1) * lanes;
        // How many lanes of the last vector there are.
        let last = lanes.min(self.columns - column - width);
        let count = |vector| if vector + 1 == C { last } else { lanes };
        let a = self.a.wrapping_add(row * self.strides.0);
        let b = self.b.wrapping_add(column);
        let c = self.c.wrapping_add(row * self.columns + column);

        let mut sums = [[[S::Vector::<V>::splat(simd, S::ZERO); C]; R]; U];
        // SAFETY: the caller's promise; masked loads and stores touch no column over the end.
        unsafe {
            match self.start {
                Origin::Zero => {}
                Origin::Row(start) => {
                    for v in 0..C {
                        let start = S::Vector::<V>::load_masked(simd, start.add(column + v * lanes), count(v));
                        for sums in &mut sums[0] {
                            sums[v] = start;
                        }
                    }
                }
                Origin::Sum => {
                    for (r, sums) in sums[0].iter_mut().enumerate() {
                        for (v, sum) in sums.iter_mut().enumerate() {
                            *sum = S::Vector::<V>::load_masked(simd, c.add(r * self.columns + v * lanes), count(v));
                        }
                    }
                }
            }

            // Rows of B that a whole load may overrun into the next row. What the lanes over the end come to is not
            // stored.
            let reach = column + width + lanes;
            let whole = if last == lanes {
                self.inner
            } else {
                (self.available + self.columns).saturating_sub(reach) / self.columns
            };
            let whole = whole.min(self.inner) / U * U;
            let mut k = 0;
            let mut next = b;
            // Rows of A in fours, so that a processor's addresses (base + 1, 2 or 4 times an index) reach all with few
            // registers.
            let mut bases = [a; 4];
            for (four, base) in bases.iter_mut().enumerate() {
                *base = a.wrapping_add(4 * four * self.strides.0);
            }
            while k < whole {
                for (u, sums) in sums.iter_mut().enumerate() {
                    let mut bs = [S::Vector::<V>::splat(simd, S::ZERO); C];
                    for (v, to) in bs.iter_mut().enumerate() {
                        *to = S::Vector::<V>::load(simd, next.add(u * self.columns + v * lanes));
                    }
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let a = *bases[r / 4].add(r % 4 * self.strides.0 + u * self.strides.1);
                        let a = S::Vector::<V>::splat(simd, a);
                        for (sum, &b) in sums.iter_mut().zip(&bs) {
                            *sum = b.mul_add(a, *sum);
                        }
                    }
                }
                for base in &mut bases {
                    *base = base.wrapping_add(U * self.strides.1);
                }
                next = next.wrapping_add(U * self.columns);
                if R == 1 && U == 1 {
                    next = rolled(next);
                }
                k += U;
            }
            while k < self.inner {
                for (u, sums) in sums.iter_mut().enumerate() {
                    if k + u < self.inner {
                        let mut bs = [S::Vector::<V>::splat(simd, S::ZERO); C];
                        for (v, to) in bs.iter_mut().enumerate() {
                            let from = b.add((k + u) * self.columns + v * lanes);
                            *to = S::Vector::<V>::load_masked(simd, from, count(v));
                        }
                        for (r, sums) in sums.iter_mut().enumerate() {
                            let a = *a.add(r * self.strides.0 + (k + u) * self.strides.1);
                            let a = S::Vector::<V>::splat(simd, a);
                            for (sum, &b) in sums.iter_mut().zip(&bs) {
                                *sum = b.mul_add(a, *sum);
                            }
                        }
                    }
                }
                k += U;
            }

            let mut step = U / 2;
            while step > 0 {
                let (low, high) = sums.split_at_mut(step);
                for (low, high) in low.as_flattened_mut().iter_mut().zip(high.as_flattened()) {
                    for (low, &high) in low.iter_mut().zip(high) {
                        *low = *low + high;
                    }
                }
                step /= 2;
            }
            for (r, sums) in sums[0].iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let to = c.add(r * self.columns + v * lanes);
                    if constant {
                        sum.store_first(to, count(v));
                    } else {
                        sum.store_masked(to, count(v));
                    }
                }
            }
        }
    }
}

/// The tiles of `R` rows, in a function of their own. It is private to this file, where only [`Block::tiles`] makes it.
struct Tiles<'a, S, const R: usize, const C: usize, const U: usize> {
    block: &'a Block<S>,
    row: usize,
    from: usize,
    to: usize,
}

impl<S: Scalar, const R: usize, const C: usize, const U: usize> Operation for Tiles<'_, S, R, C, U> {
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
                    block.tile::<V, R, C, U>(simd, row, column, false);
                    column += C * lanes;
                }
            }
            while column < to {
                block.tile::<V, R, 1, U>(simd, row, column, false);
                column += lanes;
            }
        }
    }
}

/// The same pointer, which the compiler doesn't know to be the same: it doesn't unroll the loop.
///
/// One row of A streams all of B through the processor, whose prefetcher follows each load instruction by itself: four
/// times as many instructions take it 1.6 times as long.
#[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing is read or written through the pointer")]
#[inline(always)]
fn rolled<S>(pointer: *const S) -> *const S {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    {
        let mut pointer = pointer;
        // SAFETY: there are no instructions.
        unsafe { core::arch::asm!("/* {0} */", inout(reg) pointer, options(readonly, nostack, preserves_flags)) };
        return pointer;
    }
    #[allow(unreachable_code)]
    pointer
}
