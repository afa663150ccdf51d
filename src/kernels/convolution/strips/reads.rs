//! The inner loops over a strip, vector by vector.

use crate::chunks::Chunks;
use crate::kernels::lane_sums::total_each;
use crate::kernels::vector::{LANES, Simd, Vector, lanes, splat, write};
use crate::real::Real;
use crate::scalar::Scalar;

/// The most vectors of a strip that are computed at a time; for each, a tap is a load and a multiplication.
const VECTORS: usize = 8;

/// A strip, the reads for each output, and the outputs' gradients, in the backward pass.
pub(super) struct Reads<'a, S> {
    pub(super) x: &'a [S],
    pub(super) g: &'a [S],
    pub(super) outputs: usize,
    pub(super) steps: (usize, usize),
    /// Whether the taps are in reverse order.
    pub(super) is_reversed: bool,
}

impl<S: Scalar> Reads<'_, S> {
    /// Whether all outputs and their inputs can be read.
    #[inline(always)]
    pub(super) fn fit(&self, reach: usize) -> bool {
        self.outputs + reach <= self.x.len() && self.outputs <= self.g.len()
    }

    /// Whether the inputs of all outputs can be read in whole vectors.
    #[inline(always)]
    pub(super) fn fit_whole<V: Simd>(&self, reach: usize) -> bool {
        self.outputs.next_multiple_of(lanes::<V, S>()) + reach <= self.x.len()
    }

    /// `y[q] = start + Σₜ w[t] · x[q + place of t]`; without a start, it is added to the existing values. Then, possibly,
    /// the larger of 0 and that.
    ///
    /// # Safety
    /// [`fit_whole`](Self::fit_whole) holds for a reach of `kernel`, `y` has all outputs, and `w` a number for each
    /// tap.
    #[inline(always)]
    pub(super) unsafe fn correlate<V: Simd>(
        &self,
        simd: V,
        kernel: (usize, usize),
        w: &[S],
        ends: (Option<S>, bool),
        y: &mut [S],
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            if kernel == (3, 3) {
                // The same, with sizes known to the compiler.
                self.correlate_kernel(simd, (3, 3), w, ends, y);
            } else {
                self.correlate_kernel(simd, kernel, w, ends, y);
            }
        }
    }

    /// [`correlate`](Self::correlate).
    ///
    /// # Safety
    /// The same.
    #[inline(always)]
    unsafe fn correlate_kernel<V: Simd>(
        &self,
        simd: V,
        kernel: (usize, usize),
        w: &[S],
        ends: (Option<S>, bool),
        y: &mut [S],
    ) {
        let lanes = lanes::<V, S>();
        let mut place = 0;
        // SAFETY: the caller's promise.
        unsafe {
            while place < self.outputs {
                place += lanes
                    * match (self.outputs - place).div_ceil(lanes) {
                        VECTORS.. => self.correlate_vectors::<V, VECTORS>(simd, kernel, w, ends, place, y),
                        4.. => self.correlate_vectors::<V, 4>(simd, kernel, w, ends, place, y),
                        2.. => self.correlate_vectors::<V, 2>(simd, kernel, w, ends, place, y),
                        _ => self.correlate_vectors::<V, 1>(simd, kernel, w, ends, place, y),
                    };
            }
        }
    }

    /// [`correlate`](Self::correlate), of `N` vectors from a place on, the last of which may reach over the end. Returns N.
    ///
    /// # Safety
    /// The same.
    #[inline(always)]
    unsafe fn correlate_vectors<V: Simd, const N: usize>(
        &self,
        simd: V,
        (rows, columns): (usize, usize),
        w: &[S],
        (start, is_rectified): (Option<S>, bool),
        place: usize,
        y: &mut [S],
    ) -> usize {
        let lanes = lanes::<V, S>();
        let (x, y) = (self.x.as_ptr().wrapping_add(place), y.as_mut_ptr().wrapping_add(place));
        let last = lanes.min(self.outputs - place - (N - 1) * lanes);
        let count = |vector: usize| if vector + 1 == N { last } else { lanes };
        let mut sums = [splat(simd, start.unwrap_or(S::ZERO)); N];
        // SAFETY: the caller's promise.
        unsafe {
            if start.is_none() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load_masked(simd, y.add(vector * lanes), count(vector));
                }
            }
            for down in 0..rows {
                for right in 0..columns {
                    let tap = down * columns + right;
                    let tap = if self.is_reversed { rows * columns - 1 - tap } else { tap };
                    let (w, x) =
                        (splat(simd, *w.get_unchecked(tap)), x.add(down * self.steps.0 + right * self.steps.1));
                    for (vector, sum) in sums.iter_mut().enumerate() {
                        *sum = S::Vector::<V>::load(simd, x.add(vector * lanes)).mul_add(w, *sum);
                    }
                }
            }
            for (vector, mut sum) in sums.into_iter().enumerate() {
                if is_rectified {
                    sum = sum.max(splat(simd, S::ZERO));
                }
                sum.store_masked(y.add(vector * lanes), count(vector));
            }
        }
        N
    }

    /// `dw[t] += Σ g[q] · x[q + place of t]`, over all outputs.
    ///
    /// # Safety
    /// [`fit`](Self::fit) holds for a reach of `kernel`.
    #[inline(always)]
    pub(super) unsafe fn add_gradient<V: Simd>(&self, simd: V, (rows, columns): (usize, usize), dw: &mut [S]) {
        // Three rows and three columns of taps at once share the reads of the gradients.
        let mut down = 0;
        while down < rows {
            let mut right = 0;
            while right < columns {
                let (threes, three) = (down + 3 <= rows, right + 3 <= columns);
                // SAFETY: the caller's promise.
                unsafe {
                    match (threes, three) {
                        (true, true) => self.add_gradient_of_taps::<V, 3, 3>(simd, (down, right), columns, dw),
                        (true, false) => self.add_gradient_of_taps::<V, 3, 1>(simd, (down, right), columns, dw),
                        (false, true) => self.add_gradient_of_taps::<V, 1, 3>(simd, (down, right), columns, dw),
                        (false, false) => self.add_gradient_of_taps::<V, 1, 1>(simd, (down, right), columns, dw),
                    }
                }
                right += if three { 3 } else { 1 };
            }
            down += if down + 3 <= rows { 3 } else { 1 };
        }
    }

    /// [`add_gradient`](Self::add_gradient), of `R` rows and `C` columns of taps.
    ///
    /// # Safety
    /// The same.
    #[inline(always)]
    unsafe fn add_gradient_of_taps<V: Simd, const R: usize, const C: usize>(
        &self,
        simd: V,
        (down, right): (usize, usize),
        columns: usize,
        dw: &mut [S],
    ) {
        let lanes = lanes::<V, S>();
        // As many sums as the widest vector has lanes, whatever the width of a vector.
        let mut lane_sums = [[[S::ZERO; LANES]; C]; R];
        for lane in (0..LANES).step_by(lanes) {
            let mut sums = [[splat(simd, S::ZERO); C]; R];
            for place in (lane..self.outputs).step_by(LANES) {
                let count = lanes.min(self.outputs - place);
                // SAFETY: the caller's promise.
                unsafe {
                    let g = S::Vector::<V>::load_masked(simd, self.g.as_ptr().add(place), count);
                    for c in 0..C {
                        for (r, sums) in sums.iter_mut().enumerate() {
                            let offset = (down + r) * self.steps.0 + (right + c) * self.steps.1;
                            let x = S::Vector::<V>::load_masked(simd, self.x.as_ptr().add(place + offset), count);
                            sums[c] = x.mul_add(g, sums[c]);
                        }
                    }
                }
            }
            let to = lane_sums.as_flattened_mut().iter_mut().zip(sums.as_flattened());
            to.for_each(|(to, &sum)| write(simd, sum, to.get_mut(lane..).unwrap_or_default()));
        }
        let mut totals = [S::ZERO; LANES];
        total_each(simd, lane_sums.as_flattened().as_flattened(), &mut totals);
        for (r, totals) in totals.blocks(C).take(R).enumerate() {
            let dw = dw.get_mut((down + r) * columns + right..).unwrap_or_default();
            dw.iter_mut().zip(totals).for_each(|(dw, &total)| *dw += total);
        }
    }
}
