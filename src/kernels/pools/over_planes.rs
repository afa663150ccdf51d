//! Pools over *planes*: a vector's lanes are the same position of neighbouring channels and samples.
//!
//! Channels of a batch lie one after the other, and a pool treats them all alike. As many as a vector has lanes are transposed,
//! so that their numbers at one position lie side by side. Then any window, stride or padding is code without vectors in which
//! each number is a vector: it visits the positions on the image alone, in the order of the plain loops, and no lane is idle.
//!
//! A plane is computed in bands of rows of outputs that fit into the scratch.

mod gradients;
mod means;

use core::mem::MaybeUninit;
use core::ops::Range;

pub(super) use self::gradients::{AverageGradient, MaximumGradient};
pub(super) use self::means::Average;
use super::larger;
use crate::chunks::Chunks;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{Operation, Simd, lanes, splat};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::{Axis, Sliding, ceil_div, quotient};

/// The most positions of a band: 32 KB of the widest vectors.
pub(super) const POSITIONS: usize = 512;

/// Vectors of small planes at a time: a number waits for the one that it is computed from, and finding taps takes as many
/// instructions for one vector as for several.
pub(super) const STACK: usize = 4;

/// A plane in bands of this many rows of outputs.
#[derive(Clone, Copy)]
pub(super) struct Bands {
    plane: Plane,
    rows: usize,
}

/// Rows of outputs, and the rows of inputs under them.
pub(super) struct Band {
    pub(super) outputs: Range<usize>,
    pub(super) inputs: Range<usize>,
}

impl Band {
    /// How many positions of inputs and of outputs it has.
    #[inline(always)]
    pub(super) fn sizes(&self, plane: &Plane) -> (usize, usize) {
        (self.inputs.len() * plane.columns.input, self.outputs.len() * plane.columns.output)
    }

    /// Where its inputs and its outputs begin in a batch, in the plane at index `plane`.
    #[inline(always)]
    pub(super) fn places(&self, plane: &Plane, index: usize) -> (usize, usize) {
        let inputs = index * plane.inputs() + self.inputs.start * plane.columns.input;
        (inputs, index * plane.outputs() + self.outputs.start * plane.columns.output)
    }
}

impl Plane {
    /// Its bands, if one row of outputs fits.
    #[inline(always)]
    pub(super) fn bands(&self) -> Option<Bands> {
        let Self { rows, columns } = *self;
        let seen = quotient(POSITIONS, columns.input.max(columns.output));
        let fit = if seen >= rows.input {
            rows.output
        } else {
            (seen + rows.window.stride).saturating_sub(rows.window.span()) / rows.window.stride.max(1)
        };
        let rows = fit.min(rows.output).min(quotient(POSITIONS, columns.output));
        (rows > 0).then_some(Bands { plane: *self, rows })
    }
}

impl Bands {
    #[inline(always)]
    pub(super) const fn plane(&self) -> Plane {
        self.plane
    }

    /// The outputs `y` of all channels of a batch: `compute` takes a band, its inputs, and its outputs, of `N` vectors of planes.
    #[inline(always)]
    fn pool<V: Simd, S: Scalar, const N: usize>(
        self,
        simd: V,
        (x, y): (&[S], &mut [S]),
        mut compute: impl FnMut(&Band, &[[S::Vector<V>; N]], &mut [[S::Vector<V>; N]]),
    ) {
        let plane = self.plane;
        let (mut inputs, mut outputs) = (Room::<S, V>::new(), Room::<S, V>::new());
        for (first, planes) in some_vectors::<V, S>(quotient(x.len(), plane.inputs()), N) {
            for band in self.each() {
                let (of_inputs, of_outputs) = band.sizes(&plane);
                let (at_inputs, at_outputs) = band.places(&plane, first);
                let x = (planes, x.get(at_inputs..).unwrap_or_default());
                let (x, _) = inputs.load_some(simd, x, plane.inputs(), of_inputs, N).as_chunks();
                compute(&band, x, outputs.first(simd, N * of_outputs).as_chunks_mut().0);
                let y = (planes, y.get_mut(at_outputs..).unwrap_or_default());
                outputs.store_some(simd, y, plane.outputs(), of_outputs, N);
            }
        }
    }

