//! Maxima of windows of one column that lie under every column: the numbers under a tap of neighbouring outputs lie side by side,
//! so that nothing is copied or transposed. With a stride of 1, the rows of outputs whose windows lie on the input as a whole are one
//! *run*, so that rows may be short. A sequence is a column of rows of one number.
//!
//! Backward with a stride of 1, the index of the first of the largest taps is found for each output of some planes, and then each
//! input sums the gradients of the outputs that have found it: an addition to numbers in memory would wait for those before it.

use super::larger;
use super::over_planes::under;
use crate::chunks::Chunks;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat, write};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::{Axis, Sliding, quotient};

/// The most outputs of planes whose windows overlap by all but one row, with what lies between them.
const PLACES: usize = 4096;
/// What is read and written behind them, too.
const ROOM: usize = PLACES + VECTORS * LANES;
/// The most runs of such a plane.
const RUNS: usize = 32;
/// Vectors of a run at a time.
const VECTORS: usize = 4;

/// Rows of `width` numbers, over which a window slides.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    rows: Sliding,
    width: usize,
}

/// Outputs that lie side by side and see the same taps.
#[derive(Clone, Copy, Default)]
struct Run {
    /// The first one, and how many there are.
    first: usize,
    count: usize,
    /// The first tap, and how many.
    tap: usize,
    taps: usize,
    /// Where the inputs under the first tap begin.
    inputs: usize,
}

/// The runs of outputs, from top to bottom.
struct Runs {
    all: [Run; RUNS],
    count: usize,
}

impl Plane {
    /// Itself, if windows have one column, the same as that of their output; or, if it is a single row over which they move by 1,
    /// the row as a column.
    #[inline(always)]
    const fn columns(&self) -> Option<Columns> {
        let Self { rows, columns } = *self;
        if is_still(&columns) {
            Some(Columns { rows, width: columns.output })
        } else if is_still(&rows) && rows.output == 1 && columns.window.stride == 1 {
            Some(Columns { rows: columns, width: 1 })
        } else {
            None
        }
    }

    /// Whether the place of a maximum is found in less time than it takes to store and to read it.
    #[inline(always)]
    pub(super) const fn keeps_places(&self) -> bool {
        self.taps() < u8::MAX as usize && self.columns().is_none() && self.pairs().is_none()
    }

    /// Itself, as [`columns`](Self::columns) if runs fill at least half of a vector.
    #[inline(always)]
    pub(super) fn in_columns<V: Simd, S: Scalar>(&self) -> Option<Columns> {
        let found = self.columns()?;
        let (Sliding { input, output, window }, width) = (found.rows, found.width);
        let (longest, fits) = if window.stride == 1 {
            // Rows whose windows leave the input are runs of their own.
            let partly = (window.span() - 1).min(input).min(output);
            ((output - partly).max(1) * width, 2 * partly < RUNS && output * width + 2 * found.between() <= PLACES)
        } else {
            (width, true)
        };
        (fits && lanes::<V, S>() > 1 && 2 * longest >= lanes::<V, S>()).then_some(found)
    }
}

/// Whether windows are single numbers of the axis, one after the other.
const fn is_still(axis: &Sliding) -> bool {
    axis.window.kernel == 1 && axis.window.stride == 1 && axis.is_whole()
}

impl Columns {
    /// From a tap to the next one.
    #[inline(always)]
    const fn step(&self) -> usize {
        self.rows.window.dilation * self.width
    }

    /// How many numbers a plane of inputs has, and one of outputs.
    #[inline(always)]
    const fn sizes(&self) -> (usize, usize) {
        (self.rows.input * self.width, self.rows.output * self.width)
    }

    /// With a stride of 1, how many numbers windows would see before the first output or behind the last if they were turned round,
    /// to lie over the outputs that see an input.
    #[inline(always)]
    fn between(&self) -> usize {
        let Sliding { input, output, window } = self.rows;
        let above = (window.span() - 1).saturating_sub(window.before);
        above.max((input + window.before).saturating_sub(output)) * self.width
    }

    /// With a stride of 1, the runs of outputs.
    #[inline(always)]
    fn outputs(&self) -> Runs {
        let before = self.rows.window.before;
        Runs::of(self.rows.output, self.width, |row| {
            let (start, taps) = under(&self.rows, row);
            let first = if taps == 0 { 0 } else { quotient(start + before - row, self.rows.window.dilation) };
            (first, taps, start)
        })
    }
}

impl Runs {
    /// Of some rows, of each of which `of` says the first tap, how many there are, and the row of the other side.
    #[inline(always)]
    fn of(rows: usize, width: usize, of: impl Fn(usize) -> (usize, usize, usize)) -> Self {
        let mut runs = Self { all: [Run::default(); RUNS], count: 0 };
        for row in 0..rows {
            let (tap, taps, inputs) = of(row);
            if let Some(last) = runs.all.get_mut(runs.count.wrapping_sub(1))
                && (last.tap, last.taps) == (tap, taps)
            {
                last.count += width;
                continue;
            }
            if let Some(next) = runs.all.get_mut(runs.count) {
                *next = Run { first: row * width, count: width, tap, taps, inputs: inputs * width };
                runs.count += 1;
            }
        }
        runs
    }

    #[inline(always)]
    fn each(&self) -> impl Iterator<Item = &Run> {
        self.all.iter().take(self.count)
    }
}

