//! Convolution without vectors: the sums of four filters at four places stay in registers over many taps.
//!
//! Sums are computed in the order of their definition. They wait in the outputs while the inputs under the next taps are
//! copied, so the scratch has a fixed size.

use super::Convolution;
use crate::kernels::window::Plane;
use crate::scalar::Scalar;

/// Filters, and neighbouring places, that are computed together: their sums take half of the registers of a Cortex-M4F.
const FILTERS: usize = 4;
const PLACES: usize = 4;

/// Taps whose inputs are copied at a time.
const TAPS: usize = 64;

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
        self.filters >= FILTERS
    }

    /// `y = b + w ∗ x`, for a group; an empty bias counts as none.
    #[inline(never)]
    pub(super) fn tiled<S: Scalar>(&self, w: &[S], bias: &[S], x: &[S], y: &mut [S]) {
        let plane = self.plane.in_one_row();
        let taps = self.seen * plane.taps();
        let mut inputs = [[S::ZERO; PLACES]; TAPS];
        for row in 0..plane.rows.output {
            let mut column = 0;
            while column < plane.columns.output {
                let tile = Tile { row, column, count: (plane.columns.output - column).min(PLACES) };
                let (mut from, mut tap) = (0, Tap::default());
                while from < taps {
                    let count = (taps - from).min(TAPS);
                    let Some(inputs) = inputs.get_mut(..count) else { return };
                    for inputs in inputs.iter_mut() {
                        *inputs = under(&plane, x, &tile, tap);
                        tap = tap.next(&plane);
                    }
                    let start = if from == 0 { Some(bias) } else { None };
                    let place = row * plane.columns.output + column;
                    let weights = w.get(from..).unwrap_or_default();
                    apply((weights, taps), start, inputs, y, (place, tile.count, plane.outputs()));
                    from += count;
                }
                column += PLACES;
            }
        }
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
    [0, 1, 2, 3].map(|place| line.get(column.wrapping_add(place * along.stride)).copied().unwrap_or(S::ZERO))
}

/// Adds the products of all filters with the inputs to their outputs, or to a start. Filters are `taps` weights apart.
#[inline(never)]
fn apply<S: Scalar>(
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
                    [0, 1, 2, 3].map(|place| y.get(place).copied().unwrap_or(S::ZERO))
                }
            }
        };
        let row = |number: usize| {
            let row = w.get((filter + number) * taps..).unwrap_or_default();
            row.get(..inputs.len()).unwrap_or_default()
        };
        let sums = [sums(0), sums(1), sums(2), sums(3)];
        let rows = [row(0), row(1), row(2), row(3)];
        let sums = if rows[3].is_empty() {
            let mut some = sums;
            for (sums, row) in some.iter_mut().zip(rows) {
                [*sums] = multiply([row], inputs, [*sums]);
            }
            some
        } else {
            multiply(rows, inputs, sums)
        };
        for (number, sums) in sums.iter().enumerate() {
            let start = (filter + number) * outputs + place;
            for (y, &sum) in y.get_mut(start..start + count).unwrap_or_default().iter_mut().zip(sums) {
                *y = sum;
            }
        }
        filter += FILTERS;
    }
}

/// Adds the products of rows of weights with the inputs of four places.
#[inline(always)]
fn multiply<S: Scalar, const F: usize>(
    rows: [&[S]; F],
    inputs: &[[S; PLACES]],
    mut sums: [[S; PLACES]; F],
) -> [[S; PLACES]; F] {
    if rows.iter().any(|row| row.len() < inputs.len()) {
        return sums;
    }
    let rows = rows.map(|row| row.as_ptr());
    for (tap, inputs) in inputs.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            // SAFETY: each row has a weight for each of the inputs.
            let weight = unsafe { *row.add(tap) };
            for (sum, &x) in sums.iter_mut().zip(inputs) {
                *sum += weight * x;
            }
        }
    }
    sums
}
