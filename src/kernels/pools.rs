//! Pools: maxima and means of windows, channel by channel, in one of several forms. All of them visit the taps of an output, and
//! the outputs of an input, in the same order, so that they compute the same bits.
//!
//! | form | lanes are | used for | because |
//! |---|---|---|---|
//! | pairs ([`pairs`]) | outputs of a row | maxima of adjacent windows of two columns that cover the image | each number is read once, where it lies |
//! | columns ([`columns`]) | outputs of some rows | maxima of windows of one column under every column, and of windows that move by 1 over a sequence | numbers under a tap lie side by side, so that nothing is transposed |
//! | over planes ([`over_planes`]) | channels and samples | everything else, from half a vector of channels in a batch on | all lanes are in use, whatever the window, its stride, its padding, or the length of rows; inputs and outputs are transposed |
//! | rows ([`rows`]) | outputs of a row | maxima of fewer channels | rows are laid out with their padding, in as many parts as the stride |
//! | tap by tap, row by row ([`Plane::for_each_line`]) | – | everything else; and without vectors | it needs no scratch, and handles every shape |
//!
//! Where the tape has room, the forward pass of training stores which tap each maximum was ([`places`]), one byte for each output in
//! their order, whatever form computes them; then the backward pass adds each gradient where it belongs, and memory alone bounds it.
//! Elsewhere, and for pairs, comparing the taps with the output again finds where it is. Over planes, the gradients of many inputs
//! aren't transposed for few outputs: each is added where it belongs, number by number.

mod columns;
mod over_planes;
mod pairs;
mod places;
mod rows;

use self::over_planes::Bands;
use super::elementwise::scale;
use super::operation::outlined;
use super::vector::{Simd, Vector, lanes};
use super::window::{Line, Plane, pairs as in_pairs};
use crate::chunks::Chunks;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::quotient;

/// The larger of two, or the first one if they are equal. NaN is kept, and nothing is greater than it.
#[inline(always)]
fn larger<V: Simd, S: Scalar>(largest: S::Vector<V>, x: S::Vector<V>) -> S::Vector<V> {
    x.if_equal(x, largest.max(x), x)
}

impl Plane {
    /// The bands of a plane, if a batch of `inputs` numbers is worth being transposed.
    #[inline(always)]
    fn over_planes<V: Simd, S: Scalar>(&self, inputs: usize) -> Option<Bands> {
        if lanes::<V, S>() == 1 || 2 * quotient(inputs, self.inputs()) < lanes::<V, S>() {
            return None;
        }
        self.bands()
    }
}

/// `y[p] = maxₜ x[p's tap t]`, over the taps that lie on the input, for all channels of a batch. NaN if one of them is.
// A separate function in debug builds, which reserve stack for everything inlined.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
#[expect(clippy::eq_op, reason = "NaN is what differs from itself")]
pub(crate) fn maximum<V: Simd, S: Scalar>(simd: V, plane: &Plane, x: &[S], y: &mut [S]) {
    if let Some(rows) = plane.pairs() {
        return pairs::maximum(simd, plane, rows, x, y);
    }
    if let Some(columns) = plane.in_columns::<V, S>() {
        return outlined(simd, columns::Maximum { columns, x, y, places: &mut [] });
    }
    if let Some(bands) = plane.over_planes::<V, S>(x.len()) {
        return outlined(simd, over_planes::Maximum { bands, x, y });
    }
    if const { lanes::<V, S>() > 1 } && plane.has_room_for_rows() {
        return outlined(simd, rows::Maximum { plane: *plane, x, y });
    }
    y.fill(S::from_f64(f64::NEG_INFINITY));
    for (x, y) in x.blocks(plane.inputs()).zip(y.blocks_mut(plane.outputs())) {
        plane.for_each_line(|_, Line { input, output }| {
            let (Some(x), Some(y)) = (x.get(input), y.get_mut(output)) else { return };
            // NaN is not greater than anything, and nothing is greater than it.
            in_pairs(plane.stride(), x.iter(), y.iter_mut(), |&x, y| *y = if x > *y || x != x { x } else { *y });
        });
    }
}

/// [`maximum`], which also stores the first of each output's largest taps in `places`, if there is room and
/// [`maximum_gradient`] needs it.
// As above.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn maximum_with_places<V: Simd, S: Scalar>(simd: V, plane: &Plane, x: &[S], y: &mut [S], places: &mut [u8]) {
    if places.len() < y.len() || !plane.keeps_places() {
        return maximum(simd, plane, x, y);
    }
    if let Some(columns) = plane.in_columns::<V, S>() {
        return outlined(simd, columns::Maximum { columns, x, y, places });
    }
    match plane.over_planes::<V, S>(x.len()) {
        Some(bands) => outlined(simd, places::Maximum { bands, x, y, places }),
        None => places::maximum(plane, x, y, places),
    }
}