    /// The inputs and the outputs of a batch: of the planes that are computed [`STACK`] vectors at a time, and of the others.
    #[inline(always)]
    fn in_stacks<'a, V: Simd, S: Scalar>(&self, x: &'a [S], y: &'a mut [S]) -> [(&'a [S], &'a mut [S]); 2] {
        let Plane { rows, columns } = self.plane;
        let positions = rows.input.max(rows.output) * columns.input.max(columns.output);
        let planes = quotient(x.len(), self.plane.inputs());
        let left = planes % (STACK * lanes::<V, S>());
        let stacked = match () {
            () if STACK * positions > POSITIONS => 0,
            // More than one vector: a stack that isn't full takes less time than as many vectors one by one.
            () if left > lanes::<V, S>() => planes,
            () => planes - left,
        };
        let (stacks_of_x, x) = x.split_at_checked(stacked * self.plane.inputs()).unwrap_or_default();
        let (stacks_of_y, y) = y.split_at_mut_checked(stacked * self.plane.outputs()).unwrap_or_default();
        [(stacks_of_x, stacks_of_y), (x, y)]
    }

    /// From top to bottom.
    #[inline(always)]
    pub(super) fn each(self) -> impl DoubleEndedIterator<Item = Band> {
        let axis = self.plane.rows;
        let Axis { stride, before, .. } = axis.window;
        (0..axis.output).step_by(self.rows.max(1)).map(move |first| {
            let end = axis.output.min(first + self.rows);
            let bottom = ((end - 1) * stride + axis.window.span()).saturating_sub(before).min(axis.input);
            Band { outputs: first..end, inputs: (first * stride).saturating_sub(before).min(bottom)..bottom }
        })
    }

    /// Whether each row of inputs belongs to a band.
    #[inline(always)]
    fn cover(&self) -> bool {
        let axis = self.plane.rows;
        let together = axis.window.stride <= axis.window.span() || self.rows >= axis.output;
        together && (axis.output - 1) * axis.window.stride + axis.window.span() >= axis.input + axis.window.before
    }
}

/// The first position on the axis under a window, and how many there are.
#[inline(always)]
pub(super) fn under(axis: &Sliding, output: usize) -> (usize, usize) {
    let Axis { kernel, stride, before, dilation, .. } = axis.window;
    let start = output * stride;
    let steps = |numbers: usize| if dilation == 1 { numbers } else { ceil_div(numbers, dilation) };
    let first = steps(before.saturating_sub(start));
    let end = steps((axis.input + before).saturating_sub(start)).min(kernel);
    ((start + first * dilation).saturating_sub(before), end.saturating_sub(first))
}

/// From the first to the last of some positions that lie `step` apart.
#[inline(always)]
fn reach(start: usize, count: usize, step: usize) -> Range<usize> {
    start..if count == 0 { start } else { start + (count - 1) * step + 1 }
}

/// Visits numbers that lie `step` apart.
#[inline(always)]
fn every<X>(step: usize, numbers: impl ExactSizeIterator<Item = X>, visit: impl FnMut(X)) {
    // A step of 1 is a separate case because `step_by` is slow.
    if step == 1 {
        numbers.for_each(visit);
    } else {
        numbers.step_by(step.max(1)).for_each(visit);
    }
}

/// Room for the positions of some planes.
pub(super) struct Room<S: Scalar, V: Simd> {
    vectors: [MaybeUninit<S::Vector<V>>; POSITIONS],
    /// How many of them have been written.
    ready: usize,
}

impl<S: Scalar, V: Simd> Room<S, V> {
    // A function of its own in debug builds: inlined, it would reserve stack for a room twice more.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn new() -> Self {
        Self { vectors: [const { MaybeUninit::uninit() }; POSITIONS], ready: 0 }
    }

    /// The first `count` vectors, or all if that is less.
    #[inline(always)]
    pub(super) fn first(&mut self, simd: V, count: usize) -> &mut [S::Vector<V>] {
        let count = count.min(POSITIONS);
        for vector in self.vectors.iter_mut().take(count).skip(self.ready) {
            vector.write(splat(simd, S::ZERO));
        }
        self.ready = self.ready.max(count);
        // SAFETY: the first `ready` vectors have been written, and `count` is no more.
        unsafe { core::slice::from_raw_parts_mut(self.vectors.as_mut_ptr().cast(), count) }
    }

    /// Their numbers.
    #[inline(always)]
    pub(super) fn numbers(&mut self, simd: V, count: usize) -> &mut [S] {
        let vectors = self.first(simd, count);
        // SAFETY: a vector is as many numbers as it has lanes, and any bits are a number.
        unsafe { core::slice::from_raw_parts_mut(vectors.as_mut_ptr().cast(), vectors.len() * lanes::<V, S>()) }
    }

    /// Transposes `count` numbers of each of some planes, which lie `apart`.
    #[inline(always)]
    pub(super) fn load(
        &mut self,
        simd: V,
        (planes, from): (usize, &[S]),
        apart: usize,
        count: usize,
    ) -> &mut [S::Vector<V>] {
        self.load_some(simd, (planes, from), apart, count, 1)
    }

    /// The same, of `vectors` for each position.
    #[inline(always)]
    fn load_some(
        &mut self,
        simd: V,
        (planes, from): (usize, &[S]),
        apart: usize,
        count: usize,
        vectors: usize,
    ) -> &mut [S::Vector<V>] {
        let to = (self.numbers(simd, vectors * count), vectors * lanes::<V, S>());
        transpose(simd, (from, apart), (planes, count), to);
        self.first(simd, vectors * count)
    }

    /// The reverse of [`load`](Self::load).
    #[inline(always)]
    pub(super) fn store(&mut self, simd: V, to: (usize, &mut [S]), apart: usize, count: usize) {
        self.store_some(simd, to, apart, count, 1);
    }

    /// The reverse of [`load_some`](Self::load_some).
    #[inline(always)]
    fn store_some(&mut self, simd: V, (planes, to): (usize, &mut [S]), apart: usize, count: usize, vectors: usize) {
        let from = (&*self.numbers(simd, vectors * count), vectors * lanes::<V, S>());
        transpose(simd, from, (count, planes), (to, apart));
    }
}

