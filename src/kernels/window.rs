//! Windows over images: convolution and pooling, one pair of channels at a time, forward and backward.
//!
//! A window's elements are its *taps*. Every kernel loops over the taps, and for each tap over the rows of outputs
//! whose tap lies on the input; the innermost loop runs along such a row, so it vectorises. All sizes are
//! constants of the caller.

use core::ops::Range;

use super::elementwise::{add_few, add_to_every_second, copy_every_second, copy_few};
use super::maxima::{Maximum, MaximumGradient};
use super::sums::Sums;
use super::vector::{Simd, Vector, lanes, read, splat, write};
use crate::chunks::Chunks;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{Sliding, ceil_div};

/// An input and an output channel, both in row-major order, and the window between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    pub(crate) rows: Sliding,
    pub(crate) columns: Sliding,
}

/// A tap's inputs for a row of outputs, as indices into the two channels.
struct Line {
    /// Inputs; every `stride`th one belongs to an output.
    input: Range<usize>,
    output: Range<usize>,
}

impl Plane {
    /// The number of taps.
    #[inline(always)]
    pub(crate) const fn taps(&self) -> usize {
        self.rows.window.kernel * self.columns.window.kernel
    }

    /// The number of inputs.
    #[inline(always)]
    pub(crate) const fn inputs(&self) -> usize {
        self.rows.input * self.columns.input
    }

    /// The number of outputs.
    #[inline(always)]
    pub(crate) const fn outputs(&self) -> usize {
        self.rows.output * self.columns.output
    }

    #[inline(always)]
    const fn stride(&self) -> usize {
        self.columns.window.stride
    }

    /// From the first to the last input of a row of outputs, for one tap.
    #[inline(always)]
    const fn reach(&self) -> usize {
        (self.columns.output - 1) * self.stride() + 1
    }

    /// The rows of outputs that a tap reaches.
    #[inline(always)]
    fn lines(&self, tap: usize) -> impl Iterator<Item = Line> {
        self.lines_within(tap, 0..self.outputs())
    }

    /// The parts of rows of outputs that a tap reaches, of the outputs in a range.
    #[inline(always)]
    fn lines_within(&self, tap: usize, range: Range<usize>) -> impl Iterator<Item = Line> {
        let (rows, columns) = (self.rows, self.columns);
        let vertical = rows.reach(tap / columns.window.kernel.max(1));
        let horizontal = columns.reach(tap % columns.window.kernel.max(1));
        let width = columns.output.max(1);
        let first = vertical.first.max(range.start / width);
        let end = (vertical.first + vertical.count).min(ceil_div(range.end, width));
        (first..end).filter_map(move |row| {
            let start = horizontal.first.max(range.start.saturating_sub(row * width));
            let end = (horizontal.first + horizontal.count).min(range.end.saturating_sub(row * width));
            if start >= end {
                return None;
            }
            let input = (vertical.start + (row - vertical.first) * rows.window.stride) * columns.input
                + horizontal.start
                + (start - horizontal.first) * columns.window.stride;
            Some(Line {
                input: input..input + (end - start - 1) * columns.window.stride + 1,
                output: row * width + start..row * width + end,
            })
        })
    }

    /// Where the input rows under a tap of `count` outputs from `from` on begin, and their stride: if the outputs are
    /// whole rows, no window leaves the input, and windows move by 1 or 2 along the columns.
    #[inline(always)]
    fn whole_rows(&self, tap: usize, from: usize, count: usize) -> Option<(usize, usize)> {
        let (rows, columns) = (self.rows, self.columns);
        let width = columns.output.max(1);
        let rows_alone = from.is_multiple_of(width) && count.is_multiple_of(width);
        if !self.is_whole() || self.stride() > 2 || !rows_alone {
            return None;
        }
        let (down, right) = (tap / columns.window.kernel.max(1), tap % columns.window.kernel.max(1));
        let row = from / width * rows.window.stride + down * rows.window.dilation;
        Some((row * columns.input + right * columns.window.dilation, rows.window.stride * columns.input))
    }

