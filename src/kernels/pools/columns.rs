//! Maxima of windows of one column that lie under every column: the numbers under a tap of neighbouring outputs lie side by side,
//! so that nothing is copied or transposed. With a stride of 1, the rows of outputs whose windows lie on the input as a whole are one
//! *run*, so that rows may be short. A sequence is a column of rows of one number.
//!
//! Backward with a stride of 1, each input sums the gradients of the outputs that have found it, whose places are read, or found
//! again for some planes: an addition to numbers in memory would wait for those before it.

mod gradients;

pub(super) use self::gradients::MaximumGradient;
use super::larger;
use super::over_planes::under;
use super::places::{NONE, first_tap};
use crate::chunks::Chunks;
use crate::kernels::vector::{LANES, Operation, Simd, Vector, lanes, read, splat, write};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::{Sliding, quotient};

/// The most outputs of planes whose windows overlap by all but one row, with what lies between them.
const PLACES: usize = 4096;
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

    /// Whether to store the places of maxima. Where windows lie side by side and so do the numbers under their taps, in rows that fill
    /// at least half of a vector or under two taps, they are found again in less time.
    #[inline(always)]
    pub(super) const fn keeps_places(&self) -> bool {
        let rare = match self.columns() {
            Some(Columns { rows, width }) => rows.window.stride > 1 && (2 * width >= LANES || rows.window.kernel <= 2),
            None => self.pairs().is_some(),
        };
        self.taps() < NONE as usize && !rare
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
        Runs::of(self.rows.output, self.width, |row| {
            let (start, taps) = under(&self.rows, row);
            (if taps == 0 { 0 } else { first_tap(&self.rows, row, start) }, taps, start)
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

/// `y[p] = maxₜ x[p's tap t]`, for all channels of a batch; and the first such t, if there are places.
pub(super) struct Maximum<'a, S> {
    pub(super) columns: Columns,
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
    pub(super) places: &'a mut [u8],
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

    /// [`of`](Self::of), with places, of which the first is that of tap `first`.
    #[inline(always)]
    fn with_places<V: Simd, const COUNT: usize>(
        &mut self,
        simd: V,
        (from, taps, first): (usize, usize, usize),
        to: usize,
    ) {
        let (one, none) = (splat::<V, S>(simd, S::ONE), splat::<V, S>(simd, S::from_usize(usize::from(NONE))));
        let mut index = splat::<V, S>(simd, S::from_usize(first));
        let (mut largest, mut places) = ([splat(simd, S::from_f64(f64::NEG_INFINITY)); COUNT], [none; COUNT]);
        if taps > 0 {
            (largest, places) = (read_all::<V, S, COUNT>(simd, self.x, from), [index; COUNT]);
        }
        for tap in 1..taps {
            index = index + one;
            let x = read_all::<V, S, COUNT>(simd, self.x, from + tap * self.columns.step());
            for ((largest, place), x) in largest.iter_mut().zip(&mut places).zip(x) {
                let before = *largest;
                *largest = larger::<V, S>(before, x);
                *place = largest.if_equal(before, *place, index);
            }
        }
        // NaN is equal to nothing.
        for (place, &largest) in places.iter_mut().zip(&largest) {
            *place = largest.if_equal(largest, *place, none);
        }
        write_all(simd, largest, self.y, to);
        let mut numbers = [S::ZERO; VECTORS * LANES];
        write_all(simd, places, &mut numbers, 0);
        let to = self.places.get_mut(to..).unwrap_or_default();
        for (to, place) in to.iter_mut().zip(numbers).take(COUNT * lanes::<V, S>()) {
            // SAFETY: whole numbers from 0 to 255.
            *to = unsafe { place.to_f64().to_int_unchecked::<u32>() } as u8;
        }
    }

    /// Of `count` outputs. What is written behind them is overwritten by those that are.
    #[inline(always)]
    fn of_run<V: Simd>(&mut self, simd: V, (from, taps, first): (usize, usize, usize), (to, count): (usize, usize)) {
        let (mut at, has_places) = (0, !self.places.is_empty());
        while at + (VECTORS - 1) * lanes::<V, S>() < count {
            if has_places {
                self.with_places::<V, VECTORS>(simd, (from + at, taps, first), to + at);
            } else {
                self.of::<V, VECTORS>(simd, (from + at, taps), to + at);
            }
            at += VECTORS * lanes::<V, S>();
        }
        while at < count {
            if has_places {
                self.with_places::<V, 1>(simd, (from + at, taps, first), to + at);
            } else {
                self.of::<V, 1>(simd, (from + at, taps), to + at);
            }
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
                    let taps = (plane * inputs + run.inputs, run.taps, run.tap);
                    self.of_run(simd, taps, (plane * outputs + run.first, run.count));
                }
            }
            return;
        }
        for plane in 0..planes {
            for row in 0..columns.rows.output {
                let ((top, taps), width) = (under(&columns.rows, row), columns.width);
                let first = if self.places.is_empty() { 0 } else { first_tap(&columns.rows, row, top) };
                self.of_run(simd, (plane * inputs + top * width, taps, first), (plane * outputs + row * width, width));
            }
        }
    }
}
