//! Maxima of windows, and which tap each of them was: backward, no number is read again.
//!
//! The gradient of a maximum doesn't depend on numbers other than that place, so that memory is all that bounds it: what is stored
//! has one byte for each output.

use super::over_planes::{Bands, Room, under, vectors};
use super::{larger, over_planes};
use crate::chunks::Chunks;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, splat};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::{Sliding, quotient};

/// No tap: NaN, or a window beside the input.
pub(super) const NONE: u8 = u8::MAX;
/// Numbers that are filled with zeros at a time.
const NUMBERS: usize = 4096;

/// `y[p] = maxₜ x[p's tap t]`, and the first such t, for all channels of a batch.
pub(super) struct Maximum<'a, S> {
    pub(super) bands: Bands,
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    pub(super) places: &'a mut [u8],
}

/// The largest number so far, and its tap.
#[derive(Clone, Copy)]
struct Found<X> {
    largest: X,
    tap: X,
}

impl<S: Scalar> Operation for Maximum<'_, S> {
    type Output = ();

    /// Columns first, then rows.
    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { bands, x, y, places } = self;
        let plane = bands.plane();
        let Plane { rows, columns } = plane;
        let (width, kernel) = (columns.output, columns.window.kernel);
        let nothing = Found {
            largest: splat::<V, S>(simd, S::from_f64(f64::NEG_INFINITY)),
            tap: splat::<V, S>(simd, S::from_usize(usize::from(NONE))),
        };
        let (one, row_apart) = (splat::<V, S>(simd, S::ONE), splat::<V, S>(simd, S::from_usize(kernel)));
        let (mut xs, mut ys, mut found_taps) = (Room::<S, V>::new(), Room::<S, V>::new(), Room::<S, V>::new());
        let (mut largest, mut taps) = (Room::<S, V>::new(), Room::<S, V>::new());
        let mut turned = [S::ZERO; over_planes::POSITIONS * LANES];
        for (first, planes) in vectors::<V, S>(quotient(x.len(), plane.inputs())) {
            for band in bands.each() {
                let ((of_inputs, of_outputs), (inputs, outputs)) = (band.sizes(&plane), band.places(&plane, first));
                let x = (planes, x.get(inputs..).unwrap_or_default());
                let x = &*xs.load(simd, x, plane.inputs(), of_inputs);
                let largest = largest.first(simd, band.inputs.len() * width);
                let taps = taps.first(simd, band.inputs.len() * width);
                for column in 0..width {
                    let (left, wide) = under(&columns, column);
                    let start = splat::<V, S>(simd, S::from_usize(first_tap(&columns, column, left)));
                    for (row, x) in x.blocks(columns.input).enumerate() {
                        let mut found = nothing;
                        if let (true, Some(&x)) = (wide > 0, x.get(left)) {
                            found = Found { largest: x, tap: start };
                        }
                        let mut tap = start;
                        for at in 1..wide {
                            let Some(&x) = x.get(left + at * columns.window.dilation) else { return };
                            tap = tap + one;
                            found = found.or::<V, S>(x, tap);
                        }
                        let at = row * width + column;
                        let (Some(to), Some(of)) = (largest.get_mut(at), taps.get_mut(at)) else { return };
                        (*to, *of) = (found.largest, found.tap);
                    }
                }
                let largest_of = ys.first(simd, of_outputs).blocks_mut(width);
                let tap_of = found_taps.first(simd, of_outputs).blocks_mut(width);
                for ((largest_of, tap_of), row) in largest_of.zip(tap_of).zip(band.outputs.clone()) {
                    let (top, tall) = under(&rows, row);
                    let start = splat::<V, S>(simd, S::from_usize(first_tap(&rows, row, top) * kernel));
                    let top = top.saturating_sub(band.inputs.start);
                    for (column, (largest_of, tap_of)) in largest_of.iter_mut().zip(tap_of).enumerate() {
                        let (mut found, mut below) = (nothing, start);
                        let tall = if under(&columns, column).1 == 0 { 0 } else { tall };
                        for tap in 0..tall {
                            let at = (top + tap * rows.window.dilation) * width + column;
                            let (Some(&x), Some(&of)) = (largest.get(at), taps.get(at)) else { return };
                            let of = of + below;
                            found = if tap == 0 { Found { largest: x, tap: of } } else { found.or::<V, S>(x, of) };
                            below = below + row_apart;
                        }
                        *largest_of = found.largest;
                        // NaN is equal to nothing.
                        *tap_of = found.largest.if_equal(found.largest, found.tap, nothing.tap);
                    }
                }
                ys.store(simd, (planes, y.get_mut(outputs..).unwrap_or_default()), plane.outputs(), of_outputs);
                let from = (&*found_taps.numbers(simd, of_outputs), lanes::<V, S>());
                transpose(simd, from, (of_outputs, planes), (&mut turned, of_outputs));
                let places = places.get_mut(outputs..).unwrap_or_default().parts_mut(plane.outputs());
                for (taps, places) in turned.blocks(of_outputs).zip(places).take(planes) {
                    for (&tap, place) in taps.iter().zip(places) {
                        // SAFETY: whole numbers from 0 to 255.
                        *place = unsafe { tap.to_f64().to_int_unchecked::<u32>() } as u8;
                    }
                }
            }
        }
    }
}

