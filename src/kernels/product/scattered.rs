//! A product whose operands lie anywhere: a convolution multiplies its inputs where they are, and copies no windows.
//!
//! An element of A lies at the sum of an offset of its row and one of its column, and each row of B at an offset. Both
//! are tables, so that one kernel serves all strides, dilations and paddings. Dukhan, "The indirect convolution
//! algorithm", 2019, has a table of pointers instead.
//!
//! Each sum is one chain, from the first product to the last: its bits depend on the order of the tables alone, and not on
//! the tile or the width of vectors. So tiles never have several chains; they are made of as many sums as registers hold, and of
//! at least eight, which a processor needs to start two multiplications in each cycle:
//!
//! | rows left | vectors of columns | tile, with 32 registers | with fewer |
//! |---|---|---|---|
//! | more than 8 | 1 | 12 × 1: the pointers to more rows would take more registers than there are | 6 × 1 |
//! | 7, 8 and more | 1; 2 and more, the last 3 of an odd number | 8 × 1, 8 × 2, 8 × 3 | 6 × 2, which waits less for loads than 4 × 2 |
//! | 5, 6 | 1, 2, 3, 4 and more | 6 × 1, 6 × 2, 6 × 3, 6 × 4 | 5 × 2, 6 × 2 |
//! | 3, 4 | 1, 2, 3, 4 and more | 4 × 1, 4 × 2, 4 × 3, 4 × 4 | 3 × 3, 4 × 2 |
//! | 2 | any | 2 × 4, 2 × 2, 2 × 1 | the same |
//! | 1 | any | 1 × 8, 1 × 4, 1 × 2, 1 × 1 | the same |
//!
//! With 32 registers, up to one and a half tiles of rows are halved, rows that a tile has too many are computed twice, and of one vector of columns,
//! rows in [fours](Fours) need fewer pointers. With fewer registers, tiles are of nearly the same size, and of terms that lie side by side
//! [in threes](InThrees), not each place is read from the table.

mod fours;
mod walks;
mod work;

pub(crate) use self::fours::{Fours, TOGETHER};
use self::walks::{InThrees, OneByOne, Walk};
pub(crate) use self::work::{work, work_in_fours};
use super::Origin;
use super::tile::{Sums, rectified};
use crate::kernels::assert_in_tests;
use crate::kernels::vector::{Operation, Simd, Vector, lanes};
use crate::scalar::Scalar;
use crate::window::even;

/// Where a column of A lies, from each of its rows on, and the row of B that it is multiplied by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) a: u32,
    pub(crate) b: u32,
}

impl Place {
    /// The furthest that some numbers lie.
    #[inline(always)]
    pub(crate) fn furthest(places: &[Self]) -> Self {
        places.iter().fold(Self::default(), |most, place| Self { a: most.a.max(place.a), b: most.b.max(place.b) })
    }
}

/// Where a row of A and the same row of C lie.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) a: u32,
    pub(crate) c: u32,
}

impl Row {
    /// The furthest that some rows lie.
    #[inline(always)]
    pub(crate) fn furthest(rows: &[Self]) -> Self {
        rows.iter().fold(Self::default(), |most, row| Self { a: most.a.max(row.a), c: most.c.max(row.c) })
    }
}

/// Where the terms of a sum lie, in order: the `inner` ones, from each of the `outer` places on; and all of that again and again, so far
/// apart. A convolution's channels are repetitions, and the rows of its window may be outer places, so that tables are short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) inner: &'a [Place],
    pub(crate) outer: &'a [Place],
    pub(crate) repeats: usize,
    pub(crate) apart: (usize, usize),
}

impl<'a> Terms<'a> {
    /// All of them in one table.
    pub(crate) const fn listed(inner: &'a [Place]) -> Self {
        Self::repeated(inner, 1, (0, 0))
    }

    /// Those of a table, again and again.
    pub(crate) const fn repeated(inner: &'a [Place], repeats: usize, apart: (usize, usize)) -> Self {
        Self { inner, outer: &[Place { a: 0, b: 0 }], repeats, apart }
    }

    /// How many there are.
    #[inline(always)]
    fn count(&self) -> usize {
        self.inner.len().saturating_mul(self.outer.len()).saturating_mul(self.repeats)
    }

