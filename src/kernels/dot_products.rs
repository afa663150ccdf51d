//! Dot products of rows with rows: the input gradient of a dense layer, and a dense layer of one output.
//!
//! The order of a sum is chosen by the caller ([`Order`]), and depends on nothing else: not on the number of rows, nor on
//! that of lanes.
//!
//! | order | rows of A | form | why |
//! |---|---|---|---|
//! | in order, up to one vector long | any, of more than half a vector of columns | lanes are rows of B, transposed in registers once | no sums are transposed |
//! | in order | more than 5/8 of the lanes | lanes are rows of A, some columns of which are transposed at a time | these serve all rows of B |
//! | | fewer | lanes are rows of B, transposed in registers | the lanes would be idle |
//! | in lanes | any | lanes are products of the same sum | nothing is transposed |

mod short;
mod transposed;

use super::assert_in_tests;
use super::lane_sums::LANES;
use super::transpose::{sum_each, turn};
use super::vector::{Operation, Simd, Vector, splat};
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
    pub(crate) order: Order,
}

/// The order of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// From the start, one product after the other.
    InOrder,
    /// In [`LaneSums`](super::lane_sums::LaneSums), which are added to the start.
    InLanes,
}

impl<S: Scalar> Operation for DotProducts<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { size: (rows, inner, columns), a, pitch, b, c, start, order } = self;
        if rows == 0 || columns == 0 {
            return;
        }
        // A size that overflows is larger than any slice.
        let last = rows.saturating_sub(1).saturating_mul(pitch).saturating_add(inner);
        let holds = |slice: usize, rows: usize, columns: usize| rows.saturating_mul(columns) <= slice;
        let fits = last <= a.len() && holds(b.len(), columns, inner) && holds(c.len(), rows, columns);
        assert_in_tests!(fits, "dot products of {:?} don't fit their slices", self.size);
        if !fits {
            return;
        }
        let operands = Operands { a: a.as_ptr(), pitch, b: b.as_ptr(), c: c.as_mut_ptr(), rows, inner, columns, start };
        let lanes = S::Vector::<V>::LANES;
        // SAFETY: `fits` has checked that the slices hold that many rows of these lengths.
        unsafe {
            if order == Order::InLanes {
                for column in (0..columns).step_by(lanes) {
                    for row in 0..rows {
                        match LANES / lanes {
                            1 => operands.in_lanes::<V, 1, 16>(simd, row, column),
                            2 => operands.in_lanes::<V, 2, 4>(simd, row, column),
                            4 => operands.in_lanes::<V, 4, 2>(simd, row, column),
                            8 => operands.in_lanes::<V, 8, 1>(simd, row, column),
                            _ => operands.in_lanes::<V, 16, 1>(simd, row, column),
                        }
                    }
                }
                return;
            }
            if lanes > 1 && inner <= lanes && columns > lanes / 2 {
                return operands.short::<V>(simd);
            }
            let mut row = 0;
            // Only if most of the lanes are used.
            while lanes > 1 && rows - row > lanes * 5 / 8 && inner > 0 {
                row += if rows - row > lanes * 13 / 8 {
                    operands.transposed::<V, 2>(simd, row)
                } else {
                    operands.transposed::<V, 1>(simd, row)
                };
            }
            while row < rows {
                row += match rows - row {
                    8.. => operands.few::<V, 8>(simd, row),
                    4.. => operands.few::<V, 4>(simd, row),
                    2.. => operands.few::<V, 2>(simd, row),
                    _ => operands.few::<V, 1>(simd, row),
                };
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
    /// One row of A with a row of B per lane, [in lanes](Order::InLanes): `W` vectors hold the sums of a row of B, and
    /// those of `G` rows of B are computed at a time.
    ///
    /// # Safety
    /// The row and the column are in range.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn in_lanes<V: Simd, const W: usize, const G: usize>(&self, simd: V, row: usize, column: usize) {
        let lanes = S::Vector::<V>::LANES;
        let count = lanes.min(self.columns - column);
        let whole = self.inner / LANES * LANES;
        let mut totals = [splat::<V, S>(simd, S::ZERO); LANES];
        // SAFETY: rows after the last one repeat it; masked loads and stores stay within the rest.
        unsafe {
            let a = self.a.add(row * self.pitch);
            let b = self.b.add(column * self.inner);
            for (group, totals) in totals.chunks_mut(G).take(count.div_ceil(G)).enumerate() {
                let mut bs = [b; G];
                for (r, to) in bs.iter_mut().enumerate() {
                    *to = b.add((group * G + r).min(count - 1) * self.inner);
                }
                let mut sums = [[splat::<V, S>(simd, S::ZERO); W]; G];
                for first in (0..whole).step_by(LANES) {
                    for w in 0..W {
                        let k = first + w * lanes;
                        let a = S::Vector::<V>::load(simd, a.add(k));
                        for (sums, b) in sums.iter_mut().zip(bs) {
                            sums[w] = a.mul_add(S::Vector::<V>::load(simd, b.add(k)), sums[w]);
                        }
                    }
                }
                for w in 0..W {
                    let k = self.inner.min(whole + w * lanes);
                    let a = S::Vector::<V>::load_masked(simd, a.add(k), self.inner - k);
                    for (sums, b) in sums.iter_mut().zip(bs) {
                        let b = S::Vector::<V>::load_masked(simd, b.add(k), self.inner - k);
                        sums[w] = a.mul_add(b, sums[w]);
                    }
                }
                for (total, sums) in totals.iter_mut().zip(sums) {
                    *total = sum_of_vectors(sums);
                }
            }
            let totals = sum_each::<V, S>(totals) + splat(simd, self.start);
            totals.store_masked(self.c.add(row * self.columns + column), count);
        }
    }

    /// `R` rows of A with all rows of B, in order: lanes are rows of B. Returns `R`.
    ///
    /// # Safety
    /// The rows are in range.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn few<V: Simd, const R: usize>(&self, simd: V, row: usize) -> usize {
        let lanes = S::Vector::<V>::LANES;
        let whole = self.inner / lanes * lanes;
        for column in (0..self.columns).step_by(lanes) {
            let count = lanes.min(self.columns - column);
            let mut sums = [splat::<V, S>(simd, self.start); R];
            // SAFETY: rows after the last one repeat it; masked loads and stores stay within the rest.
            unsafe {
                let a = self.a.add(row * self.pitch);
                let b = self.b.add(column * self.inner);
                for k in (0..whole).step_by(lanes) {
                    let mut block = [splat::<V, S>(simd, S::ZERO); LANES];
                    for (r, vector) in block.iter_mut().take(lanes).enumerate() {
                        *vector = S::Vector::<V>::load(simd, b.add(r.min(count - 1) * self.inner + k));
                    }
                    turn::<V, S>(&mut block);
                    for (index, &b) in block.iter().take(lanes).enumerate() {
                        for (r, sum) in sums.iter_mut().enumerate() {
                            *sum = b.mul_add(splat(simd, *a.add(r * self.pitch + k + index)), *sum);
                        }
                    }
                }
                if whole < self.inner {
                    let mut block = [splat::<V, S>(simd, S::ZERO); LANES];
                    for (r, vector) in block.iter_mut().take(lanes).enumerate() {
                        let from = b.add(r.min(count - 1) * self.inner + whole);
                        *vector = S::Vector::<V>::load_masked(simd, from, self.inner - whole);
                    }
                    turn::<V, S>(&mut block);
                    for (index, &b) in block.iter().take(lanes).enumerate() {
                        // Not the end of the loop, so that the block stays in registers.
                        if whole + index < self.inner {
                            for (r, sum) in sums.iter_mut().enumerate() {
                                *sum = b.mul_add(splat(simd, *a.add(r * self.pitch + whole + index)), *sum);
                            }
                        }
                    }
                }
                for (r, sum) in sums.iter().enumerate() {
                    sum.store_masked(self.c.add((row + r) * self.columns + column), count);
                }
            }
        }
        R
    }
}

/// The sum of vectors, a power of two: the upper half is added to the lower one until one is left.
#[inline(always)]
fn sum_of_vectors<T: Real, const W: usize>(mut vectors: [T; W]) -> T {
    let mut half = W / 2;
    while half > 0 {
        for i in 0..half {
            vectors[i] = vectors[i] + vectors[i + half];
        }
        half /= 2;
    }
    vectors[0]
}
