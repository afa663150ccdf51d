//! The gradients of pools over planes. Outputs are visited from the last to the first: an input then gets its gradients in the
//! order of the taps that see it, as in plain loops.

use core::ops::Range;

use super::means::Part;
use super::{Band, Bands, Room, every, reach, under, vectors};
use crate::kernels::operation::outlined;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat};
use crate::kernels::window::Plane;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::window::quotient;

/// `dx[p's largest tap] += g[p]`, the first tap if several are equally large, for all channels of a batch. `dx` is overwritten.
pub(in super::super) struct MaximumGradient<'a, S> {
    pub(in super::super) bands: Bands,
    pub(in super::super) x: &'a [S],
    pub(in super::super) y: &'a [S],
    pub(in super::super) g: &'a [S],
    pub(in super::super) dx: &'a mut [S],
}

/// `dx[p's tap t] += g[p] / T`, for all channels of a batch. `dx` is overwritten.
pub(in super::super) struct AverageGradient<'a, S> {
    pub(in super::super) bands: Bands,
    pub(in super::super) counts_padding: bool,
    pub(in super::super) g: &'a [S],
    pub(in super::super) dx: &'a mut [S],
}

/// Up to here, an `f32` represents every whole number.
const EXACT: usize = 1 << 24;

/// The taps of an output, as positions in a band.
struct Taps {
    /// Of a row: the first one's, and how many.
    left: (usize, usize),
    /// The first row's, and how many.
    top: (usize, usize),
    /// From one row to the next, and from one position to the next.
    steps: (usize, usize),
}

impl Taps {
    /// How many there are.
    #[inline(always)]
    const fn count(&self) -> usize {
        self.left.1 * self.top.1
    }

    /// The end of the last one's position.
    #[inline(always)]
    const fn end(&self) -> usize {
        let last = self.top.0 + self.top.1.saturating_sub(1) * self.steps.0 + self.left.0;
        last + self.left.1.saturating_sub(1) * self.steps.1 + 1
    }

    /// The rows of taps, each from its first to its last position.
    #[inline(always)]
    fn rows(&self) -> impl DoubleEndedIterator<Item = Range<usize>> {
        let Self { left, top, steps } = *self;
        (0..top.1).map(move |row| reach(top.0 + row * steps.0 + left.0, left.1, steps.1))
    }

    /// Adds `g` to `dx` at the first tap that is equal to `y`, for each lane.
    ///
    /// # Safety
    /// `x` and `dx` have all positions.
    #[inline(always)]
    unsafe fn give_to_first<V: Simd, S: Scalar>(
        &self,
        (x, y): (&[S::Vector<V>], S::Vector<V>),
        (g, zero): (S::Vector<V>, S::Vector<V>),
        dx: &mut [S::Vector<V>],
    ) {
        let (mut rest, mut start) = (g, self.top.0 + self.left.0);
        for _ in 0..self.top.1 {
            let mut at = start;
            for _ in 0..self.left.1 {
                // SAFETY: the caller's promise.
                let (x, dx) = unsafe { (*x.as_ptr().add(at), &mut *dx.as_mut_ptr().add(at)) };
                // A gradient that was assigned is set to 0, so that no later tap gets it again.
                *dx = *dx + x.if_equal(y, rest, zero);
                rest = x.if_equal(y, zero, rest);
                at += self.steps.1;
            }
            start += self.steps.0;
        }
    }
}

impl Bands {
    /// The gradients `dx` of all channels of a batch. `add` adds those of a band's outputs to its inputs: it takes the band, where
    /// its inputs and its outputs begin in the first of some planes, how many planes these are, and both gradients.
    #[inline(always)]
    fn spread<V: Simd, S: Scalar>(
        self,
        simd: V,
        g: &[S],
        dx: &mut [S],
        mut add: impl FnMut(&Band, (usize, usize), usize, (&[S::Vector<V>], &mut [S::Vector<V>])),
    ) {
        let plane = self.plane;
        let (size, mut gs, mut sums) = (plane.inputs(), Room::<S, V>::new(), Room::<S, V>::new());
        if !self.cover() {
            dx.fill(S::ZERO);
        }
        for (first, planes) in vectors::<V, S>(quotient(dx.len(), size)) {
            let mut below = plane.rows.input;
            for band in self.each().rev() {
                let ((count, of_outputs), places) = (band.sizes(&plane), band.places(&plane, first));
                let g = (planes, g.get(places.1..).unwrap_or_default());
                let g = &*gs.load(simd, g, plane.outputs(), of_outputs);
                let new = below.min(band.inputs.end).saturating_sub(band.inputs.start) * plane.columns.input;
                let to = (planes, dx.get(places.0..).unwrap_or_default());
                add(&band, places, planes, (g, sums.sums(simd, to, size, (new, count))));
                sums.store(simd, (planes, dx.get_mut(places.0..).unwrap_or_default()), size, count);
                below = band.inputs.start;
            }
        }
    }

