//! Convolutions over channels with their padding around them: a window never leaves its input, so that every row of
//! outputs is a row of vectors, of a length that the compiler knows.

use super::{Convolution, Scratch};
use crate::kernels::elementwise::{add_few, copy_few};
use crate::kernels::vector::{Simd, first_lane, lanes, read, splat, sum_of_lanes, write};
use crate::kernels::window::Plane;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::{Axis, Sliding};

/// Numbers of a channel with its padding, at most: what stays in the first-level cache.
#[cfg(feature = "simd")]
pub(crate) const CHANNEL: usize = 4096;

impl Plane {
    /// The same outputs, of an input that has its padding.
    pub(super) const fn padded(&self) -> Self {
        Self { rows: self.rows.padded(), columns: self.columns.padded() }
    }

    /// The plane of the gradients, from those of what came out to those of what went in: the same window with its taps
    /// in reverse, if it moves by 1.
    pub(super) const fn reversed(&self) -> Option<Self> {
        match (self.rows.reversed(), self.columns.reversed()) {
            (Some(rows), Some(columns)) => Some(Self { rows, columns }),
            _ => None,
        }
    }

    /// Of the rows of an input, how many columns there are where that has its padding, and from which on.
    const fn inner(&self) -> (usize, usize) {
        let (padding, size) = (self.columns.window.padding, self.columns.padded().input);
        let room = size.saturating_sub(padding);
        (if room < self.columns.input { room } else { self.columns.input }, padding)
    }

    /// The channel `x` with its padding, into `to`.
    #[inline(always)]
    pub(super) fn pad<V: Simd, S: Scalar>(&self, simd: V, x: &[S], to: &mut [S]) {
        let (count, first) = self.inner();
        to.fill(S::ZERO);
        let rows = to.chunks_exact_mut(self.columns.padded().input).skip(self.rows.window.padding);
        for (x, to) in x.chunks_exact(self.columns.input).zip(rows) {
            let (Some(x), Some(to)) = (x.get(..count), to.get_mut(first..first + count)) else { return };
            copy_few(simd, x, to);
        }
    }

    /// To a channel `dx`, one with padding.
    #[inline(always)]
    pub(super) fn add_unpadded<V: Simd, S: Scalar>(&self, simd: V, from: &[S], dx: &mut [S]) {
        let (count, first) = self.inner();
        let rows = from.chunks_exact(self.columns.padded().input).skip(self.rows.window.padding);
        for (dx, from) in dx.chunks_exact_mut(self.columns.input).zip(rows) {
            let (Some(dx), Some(from)) = (dx.get_mut(..count), from.get(first..first + count)) else { return };
            add_few(simd, from, dx);
        }
    }

    /// Where the inputs of a row of outputs begin that lie under a tap.
    const fn line(&self, row: usize, tap: usize) -> usize {
        let (rows, columns) = (self.rows.window, self.columns.window);
        let (down, right) = (tap / columns.kernel, tap % columns.kernel);
        (row * rows.stride + down * rows.dilation) * self.columns.input + right * columns.dilation
    }
}

impl Sliding {
    /// The same outputs, of an input that has its padding.
    const fn padded(&self) -> Self {
        let Self { output, window, .. } = *self;
        let input = (output - 1) * window.stride + window.span();
        Self { input, output, window: Axis { padding: 0, ..window } }
    }

    /// From the outputs to the inputs, with the taps in reverse.
    const fn reversed(&self) -> Option<Self> {
        let Self { input, output, window } = *self;
        match (window.stride, (window.span() - 1).checked_sub(window.padding)) {
            (1, Some(padding)) => Some(Self { input: output, output: input, window: Axis { padding, ..window } }),
            _ => None,
        }
    }
}

/// `y[p] += Σₜ w[t] · x[p's tap t]`, for windows that move by 1 along the columns and never leave `x`.
#[inline(always)]
fn correlate_rows<'a, V: Simd, S: Scalar>(
    simd: V,
    plane: &Plane,
    w: impl Iterator<Item = &'a S> + Clone,
    x: &[S],
    y: &mut [S],
) {
    let lanes = lanes::<V, S>();
    let add = |row: usize, column: usize, y: &mut [S]| {
        let mut sum = read(simd, y);
        for (tap, &w) in w.clone().enumerate() {
            let from = plane.line(row, tap) + column;
            let Some(x) = x.get(from..from + y.len()) else { return };
            sum = read(simd, x).mul_add(splat(simd, w), sum);
        }
        write(simd, sum, y);
    };
    for (row, y) in y.chunks_exact_mut(plane.columns.output).enumerate() {
        let mut vectors = y.chunks_exact_mut(lanes);
        for (vector, y) in (&mut vectors).enumerate() {
            add(row, vector * lanes, y);
        }
        // A length of its own, which is a constant.
        let rest = vectors.into_remainder();
        if !rest.is_empty() {
            add(row, plane.columns.output / lanes * lanes, rest);
        }
    }
}

