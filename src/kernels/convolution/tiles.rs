//! Convolution without vectors: the sums of four filters at four places stay in registers over many taps.
//!
//! Sums are computed in the order of their definition. They wait in the outputs while the inputs under the next taps are
//! copied, so the scratch has a fixed size.

use super::Convolution;
use crate::kernels::taps::Taps;
use crate::kernels::vector::{Simd, Vector, multiply_add};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::window::quotient;

/// Filters, and neighbouring places, that are computed together: their sums take half of the registers of a Cortex-M4F.
const FILTERS: usize = 4;
const PLACES: usize = 4;

/// Taps whose inputs are copied at a time: those of 16 channels under a window of 3 × 3.
const TAPS: usize = 144;

/// Four places of a row.
struct Tile {
    row: usize,
    column: usize,
    /// Places of the four that there are.
    count: usize,
}

/// A tap: its channel, and its row and column in the window.
#[derive(Clone, Copy, Default)]
struct Tap {
    channel: usize,
    row: usize,
    column: usize,
}

impl Convolution {
    /// Whether it is computed in tiles, where there are no vectors.
    #[inline(always)]
    pub(super) const fn is_tiled(&self) -> bool {
        self.filters >= FILTERS || self.seen > 1
    }

    /// `y = b + w ∗ x`, for a group; an empty bias counts as none.
    #[inline(never)]
    pub(super) fn tiled<V: Simd, S: Scalar>(&self, simd: V, (w, bias): (&[S], &[S]), x: &[S], y: &mut [S]) {
        let plane = self.plane.in_one_row();
        let (taps, width) = (self.seen * plane.taps(), plane.columns.output);
        // Whole channels at a time, if windows aren't too large.
        let channels = quotient(TAPS, plane.taps());
        let most = if channels == 0 { TAPS } else { channels * plane.taps() };
        let mut inputs = [[S::ZERO; PLACES]; TAPS];
        for row in 0..plane.rows.output {
            let mut column = 0;
            while column < width {
                // The last four overlap with the ones before.
                let first = column.min(width.saturating_sub(PLACES));
                let tile = Tile { row, column: first, count: width.min(PLACES) };
                let inside = if channels > 0 { tile.inside(&plane) } else { None };
                let (mut from, mut tap) = (0, Tap::default());
                while from < taps {
                    let count = (taps - from).min(most);
                    let Some(inputs) = inputs.get_mut(..count) else { return };
                    if let Some(corner) = inside {
                        let seen = channels.min(self.seen - tap.channel);
                        copy(&plane, seen, x, corner + tap.channel * plane.inputs(), inputs);
                        tap.channel += seen;
                    } else {
                        for inputs in inputs.iter_mut() {
                            *inputs = under(&plane, x, &tile, tap);
                            tap = tap.next(&plane);
                        }
                    }
                    let start = if from == 0 { Some(bias) } else { None };
                    let weights = w.get(from..).unwrap_or_default();
                    apply(simd, (weights, taps), start, inputs, y, (row * width + first, tile.count, plane.outputs()));
                    from += count;
                }
                column += PLACES;
            }
        }
    }
}

impl Tile {
    /// The input under the first tap of the first place, if all taps of four places are on the input.
    #[inline(always)]
    const fn inside(&self, plane: &Plane) -> Option<usize> {
        let Plane { rows, columns } = plane;
        let row = (self.row * rows.window.stride).wrapping_sub(rows.window.before);
        let column = (self.column * columns.window.stride).wrapping_sub(columns.window.before);
        let width = (PLACES - 1) * columns.window.stride + columns.window.span();
        let inside = row < rows.input
            && column < columns.input
            && row + rows.window.span() <= rows.input
            && column + width <= columns.input;
        if inside { Some(row * columns.input + column) } else { None }
    }
}

impl Tap {
    #[inline(always)]
    fn next(self, plane: &Plane) -> Self {
        let Self { channel, row, column } = self;
        if column + 1 < plane.columns.window.kernel {
            Self { channel, row, column: column + 1 }
        } else if row + 1 < plane.rows.window.kernel {
            Self { channel, row: row + 1, column: 0 }
        } else {
            Self { channel: channel + 1, row: 0, column: 0 }
        }
    }
}