    /// Visits the outputs of a band, from the last to the first, and their taps.
    #[inline(always)]
    fn visit(self, band: &Band, mut visit: impl FnMut(usize, Taps)) {
        let Plane { rows, columns } = self.plane;
        let steps = (rows.window.dilation * columns.input, columns.window.dilation);
        for row in band.outputs.clone().rev() {
            let (top, tall) = under(&rows, row);
            let top = (top.saturating_sub(band.inputs.start) * columns.input, tall);
            let at = (row - band.outputs.start) * columns.output;
            for column in (0..columns.output).rev() {
                visit(at + column, Taps { left: under(&columns, column), top, steps });
            }
        }
    }
}

impl<S: Scalar, V: Simd> Room<S, V> {
    /// Zeros for the first `new` of `count` positions, and of the others the sums so far.
    #[inline(always)]
    fn sums(
        &mut self,
        simd: V,
        (planes, from): (usize, &[S]),
        apart: usize,
        (new, count): (usize, usize),
    ) -> &mut [S::Vector<V>] {
        let lanes = lanes::<V, S>();
        self.first(simd, count).iter_mut().take(new).for_each(|sum| *sum = splat(simd, S::ZERO));
        if let (true, Some(to)) = (new < count, self.numbers(simd, count).get_mut(new * lanes..)) {
            transpose(simd, (from.get(new..).unwrap_or_default(), apart), (planes, count - new), (to, lanes));
        }
        self.first(simd, count)
    }
}

impl<S: Scalar> Operation for MaximumGradient<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let plane = &self.bands.plane;
        // An addition to a place takes as long as the transpositions of some gradients of inputs.
        if plane.inputs() >= 6 * plane.outputs() && LANES * plane.inputs() <= EXACT {
            outlined(simd, AtPlaces(self));
        } else {
            outlined(simd, TapByTap(self));
        }
    }
}

/// Reads and writes the gradients under all taps.
struct TapByTap<'a, S>(MaximumGradient<'a, S>);

impl<S: Scalar> Operation for TapByTap<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let MaximumGradient { bands, x, y, g, dx } = self.0;
        let (plane, zero) = (bands.plane, splat::<V, S>(simd, S::ZERO));
        let (mut xs, mut ys) = (Room::<S, V>::new(), Room::<S, V>::new());
        bands.spread(simd, g, dx, |band, (inputs, outputs), planes, (g, to)| {
            let (of_inputs, of_outputs) = band.sizes(&plane);
            let x = xs.load(simd, (planes, x.get(inputs..).unwrap_or_default()), plane.inputs(), of_inputs);
            let y = ys.load(simd, (planes, y.get(outputs..).unwrap_or_default()), plane.outputs(), of_outputs);
            bands.visit(band, |output, taps| {
                let (Some(&y), Some(&g)) = (y.get(output), g.get(output)) else { return };
                if taps.count() > 0 && taps.end() <= x.len().min(to.len()) {
                    // SAFETY: the last tap's position is one of both.
                    unsafe { taps.give_to_first::<V, S>((x, y), (g, zero), to) };
                }
            });
        });
    }
}

/// Finds the place of the first of the largest numbers of each window, of its columns and then of its rows, which neighbouring
/// windows share; and adds the gradient there, number by number.
struct AtPlaces<'a, S>(MaximumGradient<'a, S>);

impl<S: Scalar> Operation for AtPlaces<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let MaximumGradient { bands, x, y, g, dx } = self.0;
        let (plane, zero) = (bands.plane, splat::<V, S>(simd, S::ZERO));
        let (width, size) = (plane.columns.output, plane.inputs());
        // Where the planes begin.
        let mut planes_at = [S::ZERO; LANES];
        planes_at.iter_mut().enumerate().for_each(|(lane, at)| *at = S::from_usize(lane * size));
        let planes_at = read::<V, S>(simd, &planes_at);
        let (mut xs, mut ys, mut gs) = (Room::<S, V>::new(), Room::<S, V>::new(), Room::<S, V>::new());
        let (mut largest, mut places) = (Room::<S, V>::new(), Room::<S, V>::new());
        for (first, planes) in vectors::<V, S>(quotient(dx.len(), size)) {
            let dx = dx.get_mut(first * size..(first + planes) * size).unwrap_or_default();
            dx.fill(S::ZERO);
            for band in bands.each().rev() {
                let ((of_inputs, of_outputs), (inputs, outputs)) = (band.sizes(&plane), band.places(&plane, first));
                let x = &*xs.load(simd, (planes, x.get(inputs..).unwrap_or_default()), size, of_inputs);
                let apart = plane.outputs();
                let y = &*ys.load(simd, (planes, y.get(outputs..).unwrap_or_default()), apart, of_outputs);
                let g = &*gs.load(simd, (planes, g.get(outputs..).unwrap_or_default()), apart, of_outputs);
                let largest = largest.first(simd, band.inputs.len() * width);
                let places = places.first(simd, band.inputs.len() * width);
                for column in 0..width {
                    let (left, wide) = under(&plane.columns, column);
                    for row in 0..band.inputs.len() {
                        let (at, step) = (row * plane.columns.input + left, plane.columns.window.dilation);
                        let Some(found) = First::<S, V>::of(simd, x, (at, wide, step), planes_at) else { continue };
                        let at = row * width + column;
                        let (Some(largest), Some(place)) = (largest.get_mut(at), places.get_mut(at)) else { return };
                        (*largest, *place) = (found.largest, found.place);
                    }
                }
                let start = band.inputs.start * plane.columns.input;
                let dx = dx.get_mut(start..).unwrap_or_default();
                for (index, row) in band.outputs.clone().enumerate().rev() {
                    let (top, tall) = under(&plane.rows, row);
                    let top = top.saturating_sub(band.inputs.start);
                    for column in (0..width).rev() {
                        let at = index * width + column;
                        let (Some(&y), Some(&g)) = (y.get(at), g.get(at)) else { return };
                        if tall == 0 || under(&plane.columns, column).1 == 0 {
                            continue;
                        }
                        let line = (top * width + column, tall, plane.rows.window.dilation * width);
                        let Some(found) = First::<S, V>::among(largest, places, line) else { return };
                        // The largest of numbers that have NaN among them gets none.
                        let given = found.largest.if_equal(y, g, zero);
                        found.add_there(given, planes, dx);
                    }
                }
            }
        }
    }
}

