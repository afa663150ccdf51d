//! Maxima of windows of any kind with vectors, a row of outputs at a time.
//!
//! Forward, the rows under the windows are reduced to one first, and then the columns. Backward, the first of a window's
//! largest taps is found for a vector of outputs at a time, and each gradient is added where it belongs. Rows are laid out with
//! their padding, and in parts: with a stride of s, every s-th number is in the same part, so that the numbers under a tap of
//! neighbouring outputs lie side by side.

use super::vector::{LANES, Operation, Simd, Vector, lanes, read, splat, write};
use super::window::Plane;
use crate::chunks::Chunks;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::{Sliding, ceil_div, quotient};

/// Room for a row with its padding, and for the rows under a window.
const ROW: usize = 512;
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
    pub(super) const fn has_room_for_maxima(&self) -> bool {
        let row = self.line().width();
        row + LANES <= ROW && row * self.rows.window.kernel + LANES <= ROWS && self.taps() <= TAPS
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

/// The larger of two. NaN is kept, and nothing is greater than it.
#[inline(always)]
fn larger<V: Simd, S: Scalar>(_: V, largest: S::Vector<V>, x: S::Vector<V>) -> S::Vector<V> {
    x.if_equal(x, largest.max(x), x)
}

impl<S: Scalar> Operation for Maximum<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { plane, x, y } = self;
        let (lanes, line, lowest) = (lanes::<V, S>(), plane.line(), S::from_f64(f64::NEG_INFINITY));
        let (rows, width) = (plane.rows, plane.columns.input);
        let (mut highest, mut laid, mut taps) = ([lowest; ROW], [lowest; ROW], [0; TAPS]);
        taps.iter_mut().enumerate().take(plane.columns.window.kernel).for_each(|(tap, at)| *at = line.tap(tap));
        for (x, y) in x.blocks(plane.inputs()).zip(y.blocks_mut(plane.outputs())) {
            for (output, y) in y.blocks_mut(plane.columns.output).enumerate() {
                let under = |tap: usize| row(&rows, output, tap).and_then(|row| x.get(row * width..(row + 1) * width));
                let highest = highest.get_mut(..width).unwrap_or_default();
                for (index, to) in highest.parts_mut(lanes).enumerate() {
                    let mut largest = splat(simd, lowest);
                    for x in (0..rows.window.kernel).filter_map(under) {
                        largest = larger::<V, S>(simd, largest, read(simd, x.get(index * lanes..).unwrap_or_default()));
                    }
                    write(simd, largest, to);
                }
                line.lay(simd, highest, &mut laid);
                for (index, y) in y.parts_mut(lanes).enumerate() {
                    let mut largest = splat(simd, lowest);
                    for &tap in taps.iter().take(plane.columns.window.kernel) {
                        let at = tap + index * lanes;
                        largest = larger::<V, S>(simd, largest, read(simd, laid.get(at..).unwrap_or_default()));
                    }
                    write(simd, largest, y);
                }
            }
        }
    }
}

/// The row of the input under a row of taps, if there is one.
#[inline(always)]
fn row(rows: &Sliding, output: usize, tap: usize) -> Option<usize> {
    let row = (output * rows.window.stride + tap * rows.window.dilation).wrapping_sub(rows.window.before);
    (row < rows.input).then_some(row)
}

impl<S: Scalar> Operation for MaximumGradient<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { plane, x, y, g, dx } = self;
        let (lanes, line) = (lanes::<V, S>(), plane.line());
        let (rows, columns, width) = (plane.rows, plane.columns, plane.columns.input);
        let (pitch, taps) = (line.width(), columns.window.kernel);
        // NaN is equal to nothing, so that padding gets no gradient.
        let mut laid = [S::from_f64(f64::NAN); ROWS];
        let mut places = [(0, 0, 0); TAPS];
        for (tap, place) in places.iter_mut().enumerate().take(plane.taps()) {
            let (down, right) = (tap / taps.max(1), tap % taps.max(1));
            *place = (down, right, down * pitch + line.tap(right));
        }
        dx.fill(S::ZERO);
        let outputs = y.blocks(plane.outputs()).zip(g.blocks(plane.outputs()));
        for ((x, dx), (y, g)) in x.blocks(plane.inputs()).zip(dx.blocks_mut(plane.inputs())).zip(outputs) {
            let outputs = y.blocks(columns.output).zip(g.blocks(columns.output));
            for (output, (y, g)) in outputs.enumerate() {
                for (tap, to) in laid.blocks_mut(pitch).enumerate().take(rows.window.kernel) {
                    match row(&rows, output, tap).and_then(|row| x.get(row * width..(row + 1) * width)) {
                        Some(x) => line.lay(simd, x, to),
                        None => to.fill(S::from_f64(f64::NAN)),
                    }
                }
                for (index, (y, g)) in y.parts(lanes).zip(g.parts(lanes)).enumerate() {
                    // From the last tap to the first, which stays.
                    let (largest, mut first) = (read(simd, y), splat(simd, S::from_f64(-1.0)));
                    for (tap, &(_, _, at)) in places.iter().enumerate().take(plane.taps()).rev() {
                        let x = read(simd, laid.get(at + index * lanes..).unwrap_or_default());
                        first = x.if_equal(largest, splat(simd, S::from_f64(tap as f64)), first);
                    }
                    let mut taps = [S::ZERO; LANES];
                    write(simd, first, taps.get_mut(..lanes).unwrap_or_default());
                    for (lane, (&g, &tap)) in g.iter().zip(&taps).enumerate() {
                        if tap < S::ZERO {
                            continue;
                        }
                        let Some(&(down, right, _)) = places.get(tap.to_f64() as usize) else { continue };
                        let at = (index * lanes + lane) * columns.window.stride + right * columns.window.dilation;
                        let Some(row) = row(&rows, output, down) else { continue };
                        if let Some(dx) = dx.get_mut((row * width + at).wrapping_sub(columns.window.before)) {
                            *dx += g;
                        }
                    }
                }
            }
        }
    }
}
