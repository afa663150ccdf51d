//! Maxima of windows of any kind, a row of outputs at a time.
//!
//! Backward, the first of a window's largest taps is found for a vector of outputs at a time, and each gradient is added where it
//! belongs. The rows under the windows are laid out with their padding, and in parts: with a stride of s, every s-th number is in
//! the same part, so that the numbers under a tap of neighbouring outputs lie side by side.

use super::larger;
use crate::chunks::Chunks;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat, write};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::{Sliding, ceil_div, quotient};

/// Room for the rows under a window, with their padding.
const ROWS: usize = 2048;
/// The most taps.
const TAPS: usize = 128;

/// `y[p] = maxₜ x[p's tap t]`, for all channels of a batch.
pub(super) struct Maximum<'a, S> {
    pub(super) plane: Plane,
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
}

/// `dx[p's largest tap] += g[p]`, the first tap if several are equally large, for all channels of a batch. `dx` is overwritten.
pub(super) struct MaximumGradient<'a, S> {
    pub(super) plane: Plane,
    pub(super) x: &'a [S],
    pub(super) y: &'a [S],
    pub(super) g: &'a [S],
    pub(super) dx: &'a mut [S],
}

impl Plane {
    /// Whether there is room for rows.
    #[inline(always)]
    pub(super) const fn has_room_for_rows(&self) -> bool {
        let row = self.line().width();
        row * self.rows.window.kernel + LANES <= ROWS && self.taps() <= TAPS
    }

    #[inline(always)]
    const fn line(&self) -> Line {
        let Sliding { output, window, .. } = self.columns;
        let seen = output.saturating_sub(1) * window.stride + window.span();
        Line { columns: self.columns, part: ceil_div(seen, window.stride) }
    }
}

/// A row with its padding, in parts.
#[derive(Clone, Copy)]
struct Line {
    columns: Sliding,
    part: usize,
}

impl Line {
    const fn width(&self) -> usize {
        self.part * self.columns.window.stride
    }

    /// Lays out a row, whose padding is there already.
    #[inline(always)]
    fn lay<V: Simd, S: Scalar>(&self, simd: V, row: &[S], to: &mut [S]) {
        let (lanes, stride, before) = (lanes::<V, S>(), self.columns.window.stride, self.columns.window.before);
        // What is in no window isn't laid out.
        let count = row.len().min(self.width().saturating_sub(before));
        let row = row.get(..count).unwrap_or_default();
        if stride == 1 {
            for (from, to) in
                row.parts(lanes).zip(to.get_mut(before..before + count).unwrap_or_default().parts_mut(lanes))
            {
                write(simd, read(simd, from), to);
            }
            return;
        }
        for first in 0..stride.min(count) {
            let (at, stride) = (before + first, stride.max(1));
            let to = to.get_mut(at % stride * self.part + at / stride..).unwrap_or_default();
            to.iter_mut().zip(row.iter().skip(first).step_by(stride)).for_each(|(to, &from)| *to = from);
        }
    }

    /// Where the numbers under a column of taps begin.
    #[inline(always)]
    const fn tap(&self, tap: usize) -> usize {
        let (at, stride) = (tap * self.columns.window.dilation, self.columns.window.stride);
        let index = quotient(at, stride);
        (at - index * stride) * self.part + index
    }
}

/// Where the numbers under each tap begin, in its row and column of the window.
#[derive(Clone, Copy, Default)]
struct Place {
    down: usize,
    right: usize,
    at: usize,
}

/// The places of a window's taps.
#[inline(always)]
fn places(plane: &Plane, line: &Line) -> [Place; TAPS] {
    let (mut places, kernel) = ([Place::default(); TAPS], plane.columns.window.kernel.max(1));
    for (tap, place) in places.iter_mut().enumerate().take(plane.taps()) {
        let (down, right) = (tap / kernel, tap % kernel);
        *place = Place { down, right, at: down * line.width() + line.tap(right) };
    }
    places
}

/// The row of the input under a row of taps, if there is one.
#[inline(always)]
fn row(rows: &Sliding, output: usize, tap: usize) -> Option<usize> {
    let row = (output * rows.window.stride + tap * rows.window.dilation).wrapping_sub(rows.window.before);
    (row < rows.input).then_some(row)
}