/// For each output of some planes, with [`between`](Columns::between) before each and after the last one.
struct Found<S> {
    /// The index of the first of the largest taps; -1 if there is none, and between planes.
    places: [S; ROOM],
    /// Its gradient; anything between planes.
    gradients: [S; ROOM],
}

/// As many vectors from `at` on.
#[inline(always)]
fn read_all<V: Simd, S: Scalar, const COUNT: usize>(simd: V, from: &[S], at: usize) -> [S::Vector<V>; COUNT] {
    let mut vectors = [splat(simd, S::ZERO); COUNT];
    let from = from.get(at..).unwrap_or_default();
    if from.len() >= COUNT * lanes::<V, S>() {
        for (index, vector) in vectors.iter_mut().enumerate() {
            // SAFETY: there are as many numbers.
            *vector = unsafe { S::Vector::<V>::load(simd, from.as_ptr().add(index * lanes::<V, S>())) };
        }
    } else {
        for (vector, from) in vectors.iter_mut().zip(from.parts(lanes::<V, S>())) {
            *vector = read(simd, from);
        }
    }
    vectors
}

/// The reverse, as far as there is room.
#[inline(always)]
fn write_all<V: Simd, S: Scalar, const COUNT: usize>(simd: V, vectors: [S::Vector<V>; COUNT], to: &mut [S], at: usize) {
    let to = to.get_mut(at..).unwrap_or_default();
    if to.len() >= COUNT * lanes::<V, S>() {
        for (index, vector) in vectors.into_iter().enumerate() {
            // SAFETY: there are as many numbers.
            unsafe { vector.store(to.as_mut_ptr().add(index * lanes::<V, S>())) };
        }
    } else {
        for (vector, to) in vectors.into_iter().zip(to.parts_mut(lanes::<V, S>())) {
            write(simd, vector, to);
        }
    }
}

/// `y[p] = maxₜ x[p's tap t]`, for all channels of a batch.
pub(super) struct Maximum<'a, S> {
    pub(super) columns: Columns,
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
}

impl<S: Scalar> Maximum<'_, S> {
    /// Of vectors of outputs from `to` on, whose first of some taps is at `from`.
    #[inline(always)]
    fn of<V: Simd, const COUNT: usize>(&mut self, simd: V, (from, taps): (usize, usize), to: usize) {
        let mut largest = [splat(simd, S::from_f64(f64::NEG_INFINITY)); COUNT];
        for tap in 0..taps {
            let x = read_all::<V, S, COUNT>(simd, self.x, from + tap * self.columns.step());
            largest.iter_mut().zip(x).for_each(|(largest, x)| *largest = larger::<V, S>(*largest, x));
        }
        write_all(simd, largest, self.y, to);
    }

    /// Of `count` outputs. What is written behind them is overwritten by those that are.
    #[inline(always)]
    fn of_run<V: Simd>(&mut self, simd: V, (from, taps): (usize, usize), (to, count): (usize, usize)) {
        let mut at = 0;
        while at + (VECTORS - 1) * lanes::<V, S>() < count {
            self.of::<V, VECTORS>(simd, (from + at, taps), to + at);
            at += VECTORS * lanes::<V, S>();
        }
        while at < count {
            self.of::<V, 1>(simd, (from + at, taps), to + at);
            at += lanes::<V, S>();
        }
    }
}

impl<S: Scalar> Operation for Maximum<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(mut self, simd: V) {
        let (columns, (inputs, outputs)) = (self.columns, self.columns.sizes());
        let planes = quotient(self.y.len(), outputs);
        if columns.rows.window.stride == 1 {
            let runs = columns.outputs();
            for plane in 0..planes {
                for run in runs.each() {
                    self.of_run(
                        simd,
                        (plane * inputs + run.inputs, run.taps),
                        (plane * outputs + run.first, run.count),
                    );
                }
            }
            return;
        }
        for plane in 0..planes {
            for row in 0..columns.rows.output {
                let ((top, taps), width) = (under(&columns.rows, row), columns.width);
                self.of_run(simd, (plane * inputs + top * width, taps), (plane * outputs + row * width, width));
            }
        }
    }
}

/// `dx[p's largest tap] += g[p]`, the first tap if several are equally large, for all channels of a batch. `dx` is overwritten.
pub(super) struct MaximumGradient<'a, S> {
    pub(super) columns: Columns,
    pub(super) x: &'a [S],
    pub(super) y: &'a [S],
    pub(super) g: &'a [S],
    pub(super) dx: &'a mut [S],
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
        for first in (0..planes).step_by(together) {
            let some = first..planes.min(first + together);
            for (index, plane) in some.clone().enumerate() {
                let start = between + index * (outputs + between);
                for run in runs.each() {
                    let (from, of, to) = (plane * inputs + run.inputs, plane * outputs + run.first, start + run.first);
                    let mut at = 0;
                    while at + (VECTORS - 1) * lanes < run.count {
                        self.find::<V, VECTORS>(simd, run, (from + at, of + at), to + at, &mut found);
                        at += VECTORS * lanes;
                    }
                    while at < run.count {
                        self.find::<V, 1>(simd, run, (from + at, of + at), to + at, &mut found);
                        at += lanes;
                    }
                }
                found.places.get_mut(start + outputs..start + outputs + between).unwrap_or_default().fill(-S::ONE);
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
        let Self { columns, x, y, g, dx } = self;
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