    /// Tap after tap, the rows of outputs that it reaches.
    #[inline(always)]
    fn for_each_line(&self, mut visit: impl FnMut(usize, Line)) {
        for tap in 0..self.taps() {
            for line in self.lines(tap) {
                visit(tap, line);
            }
        }
    }

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

    /// Whether all taps of all outputs lie on the input.
    #[inline(always)]
    pub(crate) const fn is_whole(&self) -> bool {
        self.rows.is_whole() && self.columns.is_whole()
    }

    /// Whether windows are single elements side by side, so that each output sees the input at its own place.
    #[inline(always)]
    pub(crate) const fn is_pointwise(&self) -> bool {
        let strides = (self.rows.window.stride, self.columns.window.stride);
        self.taps() == 1 && strides.0 == 1 && strides.1 == 1 && self.is_whole()
    }

    /// The same plane, with a single row if it [`is_pointwise`](Self::is_pointwise).
    pub(crate) const fn in_one_row(self) -> Self {
        if !self.is_pointwise() {
            return self;
        }
        let size = self.outputs();
        Self {
            rows: Sliding { input: 1, output: 1, window: self.rows.window },
            columns: Sliding { input: size, output: size, window: self.columns.window },
        }
    }

    /// `patch[p] = x[p's tap]`, for outputs from `from` on; 0 where that isn't on the input.
    #[inline(always)]
    pub(crate) fn gather<V: Simd, S: Scalar>(&self, simd: V, tap: usize, x: &[S], patch: &mut [S], from: usize) {
        let width = self.columns.output.max(1);
        if let Some((start, apart)) = self.whole_rows(tap, from, patch.len()) {
            let rows = x.get(start..).unwrap_or_default().parts(apart);
            for (x, patch) in rows.zip(patch.blocks_mut(width)) {
                // Of a constant length, unlike a slice that may be empty.
                let Some(x) = x.get(..self.reach()) else { return };
                match self.stride() {
                    1 => copy_few(simd, x, patch),
                    _ => copy_every_second(simd, x, patch),
                }
            }
            return;
        }
        if !self.is_whole() {
            patch.fill(S::ZERO);
        }
        for Line { input, output } in self.lines_within(tap, from..from + patch.len()) {
            let (x, patch) = (x.get(input), patch.get_mut(output.start - from..output.end - from));
            let (Some(x), Some(patch)) = (x, patch) else { return };
            if self.stride() == 1 {
                copy_few(simd, x, patch);
            } else {
                pairs(self.stride(), x.iter(), patch.iter_mut(), |&x, to| *to = x);
            }
        }
    }

    /// `dx[p's tap] += patch[p]`, for outputs from `from` on.
    #[inline(always)]
    pub(crate) fn scatter<V: Simd, S: Scalar>(&self, simd: V, tap: usize, patch: &[S], dx: &mut [S], from: usize) {
        let width = self.columns.output.max(1);
        if let Some((start, apart)) = self.whole_rows(tap, from, patch.len()) {
            let rows = dx.get_mut(start..).unwrap_or_default().parts_mut(apart);
            for (dx, patch) in rows.zip(patch.blocks(width)) {
                let Some(dx) = dx.get_mut(..self.reach()) else { return };
                match self.stride() {
                    1 => add_few(simd, patch, dx),
                    _ => add_to_every_second(simd, patch, dx),
                }
            }
            return;
        }
        for Line { input, output } in self.lines_within(tap, from..from + patch.len()) {
            let (dx, patch) = (dx.get_mut(input), patch.get(output.start - from..output.end - from));
            let (Some(dx), Some(patch)) = (dx, patch) else { return };
            if self.stride() == 1 {
                add_few(simd, patch, dx);
            } else {
                pairs(self.stride(), dx.iter_mut(), patch.iter(), |dx, &g| *dx += g);
            }
        }
    }
}