    /// The furthest that some lie in A, and in B.
    #[inline(always)]
    fn furthest(&self) -> (usize, usize) {
        let (inner, outer) = (Place::furthest(self.inner), Place::furthest(self.outer));
        let end = |inner: u32, outer: u32, apart: usize| {
            let last = self.repeats.saturating_sub(1).saturating_mul(apart);
            (inner as usize).saturating_add(outer as usize).saturating_add(last)
        };
        (end(inner.a, outer.a, self.apart.0), end(inner.b, outer.b, self.apart.1))
    }
}

/// `c[rows[r].c + n] = start + Σₖ a[rows[r].a + terms[k].a] · b[terms[k].b + n]`; and the same for each of several lines, which lie
/// apart in B and in C.
#[derive(Debug)]
pub struct Scattered<'a, S> {
    pub(crate) columns: usize,
    pub(crate) a: &'a [S],
    pub(crate) rows: &'a [Row],
    /// Those of them that lie equally far apart.
    pub(crate) fours: Fours,
    pub(crate) terms: Terms<'a>,
    /// Rows are read in whole vectors.
    pub(crate) b: &'a [S],
    pub(crate) c: &'a mut [S],
    /// How many lines there are, and how far they lie apart in B and in C.
    pub(crate) lines: (usize, usize, usize),
    pub(crate) start: Origin<'a, S>,
    /// Whether each sum is added to what is there in the end: not one chain with it, which would round more.
    pub(crate) is_added: bool,
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
        let (row, terms) = (Row::furthest(self.rows), self.terms.furthest());
        let whole = columns.div_ceil(lanes::<V, S>()).saturating_mul(lanes::<V, S>());
        let end = |apart: usize| (lines - 1).saturating_mul(apart);
        let a = (row.a as usize).saturating_add(terms.0);
        let b = end(apart_b).saturating_add(terms.1).saturating_add(whole);
        let fits = (self.terms.count() == 0 || a < self.a.len() && b <= self.b.len())
            && end(apart_c).saturating_add(row.c as usize).saturating_add(columns) <= self.c.len()
            && self.fours.fit(self.rows)
            && self.start.fits(rows, columns);
        assert_in_tests!(fits, "a product of {rows} × {} × {columns} doesn't fit its slices", self.terms.count());
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
        if const { S::Vector::<V>::REGISTERS >= 32 } {
            self.in_large_tiles(simd);
        } else if let Some(walk) = InThrees::<false>::of(self.terms.inner) {
            self.in_small_tiles(simd, walk);
        } else if let Some(walk) = InThrees::<true>::of(self.terms.inner) {
            self.in_small_tiles(simd, walk);
        } else {
            self.in_small_tiles(simd, OneByOne);
        }
    }
}

impl<S: Scalar> Scattered<'_, S> {
    /// A product that fits, with 32 registers.
    #[inline(always)]
    fn in_large_tiles<V: Simd>(&mut self, simd: V) {
        // A single vector of columns takes more rows, as each sum waits for its last product.
        let most = if self.vectors::<V>() == 1 { 12 } else { 8 };
        if most == 12 && self.fours.count > 0 {
            return self.in_fours(simd);
        }
        let (mut row, walk) = (0, OneByOne);
        while row < self.rows.len() {
            let left = self.rows.len() - row;
            // The last two of about the same size, if one of them would be small.
            let together = match left {
                few if few <= most => few,
                some if 2 * some <= 3 * most => some.div_ceil(2),
                _ => most,
            };
            let product = &mut *self;
            row += match together {
                9.. => simd.call(Tiles::<S, _, 12, 1> { product, row, walk }),
                7.. => simd.call(Tiles::<S, _, 8, 3> { product, row, walk }),
                5.. => simd.call(Tiles::<S, _, 6, 4> { product, row, walk }),
                3.. => simd.call(Tiles::<S, _, 4, 4> { product, row, walk }),
                2 => simd.call(Tiles::<S, _, 2, 4> { product, row, walk }),
                _ => simd.call(Tiles::<S, _, 1, 8> { product, row, walk }),
            };
        }
    }

    /// The same, with fewer.
    #[inline(always)]
    fn in_small_tiles<V: Simd>(&mut self, simd: V, walk: impl Walk) {
        let mut row = 0;
        while row < self.rows.len() {
            let left = self.rows.len() - row;
            let product = &mut *self;
            // All of about the same size.
            row += match even(left, 6) {
                6.. => simd.call(Tiles::<S, _, 6, 2> { product, row, walk }),
                5 => simd.call(Tiles::<S, _, 5, 2> { product, row, walk }),
                4 => simd.call(Tiles::<S, _, 4, 2> { product, row, walk }),
                3 => simd.call(Tiles::<S, _, 3, 3> { product, row, walk: OneByOne }),
                2 => simd.call(Tiles::<S, _, 2, 4> { product, row, walk: OneByOne }),
                _ => simd.call(Tiles::<S, _, 1, 8> { product, row, walk: OneByOne }),
            };
        }
    }

    /// Vectors of columns, of all lines.
    #[inline(always)]
    fn vectors<V: Simd>(&self) -> usize {
        self.lines.0 * self.columns.div_ceil(lanes::<V, S>())
    }
}

