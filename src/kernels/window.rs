//! Windows over images, and convolution one pair of channels at a time, forward and backward.
//!
//! A window's elements are its *taps*. Every kernel loops over the taps, and for each tap over the rows of outputs
//! whose tap lies on the input; the innermost loop runs along such a row, so it vectorizes. Sizes are
//! constants where the caller is compiled for one layer.

use core::ops::Range;

use super::elementwise::{add_few, add_to_every_second, copy_every_second, copy_few};
use super::sums::Sums;
use super::vector::Simd;
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::window::{Sliding, ceil_div};

/// An input and an output channel, both in row-major order, and the window between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    pub(crate) rows: Sliding,
    pub(crate) columns: Sliding,
}

/// A tap's inputs for a row of outputs, as indices into the two channels.
pub(super) struct Line {
    /// Inputs; every `stride`th one belongs to an output.
    pub(super) input: Range<usize>,
    pub(super) output: Range<usize>,
}

impl Plane {
    /// The number of taps. On 32 bits, a window may have more of them on padding than there are numbers: its layer wouldn't fit into
    /// memory, and a pool has no forms but those for any number.
    #[inline(always)]
    pub(crate) const fn taps(&self) -> usize {
        self.rows.window.kernel.saturating_mul(self.columns.window.kernel)
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
    pub(super) const fn stride(&self) -> usize {
        self.columns.window.stride
    }

    /// From the first to the last input of a row of outputs, for one tap.
    #[inline(always)]
    const fn reach(&self) -> usize {
        (self.columns.output - 1) * self.stride() + 1
    }

    /// The rows of outputs that a tap reaches.
    #[inline(always)]
    pub(super) fn lines(&self, tap: usize) -> impl Iterator<Item = Line> {
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
    pub(super) fn for_each_line(&self, mut visit: impl FnMut(usize, Line)) {
        for tap in 0..self.taps() {
            for line in self.lines(tap) {
                visit(tap, line);
            }
        }
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
                // Of the same length in all rows, unlike a slice that may be empty.
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
pub(super) fn pairs<X, Y>(
    stride: usize,
    inputs: impl ExactSizeIterator<Item = X>,
    outputs: impl Iterator<Item = Y>,
    mut visit: impl FnMut(X, Y),
) {
    // A stride of 1 is a separate case because `step_by` is slow.
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

/// `dx[p's tap t] += w[t] · g[p]`: the convolution's input gradient. From the last tap to the first, so that the outputs under which an
/// input lies are in order, as vectors read them.
#[inline(always)]
pub(crate) fn spread<V: Simd, S: Scalar>(_simd: V, plane: &Plane, w: &[S], g: &[S], dx: &mut [S]) {
    for tap in (0..plane.taps()).rev() {
        for Line { input, output } in plane.lines(tap) {
            let (Some(&w), Some(g), Some(dx)) = (w.get(tap), g.get(output), dx.get_mut(input)) else { return };
            pairs(plane.stride(), dx.iter_mut(), g.iter(), |dx, &g| *dx += w * g);
        }
    }
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
