//! Many rows with many rows: lanes are rows of A, some columns of which are transposed at a time.

use core::mem::MaybeUninit;

use super::Operands;
use crate::kernels::elementwise;
use crate::kernels::lane_sums::LANES;
use crate::kernels::transpose::{rotate, turn};
use crate::kernels::vector::{Simd, Vector, lanes, splat};
use crate::real::Real;
use crate::scalar::Scalar;

/// The most rows of B of one tile: with two vectors of rows of A, their sums take half of 32 registers. Of 16, six rows leave enough
/// for the rest.
const TILE: usize = 8;
const FEWER: usize = 6;

/// Memory for the part of A that is transposed at a time, all of which each tile reads. Another part loads and stores all sums again.
#[repr(align(64))]
struct Scratch(#[expect(dead_code, reason = "it is memory")] [u8; 32 * 1024]);

/// Some rows of A, and the columns of A and B.
struct Part {
    row: usize,
    rows: usize,
    first: usize,
    inner: usize,
}

impl<S: Scalar> Operands<S> {
    /// Up to `W` vectors of rows of A with all rows of B: lanes are rows of A, transposed some columns at a time.
    /// Returns the number of rows.
    ///
    /// # Safety
    /// The row is in range, and more rows than fill all vectors but one.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) unsafe fn transposed<V: Simd, const W: usize>(&self, simd: V, row: usize) -> usize {
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
                let tile = if W == 1 || S::Vector::<V>::REGISTERS >= 32 { TILE } else { FEWER };
                for column in (0..self.columns).step_by(tile) {
                    match tile {
                        TILE => self.transposed_tile::<V, W, TILE>(simd, &part, column, scratch),
                        _ => self.transposed_tile::<V, W, FEWER>(simd, &part, column, scratch),
                    }
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
                    turn::<V, S>(&mut block);
                    for (r, vector) in block.into_iter().take(lanes).enumerate() {
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
    unsafe fn transposed_tile<V: Simd, const W: usize, const T: usize>(
        &self,
        simd: V,
        part: &Part,
        column: usize,
        a: *const S,
    ) {
        let lanes = lanes::<V, S>();
        let count = T.min(self.columns - column);
        // SAFETY: the caller's promise; rows of B after the last one repeat it.
        unsafe {
            let mut sums = [[splat(simd, self.start); W]; T];
            if part.first > 0 {
                sums = self.stored(simd, part, column);
            }
            let mut b = [self.b; T];
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
                rotate::<V, S>(&mut block, TILE, TILE.trailing_zeros());
                for (r, vector) in block.into_iter().take(TILE).enumerate() {
                    vector.store(flat.as_mut_ptr().cast::<S>().add(r * lanes));
                }
                let to = self.c.add((part.row + w * lanes) * self.columns + column);
                for (r, flat) in flat.iter().enumerate().take(lanes.min(part.rows - w * lanes)) {
                    copy(flat, core::slice::from_raw_parts_mut(to.add(r * self.columns), count));
                }
            }
        }
    }

    /// What [`transposed_tile`](Self::transposed_tile) has stored, to go on from.
    ///
    /// # Safety
    /// C has the part.
    #[inline(always)]
    unsafe fn stored<V: Simd, const W: usize, const T: usize>(
        &self,
        simd: V,
        part: &Part,
        column: usize,
    ) -> [[S::Vector<V>; W]; T] {
        let (lanes, count) = (lanes::<V, S>(), T.min(self.columns - column));
        let mut sums = [[splat(simd, S::ZERO); W]; T];
        for w in 0..W {
            let (mut flat, mut block) = ([[S::ZERO; TILE]; LANES], [splat(simd, S::ZERO); LANES]);
            // SAFETY: the caller's promise; there are as many numbers as in `TILE` vectors.
            unsafe {
                let from = self.c.add((part.row + w * lanes) * self.columns + column);
                for (r, flat) in flat.iter_mut().enumerate().take(lanes.min(part.rows - w * lanes)) {
                    copy(core::slice::from_raw_parts(from.add(r * self.columns), count), flat);
                }
                for (r, vector) in block.iter_mut().take(TILE).enumerate() {
                    *vector = S::Vector::<V>::load(simd, flat.as_ptr().cast::<S>().add(r * lanes));
                }
            }
            rotate::<V, S>(&mut block, TILE, lanes.trailing_zeros());
            for (sums, vector) in sums.iter_mut().zip(block) {
                sums[w] = vector;
            }
        }
        sums
    }
}

/// Copies a row of a tile, or a part of it.
#[inline(always)]
fn copy<S: Scalar>(from: &[S], to: &mut [S]) {
    if let (Some(from), Some(to)) = (from.first_chunk::<TILE>(), to.first_chunk_mut::<TILE>()) {
        // All of them, without a loop.
        *to = *from;
    } else {
        elementwise::copy(from, to);
    }
}
