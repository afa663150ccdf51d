//! Dot products of rows with rows: what goes back through a dense layer.

use super::vector::{Operation, Simd, Vector};
use crate::real::Real;
use crate::scalar::Scalar;

/// `C[m][n] = start + Σₖ A[m][k] · B[n][k]`, all three contiguous, row by row.
#[derive(Debug)]
pub struct DotProducts<'a, S> {
    /// The range of (m, k, n).
    pub(crate) size: (usize, usize, usize),
    pub(crate) a: &'a [S],
    pub(crate) b: &'a [S],
    pub(crate) c: &'a mut [S],
    pub(crate) start: S,
}

/// The most lanes there are.
const LANES: usize = 16;
/// Rows of B of one tile.
const TILE: usize = 8;
/// Numbers of A that are transposed at a time: 8 KiB of `f32`.
const TRANSPOSED: usize = 2048;

impl<S: Scalar> Operation for DotProducts<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { size: (rows, inner, columns), a, b, c, start } = self;
        let fits = rows * inner <= a.len() && columns * inner <= b.len() && rows * columns <= c.len();
        debug_assert!(fits, "dot products of {:?} don't fit their slices", self.size);
        if rows == 0 || columns == 0 || !fits {
            return;
        }
        let operands = Operands { a: a.as_ptr(), b: b.as_ptr(), c: c.as_mut_ptr(), rows, inner, columns, start };
        let lanes = S::Vector::<V>::LANES;
        let mut row = 0;
        // SAFETY: the slices hold so many rows of such lengths.
        unsafe {
            // Most of the lanes are to be used.
            while rows - row > lanes * 5 / 8 && inner > 0 {
                operands.transposed(simd, row);
                row = rows.min(row + lanes);
            }
            for column in (0..columns).step_by(lanes) {
                for row in row..rows {
                    operands.dots(simd, row, column);
                }
            }
        }
    }
}

struct Operands<S> {
    a: *const S,
    b: *const S,
    c: *mut S,
    rows: usize,
    inner: usize,
    columns: usize,
    start: S,
}

impl<S: Scalar> Operands<S> {
    /// One row of A with as many rows of B as there are lanes.
    ///
    /// # Safety
    /// The row and the column are in range.
    #[inline(always)]
    unsafe fn dots<V: Simd>(&self, simd: V, row: usize, column: usize) {
        let lanes = S::Vector::<V>::LANES;
        let count = lanes.min(self.columns - column);
        let mut sums = [S::Vector::<V>::splat(simd, S::ZERO); LANES];
        // SAFETY: rows behind the last one are the last one again; `load_masked` and `store_masked` keep to the rest.
        unsafe {
            let a = self.a.add(row * self.inner);
            let b = self.b.add(column * self.inner);
            let mut k = 0;
            while k + lanes <= self.inner {
                let a = S::Vector::<V>::load(simd, a.add(k));
                for (r, sum) in sums.iter_mut().take(lanes).enumerate() {
                    let b = S::Vector::<V>::load(simd, b.add(r.min(count - 1) * self.inner + k));
                    *sum = a.mul_add(b, *sum);
                }
                k += lanes;
            }
            let rest = self.inner - k;
            if rest > 0 {
                let a = S::Vector::<V>::load_masked(simd, a.add(k), rest);
                for (r, sum) in sums.iter_mut().take(lanes).enumerate() {
                    let b = S::Vector::<V>::load_masked(simd, b.add(r.min(count - 1) * self.inner + k), rest);
                    *sum = a.mul_add(b, *sum);
                }
            }
            let sums = sum_each::<V, S>(sums) + S::Vector::<V>::splat(simd, self.start);
            sums.store_masked(self.c.add(row * self.columns + column), count);
        }
    }

    /// As many rows of A as there are lanes, or are left, with all rows of B: lanes stand for rows of A, which are
    /// transposed for it, some columns at a time.
    ///
    /// # Safety
    /// The row is in range, and the inner dimension is not 0.
    #[inline(always)]
    unsafe fn transposed<V: Simd>(&self, simd: V, row: usize) {
        let lanes = S::Vector::<V>::LANES;
        let rows = lanes.min(self.rows - row);
        let mut transposed = [const { core::mem::MaybeUninit::<S>::uninit() }; TRANSPOSED];
        let transposed = transposed.as_mut_ptr().cast::<S>();
        // SAFETY: rows and columns are in range, `load_masked` keeps to their ends, and `inner` is at most as many as
        // the transposed block has room for.
        unsafe {
            let mut first = 0;
            while first < self.inner {
                let inner = (TRANSPOSED / lanes).min(self.inner - first);
                self.transpose_a(simd, (row, rows), (first, inner), transposed);
                let mut column = 0;
                while column < self.columns {
                    self.transposed_tile(simd, (row, rows), (first, inner), column, transposed);
                    column += TILE;
                }
                first += inner;
            }
        }
    }

