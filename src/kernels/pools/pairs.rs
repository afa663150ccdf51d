//! Maxima of adjacent windows of two columns that cover the image: a vector of outputs is the larger of the even and the odd
//! numbers of two vectors.

use super::larger;
use crate::chunks::Chunks;
use crate::kernels::vector::{Simd, Vector, lanes, read, splat, write};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;

impl Plane {
    /// The rows of a window, if windows of two columns lie side by side and cover the input.
    #[inline(always)]
    pub(crate) const fn pairs(&self) -> Option<usize> {
        let (rows, columns) = (self.rows.window, self.columns.window);
        let apart = rows.stride == rows.kernel && columns.stride == 2 && columns.kernel == 2;
        let together = rows.dilation == 1 && columns.dilation == 1;
        let covered =
            self.rows.output * rows.kernel == self.rows.input && self.columns.output * 2 == self.columns.input;
        if apart && together && covered { Some(rows.kernel) } else { None }
    }
}

/// `y[p] = maxₜ x[p's tap t]`, for all channels of a batch, of windows of `rows` rows.
#[inline(always)]
pub(super) fn maximum<V: Simd, S: Scalar>(simd: V, plane: &Plane, rows: usize, x: &[S], y: &mut [S]) {
    let width = plane.columns.input;
    for (x, y) in x.blocks(rows * width).zip(y.blocks_mut(plane.columns.output)) {
        largest(simd, x, y, width);
    }
}

/// `dx[p's largest tap] = g[p]`, the first tap if several are equally large; 0 elsewhere.
#[inline(always)]
pub(super) fn maximum_gradient<V: Simd, S: Scalar>(
    simd: V,
    plane: &Plane,
    rows: usize,
    (x, y): (&[S], &[S]),
    g: &[S],
    dx: &mut [S],
) {
    let (width, size, columns) = (plane.columns.input, rows * plane.columns.input, plane.columns.output);
    let outputs = y.blocks(columns).zip(g.blocks(columns));
    for ((x, dx), (y, g)) in x.blocks(size).zip(dx.blocks_mut(size)).zip(outputs) {
        give_to_largest(simd, (x, y), g, dx, width);
    }
}

/// The largest of two columns and all rows, each of `width`.
#[inline(always)]
fn largest<V: Simd, S: Scalar>(simd: V, x: &[S], y: &mut [S], width: usize) {
    let lanes = lanes::<V, S>();
    for (index, y) in y.parts_mut(lanes).enumerate() {
        let mut largest = splat::<V, S>(simd, S::from_f64(f64::NEG_INFINITY));
        for row in x.blocks(width) {
            let (even, odd) = read_pairs(simd, row, index);
            for x in [even, odd] {
                largest = larger::<V, S>(largest, x);
            }
        }
        write(simd, largest, y);
    }
}

/// The left and the right inputs of the vector of outputs at `index` in a row.
#[inline(always)]
fn read_pairs<V: Simd, S: Scalar>(simd: V, row: &[S], index: usize) -> (S::Vector<V>, S::Vector<V>) {
    let at = |vector: usize| read(simd, row.get(vector * lanes::<V, S>()..).unwrap_or_default());
    at(2 * index).separate(at(2 * index + 1))
}

/// The gradients of [`largest`].
#[inline(always)]
fn give_to_largest<V: Simd, S: Scalar>(simd: V, (x, y): (&[S], &[S]), g: &[S], dx: &mut [S], width: usize) {
    let (lanes, zero) = (lanes::<V, S>(), splat(simd, S::ZERO));
    for (index, (y, g)) in y.parts(lanes).zip(g.parts(lanes)).enumerate() {
        let (y, mut rest) = (read(simd, y), read(simd, g));
        for (row, dx) in x.blocks(width).zip(dx.blocks_mut(width)) {
            let (even, odd) = read_pairs(simd, row, index);
            let [left, right] = [even, odd].map(|x| {
                // A gradient that was assigned is set to 0, so that no later tap gets it again.
                let given = x.if_equal(y, rest, zero);
                rest = x.if_equal(y, zero, rest);
                given
            });
            let (low, high) = if lanes == 1 { (left, right) } else { left.interleave(right) };
            write(simd, low, dx.get_mut(2 * index * lanes..).unwrap_or_default());
            write(simd, high, dx.get_mut((2 * index + 1) * lanes..).unwrap_or_default());
        }
    }
}