/// The planes of a vector at a time: the first, and how many.
#[inline(always)]
pub(super) fn vectors<V: Simd, S: Scalar>(planes: usize) -> impl Iterator<Item = (usize, usize)> {
    some_vectors::<V, S>(planes, 1)
}

/// The planes of some vectors at a time: the first, and how many.
#[inline(always)]
fn some_vectors<V: Simd, S: Scalar>(planes: usize, vectors: usize) -> impl Iterator<Item = (usize, usize)> {
    let lanes = vectors * lanes::<V, S>();
    (0..planes).step_by(lanes).map(move |first| (first, lanes.min(planes - first)))
}

/// `y[p] = maxₜ x[p's tap t]`, for all channels of a batch.
pub(super) struct Maximum<'a, S> {
    pub(super) bands: Bands,
    pub(super) x: &'a [S],
    pub(super) y: &'a mut [S],
}

impl<S: Scalar> Operation for Maximum<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { bands, x, y } = self;
        let [stacks, rest] = bands.in_stacks::<V, S>(x, y);
        maxima::<V, S, STACK>(simd, bands, stacks);
        maxima::<V, S, 1>(simd, bands, rest);
    }
}

/// Columns first, then rows: of equal numbers, the first one is kept, as in plain loops.
#[inline(always)]
fn maxima<V: Simd, S: Scalar, const N: usize>(simd: V, bands: Bands, batch: (&[S], &mut [S])) {
    let (plane, lowest) = (bands.plane, [splat(simd, S::from_f64(f64::NEG_INFINITY)); N]);
    let Plane { rows, columns } = plane;
    let (width, height) = (columns.output, rows.window.dilation);
    let has_columns = columns.window.kernel > 1 || columns.window.stride > 1 || !columns.is_whole();
    let mut reduced = Room::<S, V>::new();
    bands.pool::<V, S, N>(simd, batch, |band, inputs, y| {
        let mut x: &[[S::Vector<V>; N]] = inputs;
        if has_columns {
            let (reduced, _) = reduced.first(simd, N * band.inputs.len() * width).as_chunks_mut();
            for column in 0..width {
                let (start, count) = under(&columns, column);
                let line = reach(start, count, columns.window.dilation);
                for (x, to) in x.blocks(columns.input).zip(reduced.blocks_mut(width)) {
                    let (Some(x), Some(to)) = (x.get(line.clone()), to.get_mut(column)) else { return };
                    let mut largest = lowest;
                    // No closure: through one, the largest numbers would go through memory.
                    if columns.window.dilation == 1 {
                        for x in x {
                            larger_of_each::<V, S, N>(&mut largest, x);
                        }
                    } else {
                        for x in x.iter().step_by(columns.window.dilation.max(1)) {
                            larger_of_each::<V, S, N>(&mut largest, x);
                        }
                    }
                    *to = largest;
                }
            }
            x = reduced;
        }
        for (y, row) in y.blocks_mut(width).zip(band.outputs.clone()) {
            let (start, count) = under(&rows, row);
            let start = start.saturating_sub(band.inputs.start) * width;
            for (column, y) in y.iter_mut().enumerate() {
                let mut largest = lowest;
                for tap in 0..count {
                    let Some(x) = x.get(start + tap * height * width + column) else { return };
                    larger_of_each::<V, S, N>(&mut largest, x);
                }
                *y = largest;
            }
        }
    });
}

#[inline(always)]
fn larger_of_each<V: Simd, S: Scalar, const N: usize>(largest: &mut [S::Vector<V>; N], x: &[S::Vector<V>; N]) {
    for (largest, &x) in largest.iter_mut().zip(x) {
        *largest = larger::<V, S>(*largest, x);
    }
}
