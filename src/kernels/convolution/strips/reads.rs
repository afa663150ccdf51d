//! The inner loops over a strip, vector by vector.

use super::{NARROW, Strip};
use crate::chunks::Chunks;
use crate::kernels::transpose::sum_each;
use crate::kernels::vector::{LANES, Simd, Vector, lanes, splat, write};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::Sliding;

/// Vectors of a strip computed at a time; for each, a tap is a load and a multiplication.
const VECTORS: usize = 4;

/// Which outputs see an input under each column of taps, from any column of outputs on: 1 where they do, 0 elsewhere.
pub(super) struct Masks<S> {
    /// Row by row, a row for each column of taps, of which none is zero where nothing is masked.
    numbers: [S; NARROW],
    length: usize,
    width: usize,
    /// How many columns an output is behind the one that a vector before it begins with: less than a row.
    step: usize,
    /// The column of taps that all outputs see, if there are masks for any.
    free: usize,
    is_masked: bool,
}

impl<S: Scalar> Masks<S> {
    #[inline(always)]
    pub(super) fn new<V: Simd>(_: V, strip: &Strip, columns: &Sliding) -> Self {
        let (mut numbers, width) = ([S::ZERO; NARROW], columns.output.max(1));
        let (length, step) = (width + LANES, lanes::<V, S>() % width);
        let (before, dilation) = (columns.window.before, columns.window.dilation.max(1));
        let free = if before.is_multiple_of(dilation) { before / dilation } else { usize::MAX };
        if strip.is_masked {
            for (tap, row) in numbers.blocks_mut(length).enumerate().take(columns.window.kernel) {
                for (place, number) in row.iter_mut().enumerate() {
                    let seen = place % width + tap * columns.window.dilation;
                    let inside = (before..before + columns.input).contains(&seen);
                    *number = if inside { S::ONE } else { S::ZERO };
                }
            }
        }
        Self { numbers, length, width, step, free, is_masked: strip.is_masked }
    }

    /// The column of outputs that a vector after the one from `column` on begins with.
    #[inline(always)]
    fn next(&self, column: usize) -> usize {
        let next = column + self.step;
        if next >= self.width { next - self.width } else { next }
    }

    /// Whether a column of taps is masked.
    #[inline(always)]
    fn apply_to(&self, tap: usize) -> bool {
        self.is_masked && tap != self.free
    }

    /// `vector`, or 0 where the outputs from column `from` on see no input under column `tap` of the taps.
    #[inline(always)]
    fn apply<V: Simd>(&self, simd: V, tap: usize, from: usize, vector: S::Vector<V>) -> S::Vector<V> {
        let numbers = self.numbers.get(tap * self.length + from..).unwrap_or_default();
        match numbers.first_chunk::<LANES>() {
            Some(mask) => {
                // SAFETY: the largest number of lanes can be read.
                unsafe { S::Vector::<V>::load(simd, mask.as_ptr()) }.if_positive(vector, splat(simd, S::ZERO))
            }
            None => vector,
        }
    }
}