/// Both sides of a line, element by element.
#[inline(always)]
fn pairs<X, Y>(
    stride: usize,
    inputs: impl ExactSizeIterator<Item = X>,
    outputs: impl Iterator<Item = Y>,
    mut visit: impl FnMut(X, Y),
) {
    // A stride of 1 is a separate case because `step_by` is slow; it is known at compile time.
    if stride == 1 {
        inputs.zip(outputs).for_each(|(x, y)| visit(x, y));
    } else {
        inputs.step_by(stride.max(1)).zip(outputs).for_each(|(x, y)| visit(x, y));
    }
}

/// `y[p] += Σₜ w[t] · x[p's tap t]`: a convolution, in the sense of neural networks.
#[inline(always)]
pub(crate) fn correlate<V: Simd, S: Scalar>(_simd: V, plane: &Plane, w: &[S], x: &[S], y: &mut [S]) {
    plane.for_each_line(|tap, Line { input, output }| {
        let (Some(&w), Some(x), Some(y)) = (w.get(tap), x.get(input), y.get_mut(output)) else { return };
        pairs(plane.stride(), x.iter(), y.iter_mut(), |&x, y| *y += w * x);
    });
}

/// `dx[p's tap t] += w[t] · g[p]`: the convolution's input gradient.
#[inline(always)]
pub(crate) fn spread<V: Simd, S: Scalar>(_simd: V, plane: &Plane, w: &[S], g: &[S], dx: &mut [S]) {
    plane.for_each_line(|tap, Line { input, output }| {
        let (Some(&w), Some(g), Some(dx)) = (w.get(tap), g.get(output), dx.get_mut(input)) else { return };
        pairs(plane.stride(), dx.iter_mut(), g.iter(), |dx, &g| *dx += w * g);
    });
}

/// `dw[t] += Σₚ g[p] · x[p's tap t]`: the convolution's weight gradient.
#[inline(always)]
pub(crate) fn correlate_gradient<V: Simd, S: Scalar>(_simd: V, plane: &Plane, x: &[S], g: &[S], dw: &mut [S]) {
    for (tap, dw) in dw.iter_mut().enumerate().take(plane.taps()) {
        let mut sums = Sums::new();
        for Line { input, output } in plane.lines(tap) {
            let (Some(x), Some(g)) = (x.get(input), g.get(output)) else { continue };
            sums.add_products(plane.stride(), x, g);
        }
        *dw += sums.total();
    }
}

/// `y[p] += Σₜ x[p's tap t]`
#[inline(always)]
pub(crate) fn collect<V: Simd, S: Scalar>(_simd: V, plane: &Plane, x: &[S], y: &mut [S]) {
    plane.for_each_line(|_, Line { input, output }| {
        let (Some(x), Some(y)) = (x.get(input), y.get_mut(output)) else { return };
        pairs(plane.stride(), x.iter(), y.iter_mut(), |&x, y| *y += x);
    });
}

/// `dx[p's tap t] += g[p]`: the sum's gradient.
#[inline(always)]
pub(crate) fn spread_evenly<V: Simd, S: Scalar>(_simd: V, plane: &Plane, g: &[S], dx: &mut [S]) {
    plane.for_each_line(|_, Line { input, output }| {
        let (Some(g), Some(dx)) = (g.get(output), dx.get_mut(input)) else { return };
        pairs(plane.stride(), dx.iter_mut(), g.iter(), |dx, &g| *dx += g);
    });
}

