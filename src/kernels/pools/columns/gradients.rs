//! The gradients of maxima of windows of one column.

use super::{Columns, PLACES, Run, Runs, VECTORS, read_all, write_all};
use crate::chunks::Chunks;
use crate::kernels::elementwise::copy;
use crate::kernels::pools::over_planes::under;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat, write};
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::{Axis, quotient};

/// What is read and written behind the places of some planes, too.
const ROOM: usize = PLACES + VECTORS * LANES;

/// With fewer outputs, the places of several planes are converted at once: a loop takes long to begin and to end.
const LONG: usize = 4 * LANES;

/// For each output of some planes, with [`between`](Columns::between) before each and after the last one.
struct Found<S> {
    /// The index of the first of the largest taps; that of none if there is none, and between planes.
    places: [S; ROOM],
    /// Its gradient; anything between planes.
    gradients: [S; ROOM],
}

/// Places as numbers.
#[inline(always)]
fn convert<S: Scalar>(places: &[u8], to: &mut [S]) {
    for (to, &place) in to.iter_mut().zip(places) {
        *to = S::from_usize(usize::from(place));
    }
}

/// `dx[p's largest tap] += g[p]`, the first tap if several are equally large, for all channels of a batch. `dx` is overwritten.
pub(in super::super) struct MaximumGradient<'a, S> {
    pub(in super::super) columns: Columns,
    pub(in super::super) x: &'a [S],
    pub(in super::super) y: &'a [S],
    pub(in super::super) places: &'a [u8],
    pub(in super::super) g: &'a [S],
    pub(in super::super) dx: &'a mut [S],
}

impl<S: Scalar> Operation for MaximumGradient<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        if self.columns.rows.window.stride == 1 {
            self.by_input(simd);
        } else {
            self.by_output(simd);
        }
    }
}

