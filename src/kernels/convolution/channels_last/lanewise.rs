//! Sums of products of numbers in the same lane, whose rows lie anywhere.

use crate::kernels::assert_in_tests;
use crate::kernels::product::{Place, Row};
use crate::kernels::vector::{Operation, Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;

/// `c[rows[r].c + n] = start[n] + Σₖ a[rows[r].a + inner[k].a + n] · b[inner[k].b + n]`; an empty start counts as zeros.
///
/// Each sum is one chain. A processor starts two multiplications at a time, each of which takes four cycles, so tiles have eight
/// sums where there are as many: 8 × 1, of rows that share the loads of b, 4 × 2 or 2 × 4; a last row has 1 × 4.
pub(super) struct Lanewise<'a, S> {
    pub(super) columns: usize,
    pub(super) a: &'a [S],
    pub(super) rows: &'a [Row],
    pub(super) inner: &'a [Place],
    pub(super) b: &'a [S],
    pub(super) c: &'a mut [S],
    pub(super) start: &'a [S],
    /// Whether the larger of 0 and a sum is stored.
    pub(super) is_rectified: bool,
}

impl<S: Scalar> Lanewise<'_, S> {
    /// Whether the slices are long enough, and the columns whole vectors.
    #[inline(always)]
    fn fits<V: Simd>(&self) -> bool {
        let (row, last) = (Row::furthest(self.rows), Place::furthest(self.inner));
        let end = |place: u32| (place as usize).saturating_add(self.columns);
        let fits = self.columns.is_multiple_of(lanes::<V, S>())
            && (self.inner.is_empty() || end(row.a).saturating_add(last.a as usize) <= self.a.len())
            && end(last.b) <= self.b.len()
            && end(row.c) <= self.c.len()
            && (self.start.is_empty() || self.columns <= self.start.len());
        assert_in_tests!(fits, "{} channels don't fit", self.columns);
        fits
    }
}

impl<S: Scalar> Operation for Lanewise<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        if !self.fits::<V>() {
            return;
        }
        let sums = &mut self;
        let row = simd.call(Tiles::<S, 8, 1> { sums, row: 0 });
        let row = simd.call(Tiles::<S, 4, 2> { sums, row });
        let row = simd.call(Tiles::<S, 2, 4> { sums, row });
        simd.call(Tiles::<S, 1, 4> { sums, row });
    }
}

/// As many times `R` rows from `row` on as there are, `C` vectors at a time. Returns the row behind them. Private to this file: only
/// sums that fit construct it.
struct Tiles<'p, 'a, S, const R: usize, const C: usize> {
    sums: &'p mut Lanewise<'a, S>,
    row: usize,
}

impl<S: Scalar, const R: usize, const C: usize> Operation for Tiles<'_, '_, S, R, C> {
    type Output = usize;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> usize {
        let Self { sums, mut row } = self;
        let lanes = lanes::<V, S>();
        while row + R <= sums.rows.len() {
            let mut column = 0;
            // SAFETY: the sums fit, and there are these rows and whole vectors.
            unsafe {
                while column + C * lanes <= sums.columns {
                    sums.tile::<V, R, C>(simd, row, column);
                    column += C * lanes;
                }
                while column < sums.columns {
                    sums.tile::<V, R, 1>(simd, row, column);
                    column += lanes;
                }
            }
            row += R;
        }
        row
    }
}

impl<S: Scalar> Lanewise<'_, S> {
    /// `R` rows and `C` vectors of columns.
    ///
    /// # Safety
    /// The sums fit, and there are the rows and the columns.
    // In debug builds, everything inlined into one function has its own place on the stack.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn tile<V: Simd, const R: usize, const C: usize>(&mut self, simd: V, row: usize, column: usize) {
        let (lanes, zero) = (lanes::<V, S>(), splat::<V, S>(simd, S::ZERO));
        let (mut a, mut c) = ([self.a.as_ptr(); R], [self.c.as_mut_ptr(); R]);
        let b = self.b.as_ptr().wrapping_add(column);
        let mut sums = [[zero; C]; R];
        // SAFETY: the caller's promise.
        unsafe {
            for (r, (a, c)) in a.iter_mut().zip(&mut c).enumerate() {
                let row = self.rows.get_unchecked(row + r);
                *a = a.wrapping_add(row.a as usize + column);
                *c = c.add(row.c as usize + column);
            }
            if !self.start.is_empty() {
                for v in 0..C {
                    let start = S::Vector::<V>::load(simd, self.start.as_ptr().add(column + v * lanes));
                    for sums in &mut sums {
                        sums[v] = start;
                    }
                }
            }
            for place in self.inner {
                let (at, from) = (place.a as usize, place.b as usize);
                for v in 0..C {
                    let b = S::Vector::<V>::load(simd, b.add(from + v * lanes));
                    for (sums, a) in sums.iter_mut().zip(&a) {
                        sums[v] = S::Vector::<V>::load(simd, a.add(at + v * lanes)).mul_add(b, sums[v]);
                    }
                }
            }
            for (sums, c) in sums.into_iter().zip(c) {
                for (v, sum) in sums.into_iter().enumerate() {
                    let sum = if self.is_rectified { sum.max(zero) } else { sum };
                    sum.store(c.add(v * lanes));
                }
            }
        }
    }
}