/// All lines of `R` rows, up to `C` vectors at a time. Those rows that there aren't are the last one again. Private to this file:
/// only a product that fits, and has the first row, constructs it.
struct Tiles<'p, 'a, S, W, const R: usize, const C: usize> {
    product: &'p mut Scattered<'a, S>,
    row: usize,
    walk: W,
}

impl<S: Scalar, W: Walk, const R: usize, const C: usize> Operation for Tiles<'_, '_, S, W, R, C> {
    /// R.
    type Output = usize;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> usize {
        let Self { product, row, walk } = self;
        let tile = (row, product.rows.len() - row);
        // Vectors of short lines share a tile.
        let mut left = product.vectors::<V>();
        let mut at = (0, 0);
        while left > 0 {
            // Of about the same size; few rows need as many sums as possible, and many rows have enough with two vectors.
            let together = match R {
                1 | 2 => left,
                8 if left > 3 => 2,
                _ => left.div_ceil(left.div_ceil(C)),
            };
            // SAFETY: the product fits, and has the row and, from `at` on, at least as many vectors as the tile.
            left -= unsafe {
                match together {
                    8.. if C == 8 => product.tile::<V, R, 1, 8>(simd, tile, walk, &mut at),
                    4.. if C >= 4 => product.tile::<V, R, 1, 4>(simd, tile, walk, &mut at),
                    3.. if C >= 3 && R > 2 => product.tile::<V, R, 1, 3>(simd, tile, walk, &mut at),
                    2.. if C >= 2 => product.tile::<V, R, 1, 2>(simd, tile, walk, &mut at),
                    _ => product.tile::<V, R, 1, 1>(simd, tile, walk, &mut at),
                }
            };
        }
        R
    }
}