impl<S: Scalar> MaximumGradient<'_, S> {
    /// Where windows overlap by all but one row.
    #[inline(always)]
    fn by_input<V: Simd>(mut self, simd: V) {
        let (columns, (inputs, outputs), lanes) = (self.columns, self.columns.sizes(), lanes::<V, S>());
        let (runs, between) = (columns.outputs(), columns.between());
        let Axis { kernel, before, dilation, .. } = columns.rows.window;
        let last = (before * columns.width + between).saturating_sub((kernel - 1) * dilation * columns.width);
        let planes = quotient(self.y.len(), outputs);
        let together = quotient(PLACES.saturating_sub(between), outputs + between).max(1);
        let mut found = Found { places: [-S::ONE; ROOM], gradients: [S::ZERO; ROOM] };
        let mut numbers = [S::ZERO; ROOM];
        for first in (0..planes).step_by(together) {
            let some = first..planes.min(first + together);
            if outputs < LONG {
                let places = self.places.get(some.start * outputs..some.end * outputs).unwrap_or_default();
                convert(places, &mut numbers);
            }
            for (index, plane) in some.clone().enumerate() {
                let start = between + index * (outputs + between);
                let behind = start + outputs;
                if self.places.is_empty() {
                    self.search(simd, &runs, plane, start, &mut found);
                } else {
                    let places = numbers.get(index * outputs..).unwrap_or_default();
                    self.fetch(simd, plane, places, start, &mut found);
                }
                // In whole vectors: the next plane's are written later.
                for at in (behind..behind + between).step_by(lanes) {
                    write_all::<V, S, 1>(simd, [splat(simd, -S::ONE)], &mut found.places, at);
                }
            }
            for (index, plane) in some.enumerate() {
                let (from, to) = (last + index * (outputs + between), plane * inputs);
                let mut at = 0;
                while at + (VECTORS - 1) * lanes < inputs {
                    self.sum::<V, VECTORS>(simd, from + at, to + at, &found);
                    at += VECTORS * lanes;
                }
                while at < inputs {
                    self.sum::<V, 1>(simd, from + at, to + at, &found);
                    at += lanes;
                }
            }
        }
    }

    /// Finds the taps of a plane's outputs, run by run.
    #[inline(always)]
    fn search<V: Simd>(&self, simd: V, runs: &Runs, plane: usize, start: usize, found: &mut Found<S>) {
        let ((inputs, outputs), lanes) = (self.columns.sizes(), lanes::<V, S>());
        for run in runs.each() {
            let (from, of, to) = (plane * inputs + run.inputs, plane * outputs + run.first, start + run.first);
            let mut at = 0;
            while at + (VECTORS - 1) * lanes < run.count {
                self.find::<V, VECTORS>(simd, run, (from + at, of + at), to + at, found);
                at += VECTORS * lanes;
            }
            while at < run.count {
                self.find::<V, 1>(simd, run, (from + at, of + at), to + at, found);
                at += lanes;
            }
        }
    }

    /// What the forward pass has found for a plane's outputs. With few of them, their places are `places`, and any are behind them.
    #[inline(always)]
    fn fetch<V: Simd>(&self, simd: V, plane: usize, places: &[S], to: usize, found: &mut Found<S>) {
        let (lanes, (_, outputs)) = (lanes::<V, S>(), self.columns.sizes());
        let from = plane * outputs..(plane + 1) * outputs;
        if outputs >= LONG {
            let gradients = self.g.get(from.clone()).unwrap_or_default();
            convert(self.places.get(from).unwrap_or_default(), found.places.get_mut(to..).unwrap_or_default());
            copy(gradients, found.gradients.get_mut(to..to + outputs).unwrap_or_default());
            return;
        }
        for at in (0..outputs).step_by(lanes) {
            write_all::<V, S, 1>(simd, read_all(simd, places, at), &mut found.places, to + at);
            write_all::<V, S, 1>(simd, read_all(simd, self.g, from.start + at), &mut found.gradients, to + at);
        }
    }

    /// The indices of the first of the largest taps of some outputs, or -1.
    #[inline(always)]
    fn find<V: Simd, const COUNT: usize>(
        &self,
        simd: V,
        run: &Run,
        (inputs, outputs): (usize, usize),
        to: usize,
        found: &mut Found<S>,
    ) {
        let one = splat::<V, S>(simd, S::ONE);
        let y = read_all::<V, S, COUNT>(simd, self.y, outputs);
        let (mut places, mut index) =
            ([splat::<V, S>(simd, -S::ONE); COUNT], splat::<V, S>(simd, S::from_usize(run.tap + run.taps)));
        for tap in (0..run.taps).rev() {
            index = index - one;
            let x = read_all::<V, S, COUNT>(simd, self.x, inputs + tap * self.columns.step());
            for ((place, x), &y) in places.iter_mut().zip(x).zip(&y) {
                *place = x.if_equal(y, index, *place);
            }
        }
        write_all(simd, places, &mut found.places, to);
        write_all(simd, read_all::<V, S, COUNT>(simd, self.g, outputs), &mut found.gradients, to);
    }

    /// The sums of the gradients of the outputs that have found some inputs, tap by tap; from their last one's on.
    #[inline(always)]
    fn sum<V: Simd, const COUNT: usize>(&mut self, simd: V, from: usize, to: usize, found: &Found<S>) {
        let (zero, one) = (splat::<V, S>(simd, S::ZERO), splat::<V, S>(simd, S::ONE));
        let (mut sums, mut index) = ([zero; COUNT], zero);
        for tap in (0..self.columns.rows.window.kernel).rev() {
            let at = from + tap * self.columns.step();
            let places = read_all::<V, S, COUNT>(simd, &found.places, at);
            let g = read_all::<V, S, COUNT>(simd, &found.gradients, at);
            for ((sum, place), g) in sums.iter_mut().zip(places).zip(g) {
                *sum = *sum + place.if_equal(index, g, zero);
            }
            index = index + one;
        }
        write_all(simd, sums, self.dx, to);
    }

    /// Where they lie further apart: each of few taps is added where it is.
    #[inline(always)]
    fn by_output<V: Simd>(self, simd: V) {
        let Self { columns, x, y, g, dx, .. } = self;
        let (lanes, zero, width) = (lanes::<V, S>(), splat::<V, S>(simd, S::ZERO), columns.width);
        let (inputs, outputs) = columns.sizes();
        let gradients = y.blocks(outputs).zip(g.blocks(outputs));
        for ((x, dx), (y, g)) in x.blocks(inputs).zip(dx.blocks_mut(inputs)).zip(gradients) {
            dx.fill(S::ZERO);
            // From the last output to the first: an input gets its gradients in the order of the taps that see it.
            for row in (0..columns.rows.output).rev() {
                let (top, tall) = under(&columns.rows, row);
                for at in (0..width).step_by(lanes) {
                    let count = lanes.min(width - at);
                    let from = |of: &'_ [S]| row * width + at..(row * width + at + count).min(of.len());
                    let y = read(simd, y.get(from(y)).unwrap_or_default());
                    let mut rest = read(simd, g.get(from(g)).unwrap_or_default());
                    for tap in 0..tall {
                        let at = top * width + tap * columns.step() + at;
                        let x = read(simd, x.get(at..).unwrap_or_default());
                        let dx = first_mut(dx.get_mut(at..).unwrap_or_default(), count);
                        write(simd, read(simd, dx) + x.if_equal(y, rest, zero), dx);
                        rest = x.if_equal(y, zero, rest);
                    }
                }
            }
        }
    }
}