/// `dx[p's largest tap] += g[p]`, the first tap if several are equally large; 0 elsewhere. For all channels of a batch;
/// overwrites `g`. `places` are those of [`maximum_with_places`].
// A separate function in debug builds, which reserve stack for everything inlined.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn maximum_gradient<V: Simd, S: Scalar>(
    simd: V,
    plane: &Plane,
    (x, y, places): (&[S], &[S], &[u8]),
    g: &mut [S],
    dx: &mut [S],
) {
    if places.len() >= y.len() && plane.keeps_places() {
        return match plane.in_columns::<V, S>() {
            Some(columns) => outlined(simd, columns::MaximumGradient { columns, x, y, places, g, dx }),
            None => places::maximum_gradient(plane, places, g, dx),
        };
    }
    if let Some(rows) = plane.pairs() {
        return pairs::maximum_gradient(simd, plane, rows, (x, y), g, dx);
    }
    if let Some(columns) = plane.in_columns::<V, S>() {
        return outlined(simd, columns::MaximumGradient { columns, x, y, places: &[], g, dx });
    }
    if let Some(bands) = plane.over_planes::<V, S>(x.len()) {
        return outlined(simd, over_planes::MaximumGradient { bands, x, y, g, dx });
    }
    if const { lanes::<V, S>() > 1 } && plane.has_room_for_rows() {
        return outlined(simd, rows::MaximumGradient { plane: *plane, x, y, g, dx });
    }
    dx.fill(S::ZERO);
    let outputs = y.blocks(plane.outputs()).zip(g.blocks_mut(plane.outputs()));
    for ((x, dx), (y, g)) in x.blocks(plane.inputs()).zip(dx.blocks_mut(plane.inputs())).zip(outputs) {
        plane.for_each_line(|_, Line { input, output }| {
            let (x, dx) = (x.get(input.clone()), dx.get_mut(input));
            let (y, g) = (y.get(output.clone()), g.get_mut(output));
            let (Some(x), Some(dx), Some(y), Some(g)) = (x, dx, y, g) else { return };
            in_pairs(plane.stride(), x.iter().zip(dx), y.iter().zip(g), |(&x, dx), (&y, g)| {
                // A gradient that was assigned is set to 0, so that no later tap gets it again.
                let given = if x == y { *g } else { S::ZERO };
                *dx += given;
                *g = if x == y { S::ZERO } else { *g };
            });
        });
    }
}

/// `y[p] = Σₜ x[p's tap t] / T`, over the taps that lie on the input, for all channels of a batch. T is the number of taps, or of
/// those that lie on the input.
// A separate function in debug builds, which reserve stack for everything inlined.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn average<V: Simd, S: Scalar>(simd: V, plane: &Plane, counts_padding: bool, x: &[S], y: &mut [S]) {
    if let Some(bands) = plane.over_planes::<V, S>(x.len()) {
        return outlined(simd, over_planes::Average { bands, counts_padding, x, y });
    }
    for (x, y) in x.blocks(plane.inputs()).zip(y.blocks_mut(plane.outputs())) {
        y.fill(S::ZERO);
        plane.for_each_line(|_, Line { input, output }| {
            let (Some(x), Some(y)) = (x.get(input), y.get_mut(output)) else { return };
            in_pairs(plane.stride(), x.iter(), y.iter_mut(), |&x, y| *y += x);
        });
        divide(simd, plane, counts_padding, y);
    }
}

/// `dx[p's tap t] += g[p] / T`; 0 elsewhere. For all channels of a batch; overwrites `g`.
// A separate function in debug builds, which reserve stack for everything inlined.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn average_gradient<V: Simd, S: Scalar>(
    simd: V,
    plane: &Plane,
    counts_padding: bool,
    g: &mut [S],
    dx: &mut [S],
) {
    if let Some(bands) = plane.over_planes::<V, S>(dx.len()) {
        return outlined(simd, over_planes::AverageGradient { bands, counts_padding, g, dx });
    }
    for (dx, g) in dx.blocks_mut(plane.inputs()).zip(g.blocks_mut(plane.outputs())) {
        dx.fill(S::ZERO);
        divide(simd, plane, counts_padding, g);
        plane.for_each_line(|_, Line { input, output }| {
            let (Some(g), Some(dx)) = (g.get(output), dx.get_mut(input)) else { return };
            in_pairs(plane.stride(), dx.iter_mut(), g.iter(), |dx, &g| *dx += g);
        });
    }
}

/// Sums of the windows of a channel, or their gradients, over the number of elements.
#[inline(always)]
fn divide<V: Simd, S: Scalar>(simd: V, plane: &Plane, counts_padding: bool, sums: &mut [S]) {
    if counts_padding || plane.is_whole() {
        scale(simd, S::ONE / S::from_f64(plane.taps() as f64), sums);
    } else {
        divide_by_taps(plane, sums);
    }
}

/// `y[p] /= ` the number of p's taps that lie on the input.
#[inline(always)]
fn divide_by_taps<S: Scalar>(plane: &Plane, y: &mut [S]) {
    let (mut last, mut part) = (1, S::ONE);
    for (row, y) in y.blocks_mut(plane.columns.output).enumerate() {
        let rows = plane.rows.taps(row);
        for (column, y) in y.iter_mut().enumerate() {
            let taps = rows * plane.columns.taps(column);
            // Neighbours mostly have as many, and a division takes long where it is a function.
            if taps != last {
                (last, part) = (taps, S::ONE / S::from_usize(taps));
            }
            *y *= part;
        }
    }
}