impl<X: Copy> Found<X> {
    /// Itself, or a number behind it that is larger.
    #[inline(always)]
    fn or<V: Simd, S: Scalar<Vector<V> = X>>(self, x: X, tap: X) -> Self
    where
        X: Vector<S, V>,
    {
        let largest = larger::<V, S>(self.largest, x);
        Self { largest, tap: largest.if_equal(self.largest, self.tap, tap) }
    }
}

/// [`Maximum`], number by number.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is what differs from itself")]
pub(super) fn maximum<S: Scalar>(plane: &Plane, x: &[S], y: &mut [S], places: &mut [u8]) {
    let Plane { rows, columns } = *plane;
    let outputs = y.blocks_mut(plane.outputs()).zip(places.blocks_mut(plane.outputs()));
    for (x, (y, places)) in x.blocks(plane.inputs()).zip(outputs) {
        let lines = y.blocks_mut(columns.output).zip(places.blocks_mut(columns.output));
        for (row, (y, places)) in lines.enumerate() {
            let (top, tall) = under(&rows, row);
            let first_row = first_tap(&rows, row, top);
            for (column, (y, place)) in y.iter_mut().zip(places).enumerate() {
                let (left, wide) = under(&columns, column);
                let first = first_tap(&columns, column, left);
                (*y, *place) = (S::from_f64(f64::NEG_INFINITY), NONE);
                for (down, right) in (0..tall).flat_map(|down| (0..wide).map(move |right| (down, right))) {
                    let at =
                        (top + down * rows.window.dilation) * columns.input + left + right * columns.window.dilation;
                    let Some(&x) = x.get(at) else { return };
                    if x > *y || x != x || (down, right) == (0, 0) {
                        *y = x;
                        *place = ((first_row + down) * columns.window.kernel + first + right) as u8;
                    }
                }
                if *y != *y {
                    *place = NONE;
                }
            }
        }
    }
}

/// The index of the first tap of an output that lies on the axis, whose position is `start`.
#[inline(always)]
pub(super) fn first_tap(axis: &Sliding, output: usize, start: usize) -> usize {
    let window = axis.window;
    quotient((start + window.before).saturating_sub(output * window.stride), window.dilation)
}

/// `dx[p's place] += g[p]`, for all channels of a batch. `dx` is overwritten.
#[inline(always)]
pub(super) fn maximum_gradient<S: Scalar>(plane: &Plane, places: &[u8], g: &[S], dx: &mut [S]) {
    let Plane { rows, columns } = *plane;
    // From an output's first tap; far behind all planes if there is none.
    let mut offsets = [usize::MAX / 2; NONE as usize + 1];
    for (tap, offset) in offsets.iter_mut().enumerate().take(plane.taps().min(usize::from(NONE))) {
        let down = quotient(tap, columns.window.kernel);
        let right = tap - down * columns.window.kernel;
        *offset = down * rows.window.dilation * columns.input + right * columns.window.dilation;
    }
    let (step, before) = (columns.window.stride, rows.window.before * columns.input + columns.window.before);
    let (inputs, outputs, some) = (plane.inputs(), plane.outputs(), quotient(NUMBERS, plane.inputs()).max(1));
    let gradients = places.parts(some * outputs).zip(g.parts(some * outputs));
    for (dx, (places, g)) in dx.parts_mut(some * inputs).zip(gradients) {
        dx.fill(S::ZERO);
        for ((places, g), dx) in places.blocks(outputs).zip(g.blocks(outputs)).zip(dx.blocks_mut(inputs)) {
            // From the last output to the first: an input gets its gradients in the order of the taps that see it.
            for row in (0..rows.output).rev() {
                let line = row * columns.output..(row + 1) * columns.output;
                let (Some(places), Some(g)) = (places.get(line.clone()), g.get(line)) else { return };
                let end = row * rows.window.stride * columns.input + columns.output * step;
                let mut at = end.wrapping_sub(before);
                for (&place, &g) in places.iter().zip(g).rev() {
                    at = at.wrapping_sub(step);
                    if let Some(dx) = dx.get_mut(at.wrapping_add(offsets[usize::from(place)])) {
                        *dx += g;
                    }
                }
            }
        }
    }
}