/// The inputs under all taps of some channels of four places, from the first tap's on, where none is outside.
#[inline(always)]
fn copy<S: Scalar>(plane: &Plane, channels: usize, x: &[S], corner: usize, to: &mut [[S; PLACES]]) {
    let (taps, stride) = (Taps::new(plane, channels), plane.columns.window.stride);
    if to.len() < taps.count || x.len() <= corner + taps.reach + (PLACES - 1) * stride {
        return;
    }
    let (x, mut to) = (x.as_ptr(), to.as_mut_ptr());
    if stride == 1 {
        taps.each(corner, |at| {
            // SAFETY: indices grow up to that of the last tap, whose four places' inputs are in the slice, and there are as many
            // inputs to write as taps.
            unsafe {
                *to = *x.add(at).cast();
                to = to.add(1);
            }
        });
    } else {
        taps.each(corner, |at| {
            // SAFETY: as above.
            unsafe {
                let x = x.add(at);
                *to = [*x, *x.add(stride), *x.add(2 * stride), *x.add(3 * stride)];
                to = to.add(1);
            }
        });
    }
}

/// The inputs under a tap of four places; 0 where they are outside.
#[inline(always)]
fn under<S: Scalar>(plane: &Plane, x: &[S], tile: &Tile, tap: Tap) -> [S; PLACES] {
    let Plane { rows, columns } = plane;
    let (down, along) = (rows.window, columns.window);
    let row = (tile.row * down.stride + tap.row * down.dilation).wrapping_sub(down.before);
    let column = (tile.column * along.stride + tap.column * along.dilation).wrapping_sub(along.before);
    if row >= rows.input {
        return [S::ZERO; PLACES];
    }
    let line = (tap.channel * rows.input + row) * columns.input;
    let last = column.wrapping_add((PLACES - 1) * along.stride);
    if column < columns.input && last < columns.input {
        let start = line + column;
        if let (1, Some(inputs)) = (along.stride, x.get(start..).and_then(|x| x.first_chunk())) {
            return *inputs;
        }
    }
    let Some(line) = x.get(line..line + columns.input) else { return [S::ZERO; PLACES] };
    let input = |place: usize| line.get(column.wrapping_add(place * along.stride)).copied().unwrap_or(S::ZERO);
    [input(0), input(1), input(2), input(3)]
}

/// Adds the products of all filters with the inputs to their outputs, or to a start. Filters are `taps` weights apart.
#[inline(never)]
fn apply<V: Simd, S: Scalar>(
    simd: V,
    (w, taps): (&[S], usize),
    start: Option<&[S]>,
    inputs: &[[S; PLACES]],
    y: &mut [S],
    (place, count, outputs): (usize, usize, usize),
) {
    let mut filter = 0;
    while let Some(at) = y.get(filter * outputs + place..) {
        if at.is_empty() {
            return;
        }
        let sums = |number: usize| -> [S; PLACES] {
            match start {
                Some(bias) => [bias.get(filter + number).copied().unwrap_or(S::ZERO); PLACES],
                None => {
                    let y = at.get(number * outputs..).unwrap_or_default();
                    let sum = |place: usize| y.get(place).copied().unwrap_or(S::ZERO);
                    [sum(0), sum(1), sum(2), sum(3)]
                }
            }
        };
        let row = |number: usize| {
            let row = w.get((filter + number) * taps..).unwrap_or_default();
            row.get(..inputs.len()).unwrap_or_default()
        };
        let mut sums = [sums(0), sums(1), sums(2), sums(3)];
        let rows = [row(0), row(1), row(2), row(3)];
        if rows[3].is_empty() {
            for (sums, row) in sums.iter_mut().zip(rows) {
                add_filter(simd, row, inputs, sums);
            }
        } else {
            S::Vector::<V>::add_tile(simd, rows, inputs, &mut sums);
        }
        for (number, sums) in sums.iter().enumerate() {
            let start = (filter + number) * outputs + place;
            let Some(y) = y.get_mut(start..start + count) else { break };
            match y.first_chunk_mut() {
                Some(y) => *y = *sums,
                None => y.iter_mut().zip(sums).for_each(|(y, &sum)| *y = sum),
            }
        }
        filter += FILTERS;
    }
}

/// Adds the products of a filter's weights with the inputs of four places.
#[inline(always)]
fn add_filter<V: Simd, S: Scalar>(simd: V, row: &[S], inputs: &[[S; PLACES]], sums: &mut [S; PLACES]) {
    let [mut one, mut two, mut three, mut four] = *sums;
    for (&weight, &[x, y, z, w]) in row.iter().zip(inputs) {
        // Written out, because loops stay loops where code is to be small.
        one = multiply_add(simd, weight, x, one);
        two = multiply_add(simd, weight, y, two);
        three = multiply_add(simd, weight, z, three);
        four = multiply_add(simd, weight, w, four);
    }
    *sums = [one, two, three, four];
}
