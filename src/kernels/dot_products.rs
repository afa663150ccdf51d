//! Dot products of rows with rows: the input gradient of a dense layer.

use core::mem::MaybeUninit;

use super::vector::{Operation, Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;

/// `C[m][n] = start + Σₖ A[m][k] · B[n][k]`, with B and C contiguous in row-major order, and each row of A contiguous.
#[derive(Debug)]
pub struct DotProducts<'a, S> {
    /// The range of (m, k, n).
    pub(crate) size: (usize, usize, usize),
    pub(crate) a: &'a [S],
    /// The stride of A's rows.
    pub(crate) pitch: usize,
    pub(crate) b: &'a [S],
    pub(crate) c: &'a mut [S],
    pub(crate) start: S,
}

/// The largest number of lanes.
const LANES: usize = 16;
/// Rows of B of one tile.
const TILE: usize = 8;

/// Memory for the part of A that is transposed at a time.
#[repr(align(64))]
struct Scratch(#[expect(dead_code, reason = "it is memory")] [u8; 16 * 1024]);

/// Some rows of A, and the columns of A and B.
struct Part {
    row: usize,
    rows: usize,
    first: usize,
    inner: usize,
}

impl<S: Scalar> Operation for DotProducts<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { size: (rows, inner, columns), a, pitch, b, c, start } = self;
        if rows == 0 || columns == 0 {
            return;
        }
        // A size that overflows is larger than any slice.
        let last = rows.saturating_sub(1).saturating_mul(pitch).saturating_add(inner);
        let holds = |slice: usize, rows: usize, columns: usize| rows.saturating_mul(columns) <= slice;
        let fits = last <= a.len() && holds(b.len(), columns, inner) && holds(c.len(), rows, columns);
        debug_assert!(fits, "dot products of {:?} don't fit their slices", self.size);
        if !fits {
            return;
        }
        let operands = Operands { a: a.as_ptr(), pitch, b: b.as_ptr(), c: c.as_mut_ptr(), rows, inner, columns, start };
        let lanes = S::Vector::<V>::LANES;
        let mut row = 0;
        // SAFETY: the slices hold that many rows of these lengths.
        unsafe {
            // Only if most of the lanes are used.
            while lanes > 1 && rows - row > lanes * 5 / 8 && inner > 0 {
                row += if rows - row > lanes * 13 / 8 {
                    operands.transposed::<V, 2>(simd, row)
                } else {
                    operands.transposed::<V, 1>(simd, row)
                };
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
    pitch: usize,
    b: *const S,
    c: *mut S,
    rows: usize,
    inner: usize,
    columns: usize,
    start: S,
}

impl<S: Scalar> Operands<S> {
    /// One row of A with one row of B per lane.
    ///
    /// # Safety
    /// The row and the column are in range.
    #[inline(always)]
    unsafe fn dots<V: Simd>(&self, simd: V, row: usize, column: usize) {
        let lanes = S::Vector::<V>::LANES;
        let count = lanes.min(self.columns - column);
        let mut sums = [S::Vector::<V>::splat(simd, S::ZERO); LANES];
        // SAFETY: rows after the last one repeat it; `load_masked` and `store_masked` stay within the rest.
        unsafe {
            let a = self.a.add(row * self.pitch);
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

    /// Up to `W` vectors of rows of A with all rows of B: lanes are rows of A, transposed some columns at a time.
    /// Returns the number of rows.
    ///
    /// # Safety
    /// The row is in range, and more rows than fill all vectors but one.
    #[inline(always)]
    unsafe fn transposed<V: Simd, const W: usize>(&self, simd: V, row: usize) -> usize {
        let width = W * lanes::<V, S>();
        let rows = width.min(self.rows - row);
        let mut scratch = MaybeUninit::<Scratch>::uninit();
        let scratch = scratch.as_mut_ptr().cast::<S>();
        let depth = size_of::<Scratch>() / size_of::<S>() / width;
        let mut first = 0;
        while first < self.inner {
            let part = Part { row, rows, first, inner: depth.min(self.inner - first) };
            // SAFETY: rows and columns are in range, and the scratch holds `width` times `inner` numbers.
            unsafe {
                self.transpose_a::<V, W>(simd, &part, scratch);
                for column in (0..self.columns).step_by(TILE) {
                    self.transposed_tile::<V, W>(simd, &part, column, scratch);
                }
            }
            first += depth;
        }
        rows
    }

    /// Transposes rows of A into columns of `to`.
    ///
    /// # Safety
    /// A has the rows and the columns, and `to` holds `W` vectors for each of the columns, whose number is rounded up
    /// to lanes.
    #[inline(always)]
    unsafe fn transpose_a<V: Simd, const W: usize>(&self, simd: V, part: &Part, to: *mut S) {
        let lanes = lanes::<V, S>();
        for w in 0..W {
            let rows = lanes.min(part.rows - w * lanes);
            let mut k = 0;
            while k < part.inner {
                let mut block = [splat(simd, S::ZERO); LANES];
                // SAFETY: the caller's promise.
                unsafe {
                    for (r, vector) in block.iter_mut().enumerate() {
                        if r < rows {
                            let from = self.a.add((part.row + w * lanes + r) * self.pitch + part.first + k);
                            *vector = S::Vector::<V>::load_masked(simd, from, part.inner - k);
                        }
                    }
                    for (r, vector) in transpose::<V, S>(block, lanes).into_iter().take(lanes).enumerate() {
                        vector.store(to.add(((k + r) * W + w) * lanes));
                    }
                }
                k += lanes;
            }
        }
    }

    /// The transposed part of A with a few rows of B.
    ///
    /// # Safety
    /// A and C have the part, B the first of its rows; `a` is the transposed part.
    #[inline(always)]
    unsafe fn transposed_tile<V: Simd, const W: usize>(&self, simd: V, part: &Part, column: usize, a: *const S) {
        let lanes = lanes::<V, S>();
        let count = TILE.min(self.columns - column);
        let start = if part.first == 0 { self.start } else { S::ZERO };
        let mut sums = [[splat(simd, start); W]; TILE];
        // SAFETY: the caller's promise; rows of B after the last one repeat it.
        unsafe {
            let mut b = [self.b; TILE];
            for (r, b) in b.iter_mut().enumerate() {
                *b = self.b.add((column + r.min(count - 1)) * self.inner + part.first);
            }
            for k in 0..part.inner {
                let mut vectors = [splat(simd, S::ZERO); W];
                for (w, vector) in vectors.iter_mut().enumerate() {
                    *vector = S::Vector::<V>::load(simd, a.add((k * W + w) * lanes));
                }
                for (sums, b) in sums.iter_mut().zip(b) {
                    let b = splat(simd, *b.add(k));
                    for (sum, &a) in sums.iter_mut().zip(&vectors) {
                        *sum = a.mul_add(b, *sum);
                    }
                }
            }
            for w in 0..W {
                let mut block = [splat(simd, S::ZERO); LANES];
                for (vector, sums) in block.iter_mut().zip(&sums) {
                    *vector = sums[w];
                }
                let mut flat = [[S::ZERO; TILE]; LANES];
                for (r, vector) in transpose::<V, S>(block, TILE).into_iter().take(TILE).enumerate() {
                    vector.store(flat.as_mut_ptr().cast::<S>().add(r * lanes));
                }
                let to = self.c.add((part.row + w * lanes) * self.columns + column);
                for (r, flat) in flat.iter().enumerate().take(lanes.min(part.rows - w * lanes)) {
                    let to = core::slice::from_raw_parts_mut(to.add(r * self.columns), count);
                    put(flat, to, part.first > 0);
                }
            }
        }
    }
}

/// Stores numbers, or adds them to the existing ones.
#[inline(always)]
fn put<S: Scalar>(from: &[S; TILE], to: &mut [S], add: bool) {
    if let Some(to) = to.first_chunk_mut::<TILE>() {
        // All of them, without a loop.
        let mut sum = *from;
        if add {
            sum.iter_mut().zip(&*to).for_each(|(sum, &to)| *sum += to);
        }
        *to = sum;
    } else {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = if add { *to + from } else { from };
        }
    }
}

/// The transpose of the first `rows` vectors, a power of two: as one sequence of numbers, column by column.
///
/// Interleaving the upper and the lower half of the rows moves the highest bit of an element's index to the lowest;
/// repeated for each bit of a row's index, this turns rows into columns.
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

/// The sums of the lanes of the first `LANES` vectors, as one vector.
///
/// The same as [`transpose`], with the halves added at each step.
#[inline(always)]
pub(super) fn sum_each<V: Simd, S: Scalar>(mut vectors: [S::Vector<V>; LANES]) -> S::Vector<V> {
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