/// `dw[t] += Σₚ g[p] · x[p's tap t]`, for such windows.
#[inline(always)]
fn correlate_rows_gradient<V: Simd, S: Scalar>(simd: V, plane: &Plane, x: &[S], g: &[S], dw: &mut [S]) {
    let (lanes, width) = (lanes::<V, S>(), plane.columns.output);
    for (tap, dw) in dw.iter_mut().enumerate() {
        let mut sum = splat(simd, S::ZERO);
        for (row, g) in g.chunks_exact(width).enumerate() {
            let from = plane.line(row, tap);
            let Some(x) = x.get(from..from + width) else { return };
            let (xs, gs) = (x.chunks_exact(lanes), g.chunks_exact(lanes));
            let rest = (xs.remainder(), gs.remainder());
            for (x, g) in xs.zip(gs) {
                sum = read(simd, x).mul_add(read(simd, g), sum);
            }
            if !rest.0.is_empty() {
                sum = read(simd, rest.0).mul_add(read(simd, rest.1), sum);
            }
        }
        *dw += first_lane(simd, sum_of_lanes::<V, S>(sum));
    }
}

impl Convolution {
    /// Whether channels are given their padding: where windows leave the input, and there is room.
    #[inline(always)]
    pub(super) fn is_padded<V: Simd, S: Scalar>(&self, room: &[S]) -> bool {
        lanes::<V, S>() > 1 && !self.plane.is_whole() && room.len() >= self.plane.padded().inputs()
    }

    /// Whether rows of outputs are rows of vectors.
    #[inline(always)]
    pub(super) fn is_rows<V: Simd, S: Scalar>(&self, scratch: &Scratch<'_, S>) -> bool {
        let whole = self.plane.is_whole() || self.is_padded::<V, S>(scratch.channel);
        lanes::<V, S>() > 1 && self.plane.columns.window.stride == 1 && whole
    }

    /// `y += w ∗ x`, for a group, row by row.
    #[inline(always)]
    pub(super) fn add_rows<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        x: &[S],
        y: &mut [S],
        scratch: &mut Scratch<'_, S>,
    ) {
        let (plane, outputs, taps) = (self.plane.padded(), self.plane.outputs(), self.plane.taps());
        for (channel, x) in x.chunks_exact(self.plane.inputs()).enumerate() {
            let x = self.padded(simd, x, scratch.channel);
            for (y, w) in y.chunks_exact_mut(outputs).zip(w.chunks_exact(self.filter())) {
                let w = w.chunks_exact(taps).nth(channel).unwrap_or_default();
                correlate_rows(simd, &plane, w.iter(), x, y);
            }
        }
    }

    /// A channel with its padding, if it has any.
    #[inline(always)]
    pub(super) fn padded<'a, V: Simd, S: Scalar>(&self, simd: V, x: &'a [S], to: &'a mut [S]) -> &'a [S] {
        if self.plane.is_whole() {
            return x;
        }
        let to = first_mut(to, self.plane.padded().inputs());
        self.plane.pad(simd, x, to);
        to
    }

    /// The gradients of a group, row by row.
    #[inline(always)]
    pub(super) fn rows_back<V: Simd, S: Scalar>(
        &self,
        simd: V,
        w: &[S],
        (x, g): (&[S], &[S]),
        dw: &mut [S],
        dx: Option<&mut [S]>,
        scratch: &mut Scratch<'_, S>,
    ) {
        let (padded, outputs, taps) = (self.plane.padded(), self.plane.outputs(), self.plane.taps());
        for (channel, x) in x.chunks_exact(self.plane.inputs()).enumerate() {
            let x = self.padded(simd, x, scratch.channel);
            for (g, dw) in g.chunks_exact(outputs).zip(dw.chunks_exact_mut(self.filter())) {
                let dw = dw.chunks_exact_mut(taps).nth(channel).unwrap_or_default();
                correlate_rows_gradient(simd, &padded, x, g, dw);
            }
        }
        let Some(dx) = dx else { return };
        let reversed = self.plane.reversed().map(|plane| (plane, plane.padded()));
        let Some((plane, padded)) = reversed.filter(|(_, padded)| padded.inputs() <= scratch.channel.len()) else {
            return self.spread(simd, w, g, dx);
        };
        for (g, w) in g.chunks_exact(outputs).zip(w.chunks_exact(self.filter())) {
            let channel = first_mut(scratch.channel, padded.inputs());
            plane.pad(simd, g, channel);
            for (dx, w) in dx.chunks_exact_mut(self.plane.inputs()).zip(w.chunks_exact(taps)) {
                correlate_rows(simd, &padded, w.iter().rev(), channel, dx);
            }
        }
    }
}