/// `y[p] /= ` the number of p's taps that lie on the input.
#[inline(always)]
pub(crate) fn divide_by_taps<V: Simd, S: Scalar>(_simd: V, plane: &Plane, y: &mut [S]) {
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

/// `y[p] = maxₜ x[p's tap t]`, over the taps that lie on the input, for all channels of a batch. NaN if one of them is.
// A separate function in debug builds, which reserve stack for everything inlined.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
#[expect(clippy::eq_op, reason = "NaN is what differs from itself")]
pub(crate) fn maximum<V: Simd, S: Scalar>(simd: V, plane: &Plane, x: &[S], y: &mut [S]) {
    if let Some(rows) = plane.pairs() {
        let width = plane.columns.input;
        for (x, y) in x.blocks(rows * width).zip(y.blocks_mut(plane.columns.output)) {
            largest_of_pairs(simd, x, y, width);
        }
        return;
    }
    if lanes::<V, S>() > 1 && plane.has_room_for_maxima() {
        return simd.call(Maximum { plane: *plane, x, y });
    }
    y.fill(S::from_f64(f64::NEG_INFINITY));
    for (x, y) in x.blocks(plane.inputs()).zip(y.blocks_mut(plane.outputs())) {
        plane.for_each_line(|_, Line { input, output }| {
            let (Some(x), Some(y)) = (x.get(input), y.get_mut(output)) else { return };
            // NaN is not greater than anything, and nothing is greater than it.
            pairs(plane.stride(), x.iter(), y.iter_mut(), |&x, y| *y = if x > *y || x != x { x } else { *y });
        });
    }
}

/// The largest of two columns and all rows, each of `width`.
#[inline(always)]
fn largest_of_pairs<V: Simd, S: Scalar>(simd: V, x: &[S], y: &mut [S], width: usize) {
    let lanes = lanes::<V, S>();
    for (index, y) in y.parts_mut(lanes).enumerate() {
        let mut largest = splat(simd, S::from_f64(f64::NEG_INFINITY));
        for row in x.blocks(width) {
            let (even, odd) = read_pairs(simd, row, index);
            for x in [even, odd] {
                // NaN is kept, and nothing is greater than it.
                largest = x.if_equal(x, largest.max(x), x);
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

/// [`maximum_gradient`] of [`largest_of_pairs`].
#[inline(always)]
fn give_to_largest_of_pairs<V: Simd, S: Scalar>(simd: V, (x, y): (&[S], &[S]), g: &[S], dx: &mut [S], width: usize) {
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

/// `dx[p's largest tap] += g[p]`, the first tap if several are equally large; 0 elsewhere. For all channels of a batch;
/// overwrites `g`.
// A separate function in debug builds, which reserve stack for everything inlined.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn maximum_gradient<V: Simd, S: Scalar>(
    simd: V,
    plane: &Plane,
    (x, y): (&[S], &[S]),
    g: &mut [S],
    dx: &mut [S],
) {
    if let Some(rows) = plane.pairs() {
        let (width, size, columns) = (plane.columns.input, rows * plane.columns.input, plane.columns.output);
        let y = y.blocks(columns).zip(g.blocks_mut(columns));
        for ((x, dx), (y, g)) in x.blocks(size).zip(dx.blocks_mut(size)).zip(y) {
            give_to_largest_of_pairs(simd, (x, y), g, dx, width);
        }
        return;
    }
    if lanes::<V, S>() > 1 && plane.has_room_for_maxima() {
        return simd.call(MaximumGradient { plane: *plane, x, y, g, dx });
    }
    dx.fill(S::ZERO);
    let outputs = y.blocks(plane.outputs()).zip(g.blocks_mut(plane.outputs()));
    for ((x, dx), (y, g)) in x.blocks(plane.inputs()).zip(dx.blocks_mut(plane.inputs())).zip(outputs) {
        plane.for_each_line(|_, Line { input, output }| {
            let (x, dx) = (x.get(input.clone()), dx.get_mut(input));
            let (y, g) = (y.get(output.clone()), g.get_mut(output));
            let (Some(x), Some(dx), Some(y), Some(g)) = (x, dx, y, g) else { return };
            pairs(plane.stride(), x.iter().zip(dx), y.iter().zip(g), |(&x, dx), (&y, g)| {
                // A gradient that was assigned is set to 0, so that no later tap gets it again.
                let given = if x == y { *g } else { S::ZERO };
                *dx += given;
                *g = if x == y { S::ZERO } else { *g };
            });
        });
    }
}
