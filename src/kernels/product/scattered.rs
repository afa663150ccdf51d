//! A product whose operands lie anywhere: a convolution multiplies its inputs where they are, and copies no windows.
//!
//! An element of A lies at the sum of an offset of its row and one of its column, and each row of B at an offset. Both
//! are tables, so that one kernel serves all strides, dilations and paddings. Dukhan, "The indirect convolution
//! algorithm", 2019, has a table of pointers instead.
//!
//! Each sum is one chain, from the first product to the last: its bits depend on the order of the tables alone, and not on
//! the tile or the width of vectors. So tiles are as large as [`tiles`](super::tiles) says, but never have several chains:
//! with fewer rows, they take more columns.

use super::Origin;
use super::tile::{Sums, Tile, rectified};
use crate::kernels::vector::{Operation, Simd, Vector, lanes};
use crate::real::Real;
use crate::scalar::Scalar;

/// Where a column of A lies, from each of its rows on, and the row of B that it is multiplied by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) a: u32,
    pub(crate) b: u32,
}

/// Where a row of A and the same row of C lie.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) a: u32,
    pub(crate) c: u32,
}

/// `c[rows[r].c + n] = start + Σₖ a[rows[r].a + inner[k].a] · b[inner[k].b + n]`; and the same for each of several lines,
/// which lie apart in B and in C.
#[derive(Debug)]
pub struct Scattered<'a, S> {
    pub(crate) columns: usize,
    pub(crate) a: &'a [S],
    pub(crate) rows: &'a [Row],
    pub(crate) inner: &'a [Place],
    /// Rows are read in whole vectors.
    pub(crate) b: &'a [S],
    pub(crate) c: &'a mut [S],
    /// How many lines there are, and how far they lie apart in B and in C.
    pub(crate) lines: (usize, usize, usize),
    pub(crate) start: Origin<'a, S>,
    /// Whether the larger of 0 and a sum is stored.
    pub(crate) is_rectified: bool,
}

impl<S: Scalar> Scattered<'_, S> {
    /// Whether there is something to compute, and the slices are long enough.
    #[inline(always)]
    fn fits<V: Simd>(&self) -> bool {
        let (rows, columns, (lines, apart_b, apart_c)) = (self.rows.len(), self.columns, self.lines);
        if rows == 0 || columns == 0 || lines == 0 {
            return false;
        }
        let row = self.rows.iter().fold(Row::default(), |most, row| Row { a: most.a.max(row.a), c: most.c.max(row.c) });
        let last = self
            .inner
            .iter()
            .fold(Place::default(), |most, place| Place { a: most.a.max(place.a), b: most.b.max(place.b) });
        let whole = columns.div_ceil(lanes::<V, S>()).saturating_mul(lanes::<V, S>());
        let a = (row.a as usize).saturating_add(last.a as usize);
        let end = |apart: usize| (lines - 1).saturating_mul(apart);
        let fits = (self.inner.is_empty()
            || a < self.a.len() && end(apart_b).saturating_add(last.b as usize).saturating_add(whole) <= self.b.len())
            && end(apart_c).saturating_add(row.c as usize).saturating_add(columns) <= self.c.len()
            && self.start.fits(rows, columns);
        debug_assert!(fits, "a product of {rows} × {} × {columns} doesn't fit its slices", self.inner.len());
        fits
    }
}

impl<S: Scalar> Operation for Scattered<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        if !self.fits::<V>() {
            return;
        }
        let (rows, many) = (self.rows.len(), S::Vector::<V>::REGISTERS >= 32);
        let product = &mut self;
        let mut row = 0;
        while row < rows {
            let (product, left) = (&mut *product, rows - row);
            row += match left {
                8.. if many => {
                    simd.call(Tiles::<S, 8, 2> { product, row });
                    8
                }
                4.. => {
                    simd.call(Tiles::<S, 4, 2> { product, row });
                    4
                }
                2.. => {
                    simd.call(Tiles::<S, 2, 4> { product, row });
                    2
                }
                _ => {
                    simd.call(Tiles::<S, 1, 8> { product, row });
                    1
                }
            };
        }
    }
}

/// All lines of `R` rows, `C` vectors at a time. Private to this file: only a product that fits constructs it.
struct Tiles<'p, 'a, S, const R: usize, const C: usize> {
    product: &'p mut Scattered<'a, S>,
    row: usize,
}