    /// Lanes of rows of A become columns.
    ///
    /// # Safety
    /// A has the rows and the columns, and `to` room for `lanes` times the columns, rounded up to lanes.
    #[inline(always)]
    unsafe fn transpose_a<V: Simd>(
        &self,
        simd: V,
        (row, rows): (usize, usize),
        (first, inner): (usize, usize),
        to: *mut S,
    ) {
        let lanes = S::Vector::<V>::LANES;
        let mut k = 0;
        while k < inner {
            let mut block = [S::Vector::<V>::splat(simd, S::ZERO); LANES];
            // SAFETY: the caller's promise.
            unsafe {
                for (r, vector) in block.iter_mut().take(rows).enumerate() {
                    let from = self.a.add((row + r) * self.inner + first + k);
                    *vector = S::Vector::<V>::load_masked(simd, from, inner - k);
                }
                for (r, vector) in transpose::<V, S>(block, lanes).into_iter().take(lanes).enumerate() {
                    vector.store(to.add((k + r) * lanes));
                }
            }
            k += lanes;
        }
    }

    /// The columns `first..first + inner` of A's rows with those of a few rows of B.
    ///
    /// # Safety
    /// A has the rows and the columns, B the first of its rows, `a` the transposed columns.
    #[inline(always)]
    unsafe fn transposed_tile<V: Simd>(
        &self,
        simd: V,
        (row, rows): (usize, usize),
        (first, inner): (usize, usize),
        column: usize,
        a: *const S,
    ) {
        let lanes = S::Vector::<V>::LANES;
        let count = TILE.min(self.columns - column);
        let start = if first == 0 { self.start } else { S::ZERO };
        let mut sums = [S::Vector::<V>::splat(simd, start); TILE];
        // SAFETY: the caller's promise; rows of B behind the last one are the last one again.
        unsafe {
            let mut b = [self.b; TILE];
            for (r, b) in b.iter_mut().enumerate() {
                *b = self.b.add((column + r.min(count - 1)) * self.inner + first);
            }
            for k in 0..inner {
                let a = S::Vector::<V>::load(simd, a.add(k * lanes));
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = a.mul_add(S::Vector::<V>::splat(simd, *b.add(k)), *sum);
                }
            }
            let mut block = [S::Vector::<V>::splat(simd, S::ZERO); LANES];
            block[..TILE].copy_from_slice(&sums);
            let mut flat = [S::ZERO; LANES * TILE];
            for (r, vector) in transpose::<V, S>(block, TILE).into_iter().take(TILE).enumerate() {
                vector.store(flat.as_mut_ptr().add(r * lanes));
            }
            for (r, flat) in flat.chunks_exact(TILE).take(rows).enumerate() {
                let c = self.c.add((row + r) * self.columns + column);
                if first > 0 {
                    for (k, &value) in flat.iter().enumerate().take(count) {
                        *c.add(k) += value;
                    }
                } else if count == TILE {
                    core::ptr::copy_nonoverlapping(flat.as_ptr(), c, TILE);
                } else {
                    core::ptr::copy_nonoverlapping(flat.as_ptr(), c, count);
                }
            }
        }
    }
}

/// The transpose of the first `rows` vectors, a power of two: seen as one row of numbers, their columns in turn.
///
/// Interleaving the upper with the lower half of the rows moves the highest bit of an element's place to the lowest;
/// as often as a row's number has bits, and rows have become columns.
#[inline(always)]
fn transpose<V: Simd, S: Scalar>(mut block: [S::Vector<V>; LANES], rows: usize) -> [S::Vector<V>; LANES] {
    let mut bits = rows.trailing_zeros();
    while bits > 0 {
        let old = block;
        for i in 0..rows / 2 {
            (block[2 * i], block[2 * i + 1]) = old[i].interleave(old[i + rows / 2]);
        }
        bits -= 1;
    }
    block
}

/// The sum of the lanes of each of the first vectors, as many as there are lanes, in one vector.
///
/// It is [`transpose`], but that the halves are added as soon as they are there.
#[inline(always)]
fn sum_each<V: Simd, S: Scalar>(mut vectors: [S::Vector<V>; LANES]) -> S::Vector<V> {
    let mut half = S::Vector::<V>::LANES / 2;
    while half > 0 {
        for i in 0..half {
            let (low, high) = vectors[i].interleave(vectors[i + half]);
            vectors[i] = low + high;
        }
        half /= 2;
    }
    vectors[0]
}