/// A strip, the reads for each output, and the outputs' gradients, in the backward pass.
pub(super) struct Reads<'a, S> {
    pub(super) x: &'a [S],
    pub(super) g: &'a [S],
    pub(super) outputs: usize,
    pub(super) masks: &'a Masks<S>,
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

    /// `y[q] = start + Σₜ w[t] · x[q + place of t]`; without a start, it is added to the existing values.
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
        start: Option<S>,
        y: &mut [S],
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            if kernel == (3, 3) {
                // The same, with sizes known to the compiler.
                self.correlate_kernel(simd, (3, 3), w, start, y);
            } else {
                self.correlate_kernel(simd, kernel, w, start, y);
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
        start: Option<S>,
        y: &mut [S],
    ) {
        let lanes = lanes::<V, S>();
        let (mut place, mut column) = (0, 0);
        // SAFETY: the caller's promise.
        unsafe {
            while place + VECTORS * lanes <= self.outputs {
                column = self.correlate_vectors::<V, VECTORS>(simd, kernel, w, start, (place, column), y);
                place += VECTORS * lanes;
            }
            while place + 2 * lanes <= self.outputs {
                column = self.correlate_vectors::<V, 2>(simd, kernel, w, start, (place, column), y);
                place += 2 * lanes;
            }
            while place < self.outputs {
                column = self.correlate_vectors::<V, 1>(simd, kernel, w, start, (place, column), y);
                place += lanes;
            }
        }
    }

    /// [`correlate`](Self::correlate), of `N` vectors from a place in a column on. The last may run past the end if it
    /// is the only one. Returns the column that the next one begins with.
    ///
    /// # Safety
    /// The same.
    #[inline(always)]
    unsafe fn correlate_vectors<V: Simd, const N: usize>(
        &self,
        simd: V,
        (rows, columns): (usize, usize),
        w: &[S],
        start: Option<S>,
        (place, mut column): (usize, usize),
        y: &mut [S],
    ) -> usize {
        let lanes = lanes::<V, S>();
        let (x, y) = (self.x.as_ptr().wrapping_add(place), y.as_mut_ptr().wrapping_add(place));
        let count = if N == 1 { lanes.min(self.outputs - place) } else { lanes };
        let mut columns_of = [0; N];
        for of in &mut columns_of {
            *of = column;
            column = self.masks.next(column);
        }
        let mut sums = [splat(simd, start.unwrap_or(S::ZERO)); N];
        // SAFETY: the caller's promise.
        unsafe {
            if start.is_none() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = S::Vector::<V>::load_masked(simd, y.add(vector * lanes), count);
                }
            }
            for right in 0..columns {
                let is_masked = self.masks.apply_to(right);
                let mut parts = if is_masked { [splat(simd, S::ZERO); N] } else { sums };
                for down in 0..rows {
                    let tap = down * columns + right;
                    let w =
                        splat(simd, *w.get_unchecked(if self.is_reversed { rows * columns - 1 - tap } else { tap }));
                    let x = x.add(down * self.steps.0 + right * self.steps.1);
                    for (vector, part) in parts.iter_mut().enumerate() {
                        *part = S::Vector::<V>::load(simd, x.add(vector * lanes)).mul_add(w, *part);
                    }
                }
                if is_masked {
                    for ((sum, part), column) in sums.iter_mut().zip(parts).zip(columns_of) {
                        *sum = *sum + self.masks.apply(simd, right, column, part);
                    }
                } else {
                    sums = parts;
                }
            }
            for (vector, sum) in sums.into_iter().enumerate() {
                if count < lanes {
                    sum.store_masked(y.add(vector * lanes), count);
                } else {
                    sum.store(y.add(vector * lanes));
                }
            }
        }
        column
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
        let mut sums = [[splat(simd, S::ZERO); C]; R];
        let (mut place, mut column) = (0, 0);
        while place < self.outputs {
            let count = lanes.min(self.outputs - place);
            // SAFETY: the caller's promise.
            unsafe {
                let g = S::Vector::<V>::load_masked(simd, self.g.as_ptr().add(place), count);
                for c in 0..C {
                    let is_masked = self.masks.apply_to(right + c);
                    let g = if is_masked { self.masks.apply(simd, right + c, column, g) } else { g };
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let offset = (down + r) * self.steps.0 + (right + c) * self.steps.1;
                        let x = S::Vector::<V>::load_masked(simd, self.x.as_ptr().add(place + offset), count);
                        sums[c] = x.mul_add(g, sums[c]);
                    }
                }
            }
            place += lanes;
            column = self.masks.next(column);
        }
        let sums = sums.as_flattened();
        let mut totals = [S::ZERO; LANES];
        for (sums, totals) in sums.parts(lanes).zip(totals.parts_mut(lanes)) {
            let mut vectors = [splat(simd, S::ZERO); LANES];
            vectors.iter_mut().zip(sums).for_each(|(vector, &sum)| *vector = sum);
            write(simd, sum_each::<V, S>(vectors), totals);
        }
        for (r, totals) in totals.blocks(C).take(R).enumerate() {
            let dw = dw.get_mut((down + r) * columns + right..).unwrap_or_default();
            dw.iter_mut().zip(totals).for_each(|(dw, &total)| *dw += total);
        }
    }
}
