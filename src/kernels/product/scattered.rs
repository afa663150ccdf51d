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
use super::tile::{Sums, Tile};
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

/// All columns of `R` rows, `C` vectors at a time. Private to this file: only a product that fits constructs it.
struct Tiles<'p, 'a, S, const R: usize, const C: usize> {
    product: &'p mut Scattered<'a, S>,
    row: usize,
}

impl<S: Scalar, const R: usize, const C: usize> Operation for Tiles<'_, '_, S, R, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { product, row } = self;
        let (lanes, columns) = (lanes::<V, S>(), product.columns);
        for line in 0..product.lines.0 {
            let mut column = 0;
            while column < columns {
                let (vectors, at) = ((columns - column).div_ceil(lanes), (line, column));
                // SAFETY: the product fits, and has these rows, columns and lines.
                let done = unsafe {
                    if vectors >= C {
                        product.tile::<V, R, C>(simd, row, at)
                    } else if C > 4 && vectors >= 4 {
                        product.tile::<V, R, 4>(simd, row, at)
                    } else if C > 2 && vectors >= 2 {
                        product.tile::<V, R, 2>(simd, row, at)
                    } else {
                        product.tile::<V, R, 1>(simd, row, at)
                    }
                };
                column += done * lanes;
            }
        }
    }
}

impl<S: Scalar> Scattered<'_, S> {
    /// `R` rows from `row` on, and `C` vectors of columns of a line, of which the last one may reach over the end. Returns C.
    ///
    /// # Safety
    /// The product fits, and has the rows, and columns in each of the vectors.
    // In debug builds, everything inlined into one function has its own place on the stack.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn tile<V: Simd, const R: usize, const C: usize>(
        &mut self,
        simd: V,
        row: usize,
        (line, column): (usize, usize),
    ) -> usize {
        let lanes = S::Vector::<V>::LANES;
        let b = self.b.as_ptr().wrapping_add(line * self.lines.1 + column);
        let c = self.c.as_mut_ptr().wrapping_add(line * self.lines.2 + column);
        let last = lanes.min(self.columns - column - (C - 1) * lanes);
        let tile = Tile { c, pitch: 0, row, column, last };
        let mut a = [self.a.as_ptr(); R];
        // Rows of C lie anywhere, so each is a tile.
        let mut rows = [tile; R];
        // SAFETY: the caller's promise; masked loads and stores touch no column of C over the end, and B can be read in
        // whole vectors.
        unsafe {
            for (r, (a, tile)) in a.iter_mut().zip(&mut rows).enumerate() {
                let row = *self.rows.get_unchecked(row + r);
                *a = a.wrapping_add(row.a as usize);
                tile.c = tile.c.wrapping_add(row.c as usize);
            }
            let mut sums: Sums<S::Vector<V>, R, C>;
            if let Origin::Sum = self.start {
                sums = [[S::Vector::<V>::splat(simd, S::ZERO); C]; R];
                for (tile, sums) in rows.iter().zip(&mut sums) {
                    [*sums] = tile.origin(simd, Origin::Sum);
                }
            } else {
                sums = tile.origin(simd, self.start);
            }
            for place in self.inner {
                let (at, b) = (place.a as usize, b.add(place.b as usize));
                let mut bs = [S::Vector::<V>::splat(simd, S::ZERO); C];
                for (v, to) in bs.iter_mut().enumerate() {
                    *to = S::Vector::<V>::load(simd, b.add(v * lanes));
                }
                for (sums, a) in sums.iter_mut().zip(&a) {
                    let a = S::Vector::<V>::splat(simd, *a.add(at));
                    for (sum, &b) in sums.iter_mut().zip(&bs) {
                        *sum = b.mul_add(a, *sum);
                    }
                }
            }
            for (tile, sums) in rows.iter().zip(sums) {
                tile.store::<V, 1, C>(&[sums], false);
            }
        }
        C
    }
}