impl<S: Scalar> Scattered<'_, S> {
    /// Up to `G` times `Q` rows, of which there are `count` times `Q`; those that there aren't are the last Q again. And `C` vectors
    /// from a line and a column on, which move behind them; the last vector of a line may reach over the end. Returns C.
    ///
    /// # Safety
    /// The product fits, and has the rows, at least Q, and the vectors, and if Q is more than one, the rows are [fours](Fours). The terms are as
    /// the walk says.
    // In debug builds, everything inlined into one function has its own place on the stack.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn tile<V: Simd, const G: usize, const Q: usize, const C: usize>(
        &mut self,
        simd: V,
        (row, count): (usize, usize),
        walk: impl Walk,
        (line, column): &mut (usize, usize),
    ) -> usize {
        let lanes = S::Vector::<V>::LANES;
        // The vectors lie anywhere in B and C, and so do the first rows in A, and all of them in C.
        let (mut a, mut b, mut c) = ([self.a.as_ptr(); G], [self.b.as_ptr(); C], [self.c.as_mut_ptr(); C]);
        let (mut columns, mut counts) = ([0; C], [lanes; C]);
        for v in 0..C {
            b[v] = b[v].wrapping_add(*line * self.lines.1 + *column);
            c[v] = c[v].wrapping_add(*line * self.lines.2 + *column);
            (columns[v], counts[v]) = (*column, lanes.min(self.columns - *column));
            *column += lanes;
            if *column >= self.columns {
                (*line, *column) = (*line + 1, 0);
            }
        }
        // SAFETY: the caller's promise; masked loads and stores touch no column of C over the end, and B can be read in
        // whole vectors.
        unsafe {
            let (mut to, last) = ([[0; Q]; G], count - 1);
            for (g, (a, to)) in a.iter_mut().zip(&mut to).enumerate() {
                let row = row + g.min(last) * Q;
                *a = a.wrapping_add(self.rows.get_unchecked(row).a as usize);
                for (q, to) in to.iter_mut().enumerate() {
                    *to = self.rows.get_unchecked(row + q).c as usize;
                }
            }
            // Each kind of start has loops of its own, small enough to be unrolled: the sums are to stay in registers.
            let mut sums: [Sums<S::Vector<V>, Q, C>; G] = [[[S::Vector::<V>::splat(simd, S::ZERO); C]; Q]; G];
            match self.start {
                Origin::Sum => {
                    for (sums, rows) in sums.iter_mut().zip(&to) {
                        for (sums, &row) in sums.iter_mut().zip(rows) {
                            for (v, sum) in sums.iter_mut().enumerate() {
                                *sum = S::Vector::<V>::load_masked(simd, c[v].add(row), counts[v]);
                            }
                        }
                    }
                }
                Origin::Row(start) if !start.is_empty() => {
                    let mut starts = [S::Vector::<V>::splat(simd, S::ZERO); C];
                    for (v, to) in starts.iter_mut().enumerate() {
                        *to = S::Vector::<V>::load_masked(simd, start.as_ptr().add(columns[v]), counts[v]);
                    }
                    sums = [[starts; Q]; G];
                }
                Origin::Column(start) if !start.is_empty() => {
                    for (g, sums) in sums.iter_mut().enumerate() {
                        for (q, sums) in sums.iter_mut().enumerate() {
                            let row = row + g.min(last) * Q + q;
                            *sums = [S::Vector::<V>::splat(simd, *start.get_unchecked(row)); C];
                        }
                    }
                }
                Origin::Zero | Origin::Row(_) | Origin::Column(_) => {}
            }
            let (Terms { inner, outer, repeats, apart }, step) = (self.terms, self.fours.step);
            for repeat in 0..repeats {
                for outer in outer {
                    let (at, from) = (repeat * apart.0 + outer.a as usize, repeat * apart.1 + outer.b as usize);
                    let (a, b) = (a.map(|a| a.wrapping_add(at)), b.map(|b| b.wrapping_add(from)));
                    walk.add(simd, (&a, step), &b, inner, &mut sums);
                }
            }
            if self.is_rectified {
                for sums in &mut sums {
                    *sums = rectified(*sums);
                }
            }
            if self.is_added {
                for (sums, rows) in sums.iter_mut().zip(&to) {
                    for (sums, &row) in sums.iter_mut().zip(rows) {
                        for (v, sum) in sums.iter_mut().enumerate() {
                            *sum = S::Vector::<V>::load_masked(simd, c[v].add(row), counts[v]) + *sum;
                        }
                    }
                }
            }
            store(&sums, &c, &to, (counts, lanes));
        }
        C
    }
}

/// Stores the sums of some rows, of which there are `counts` in each vector.
///
/// # Safety
/// They can be written there.
#[inline(always)]
unsafe fn store<V: Simd, S: Scalar, T: Vector<S, V>, const G: usize, const Q: usize, const C: usize>(
    sums: &[Sums<T, Q, C>; G],
    c: &[*mut S; C],
    to: &[[usize; Q]; G],
    (counts, lanes): ([usize; C], usize),
) {
    // SAFETY: the caller's promise.
    unsafe {
        // Loops without branches are unrolled, so that sums needn't lie in memory: those of whole vectors, and those of instruction sets that have
        // masks.
        if const { T::REGISTERS < 32 } && counts.iter().all(|&count| count == lanes) {
            for (sums, rows) in sums.iter().zip(to) {
                for (sums, &row) in sums.iter().zip(rows) {
                    for (v, sum) in sums.iter().enumerate() {
                        sum.store(c[v].add(row));
                    }
                }
            }
            return;
        }
        let sums = *sums;
        for (sums, rows) in sums.iter().zip(to) {
            for (sums, &row) in sums.iter().zip(rows) {
                for (v, sum) in sums.iter().enumerate() {
                    sum.store_masked(c[v].add(row), counts[v]);
                }
            }
        }
    }
}