/// Lays out the rows under a row of outputs, whose padding is there already, and `padding` for rows beside the input.
#[inline(always)]
fn lay_rows<V: Simd, S: Scalar>(simd: V, plane: &Plane, x: &[S], output: usize, padding: S, laid: &mut [S; ROWS]) {
    let (line, width) = (plane.line(), plane.columns.input);
    for (tap, to) in laid.blocks_mut(line.width()).enumerate().take(plane.rows.window.kernel) {
        match row(&plane.rows, output, tap).and_then(|row| x.get(row * width..(row + 1) * width)) {
            Some(x) => line.lay(simd, x, to),
            None => to.fill(padding),
        }
    }
}

impl<S: Scalar> Operation for Maximum<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { plane, x, y } = self;
        let (lanes, lowest) = (lanes::<V, S>(), S::from_f64(f64::NEG_INFINITY));
        let (mut laid, places) = ([lowest; ROWS], places(&plane, &plane.line()));
        for (x, y) in x.blocks(plane.inputs()).zip(y.blocks_mut(plane.outputs())) {
            for (output, y) in y.blocks_mut(plane.columns.output).enumerate() {
                lay_rows(simd, &plane, x, output, lowest, &mut laid);
                for (index, y) in y.parts_mut(lanes).enumerate() {
                    let mut largest = splat(simd, lowest);
                    for place in places.iter().take(plane.taps()) {
                        let x = read(simd, laid.get(place.at + index * lanes..).unwrap_or_default());
                        largest = larger::<V, S>(largest, x);
                    }
                    write(simd, largest, y);
                }
            }
        }
    }
}

impl<S: Scalar> Operation for MaximumGradient<'_, S> {
    type Output = ();

    /// From the last output to the first: an input then gets its gradients in the order of the taps that see it, as in plain
    /// loops.
    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { plane, x, y, g, dx } = self;
        let (lanes, columns, width) = (lanes::<V, S>(), plane.columns, plane.columns.input);
        // NaN is equal to nothing, so that padding gets no gradient.
        let nothing = S::from_f64(f64::NAN);
        let (mut laid, places) = ([nothing; ROWS], places(&plane, &plane.line()));
        dx.fill(S::ZERO);
        let outputs = y.blocks(plane.outputs()).zip(g.blocks(plane.outputs()));
        for ((x, dx), (y, g)) in x.blocks(plane.inputs()).zip(dx.blocks_mut(plane.inputs())).zip(outputs) {
            for output in (0..plane.rows.output).rev() {
                lay_rows(simd, &plane, x, output, nothing, &mut laid);
                let row_of = |of: &'_ [S]| output * columns.output..((output + 1) * columns.output).min(of.len());
                let (Some(y), Some(g)) = (y.get(row_of(y)), g.get(row_of(g))) else { return };
                for index in (0..ceil_div(columns.output, lanes)).rev() {
                    // From the last tap to the first, which stays.
                    let y = y.get(index * lanes..).unwrap_or_default();
                    let (largest, mut first) = (read(simd, y), splat(simd, S::from_f64(-1.0)));
                    for (tap, place) in places.iter().enumerate().take(plane.taps()).rev() {
                        let x = read(simd, laid.get(place.at + index * lanes..).unwrap_or_default());
                        first = x.if_equal(largest, splat(simd, S::from_f64(tap as f64)), first);
                    }
                    let mut taps = [S::ZERO; LANES];
                    write(simd, first, taps.get_mut(..lanes).unwrap_or_default());
                    let g = g.get(index * lanes..).unwrap_or_default();
                    for lane in (0..g.len().min(lanes)).rev() {
                        let (Some(&g), Some(&tap)) = (g.get(lane), taps.get(lane)) else { return };
                        if tap < S::ZERO {
                            continue;
                        }
                        let Some(&Place { down, right, .. }) = places.get(tap.to_f64() as usize) else { continue };
                        let at = (index * lanes + lane) * columns.window.stride + right * columns.window.dilation;
                        let Some(row) = row(&plane.rows, output, down) else { continue };
                        if let Some(dx) = dx.get_mut((row * width + at).wrapping_sub(columns.window.before)) {
                            *dx += g;
                        }
                    }
                }
            }
        }
    }
}