impl<S: Scalar, const R: usize, const C: usize> Operation for Tiles<'_, '_, S, R, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { product, row } = self;
        // Vectors of short lines share a tile.
        let mut left = product.lines.0 * product.columns.div_ceil(lanes::<V, S>());
        let mut at = (0, 0);
        while left > 0 {
            // SAFETY: the product fits, and has these rows and, from `at` on, at least as many vectors as the tile.
            left -= unsafe {
                if left >= C {
                    product.tile::<V, R, C>(simd, row, &mut at)
                } else if C > 4 && left >= 4 {
                    product.tile::<V, R, 4>(simd, row, &mut at)
                } else if C > 2 && left >= 2 {
                    product.tile::<V, R, 2>(simd, row, &mut at)
                } else {
                    product.tile::<V, R, 1>(simd, row, &mut at)
                }
            };
        }
    }
}

impl<S: Scalar> Scattered<'_, S> {
    /// `R` rows from `row` on, and `C` vectors from a line and a column on, which move behind them; the last vector of a line may
    /// reach over the end. Returns C.
    ///
    /// # Safety
    /// The product fits, and has the rows and the vectors.
    // In debug builds, everything inlined into one function has its own place on the stack.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn tile<V: Simd, const R: usize, const C: usize>(
        &mut self,
        simd: V,
        row: usize,
        (line, column): &mut (usize, usize),
    ) -> usize {
        let lanes = S::Vector::<V>::LANES;
        // The vectors lie anywhere in B and C, and so do the rows in A and C.
        let (mut a, mut b) = ([self.a.as_ptr(); R], [self.b.as_ptr(); C]);
        let mut tiles = [Tile { c: self.c.as_mut_ptr(), pitch: 0, row, column: 0, last: lanes }; C];
        for (b, tile) in b.iter_mut().zip(&mut tiles) {
            *b = b.wrapping_add(*line * self.lines.1 + *column);
            tile.c = tile.c.wrapping_add(*line * self.lines.2 + *column);
            (tile.column, tile.last) = (*column, lanes.min(self.columns - *column));
            *column += lanes;
            if *column >= self.columns {
                (*line, *column) = (*line + 1, 0);
            }
        }
        // SAFETY: the caller's promise; masked loads and stores touch no column of C over the end, and B can be read in
        // whole vectors.
        unsafe {
            let mut rows = [0; R];
            for (r, (a, to)) in a.iter_mut().zip(&mut rows).enumerate() {
                let row = *self.rows.get_unchecked(row + r);
                *a = a.wrapping_add(row.a as usize);
                *to = row.c as usize;
            }
            let mut sums: Sums<S::Vector<V>, R, C> = [[S::Vector::<V>::splat(simd, S::ZERO); C]; R];
            for (v, &tile) in tiles.iter().enumerate() {
                if let Origin::Sum = self.start {
                    for (sums, &row) in sums.iter_mut().zip(&rows) {
                        [[sums[v]]] = Tile { c: tile.c.wrapping_add(row), ..tile }.origin(simd, Origin::Sum);
                    }
                } else {
                    let starts: Sums<S::Vector<V>, R, 1> = tile.origin(simd, self.start);
                    for (sums, [start]) in sums.iter_mut().zip(starts) {
                        sums[v] = start;
                    }
                }
            }
            for place in self.inner {
                let (at, from) = (place.a as usize, place.b as usize);
                let mut bs = [S::Vector::<V>::splat(simd, S::ZERO); C];
                for (to, b) in bs.iter_mut().zip(&b) {
                    *to = S::Vector::<V>::load(simd, b.add(from));
                }
                for (sums, a) in sums.iter_mut().zip(&a) {
                    let a = S::Vector::<V>::splat(simd, *a.add(at));
                    for (sum, &b) in sums.iter_mut().zip(&bs) {
                        *sum = b.mul_add(a, *sum);
                    }
                }
            }
            if self.is_rectified {
                sums = rectified(sums);
            }
            for (sums, &row) in sums.iter().zip(&rows) {
                for (&sum, &tile) in sums.iter().zip(&tiles) {
                    Tile { c: tile.c.wrapping_add(row), ..tile }.store::<V, 1, 1>(&[[sum]], false);
                }
            }
        }
        C
    }
}