/// The largest of some numbers, and the place of the first such number.
struct First<S: Scalar, V: Simd> {
    largest: S::Vector<V>,
    place: S::Vector<V>,
}

impl<S: Scalar, V: Simd> First<S, V> {
    /// Of some numbers that lie a step apart, if there are any, in planes that begin at `planes_at`.
    #[inline(always)]
    fn of(
        simd: V,
        x: &[S::Vector<V>],
        (at, count, step): (usize, usize, usize),
        planes_at: S::Vector<V>,
    ) -> Option<Self> {
        if count == 0 || at + (count - 1) * step >= x.len() {
            return None;
        }
        let (mut place, apart) = (planes_at + splat(simd, S::from_usize(at)), splat(simd, S::from_usize(step)));
        let mut x = x.as_ptr().wrapping_add(at);
        // SAFETY: the last of the numbers is in the slice.
        let mut first = Self { largest: unsafe { *x }, place };
        for _ in 1..count {
            x = x.wrapping_add(step);
            place = place + apart;
            // SAFETY: as above.
            first = first.or(unsafe { *x }, place);
        }
        Some(first)
    }

    /// Of the first ones of some rows.
    #[inline(always)]
    fn among(
        largest: &[S::Vector<V>],
        places: &[S::Vector<V>],
        (at, count, step): (usize, usize, usize),
    ) -> Option<Self> {
        if count == 0 || at + (count - 1) * step >= largest.len().min(places.len()) {
            return None;
        }
        let (mut x, mut place) = (largest.as_ptr().wrapping_add(at), places.as_ptr().wrapping_add(at));
        // SAFETY: the last row is in both slices.
        let mut first = unsafe { Self { largest: *x, place: *place } };
        for _ in 1..count {
            (x, place) = (x.wrapping_add(step), place.wrapping_add(step));
            // SAFETY: as above.
            first = unsafe { first.or(*x, *place) };
        }
        Some(first)
    }

    /// Itself, or a number behind it that is larger.
    #[inline(always)]
    fn or(self, x: S::Vector<V>, place: S::Vector<V>) -> Self {
        let largest = self.largest.max(x);
        Self { largest, place: largest.if_equal(self.largest, self.place, place) }
    }

    /// Adds the first numbers, one of each of some planes, at their places.
    #[inline(always)]
    fn add_there(&self, given: S::Vector<V>, planes: usize, dx: &mut [S]) {
        let (mut numbers, mut places) = ([S::ZERO; LANES], [S::ZERO; LANES]);
        // SAFETY: a vector has no more lanes; places are whole numbers from 0 on, below 2²⁴.
        let places = unsafe {
            given.store(numbers.as_mut_ptr());
            self.place.store(places.as_mut_ptr());
            // All at once, which takes few instructions.
            places.map(|place| place.to_f64().to_int_unchecked::<u32>())
        };
        for (&given, &place) in numbers.iter().zip(&places).take(planes) {
            if let Some(dx) = dx.get_mut(place as usize) {
                *dx += given;
            }
        }
    }
}

impl<S: Scalar> Operation for AverageGradient<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { bands, counts_padding, g, dx } = self;
        let mut part = Part::<S>::new(&bands.plane, counts_padding);
        bands.spread(simd, g, dx, |band, _, _, (g, to)| {
            bands.visit(band, |output, taps| {
                let Some(&g) = g.get(output) else { return };
                let given = g * splat(simd, part.of(taps.count()));
                for row in taps.rows() {
                    let Some(dx) = to.get_mut(row) else { return };
                    every(taps.steps.1, dx.iter_mut(), |dx| *dx = *dx + given);
                }
            });
        });
    }
}
