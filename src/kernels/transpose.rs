//! Transposes a matrix, a square of vectors at a time.

use super::vector::{Operation, Simd, Vector, lanes, splat};
use crate::scalar::Scalar;

/// The largest number of lanes.
pub(crate) const LANES: usize = 16;

/// `to[c][apart · r] = from[r][c]`, or added to it, for matrices whose rows begin a pitch apart. Writes as much as fits into
/// `to`.
#[inline(always)]
pub(crate) fn transpose<V: Simd, S: Scalar>(
    simd: V,
    from: (&[S], usize),
    (rows, columns): (usize, usize),
    to: (&mut [S], usize),
    apart: usize,
    is_sum: bool,
) {
    simd.call(Transpose { from, rows, columns, to, apart, is_sum });
}

/// [`transpose`], with all registers to itself.
struct Transpose<'a, 'b, S> {
    from: (&'a [S], usize),
    rows: usize,
    columns: usize,
    to: (&'b mut [S], usize),
    apart: usize,
    is_sum: bool,
}

impl<S: Scalar> Operation for Transpose<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { from: (from, from_pitch), rows, columns, to: (to, to_pitch), apart, is_sum } = self;
        let lanes = lanes::<V, S>();
        if rows == 0 || columns == 0 {
            return;
        }
        let end = |rows: usize, pitch: usize, row: usize| (rows - 1).saturating_mul(pitch).saturating_add(row);
        let reach = end(rows, apart, 1);
        let fits = end(rows, from_pitch, columns) <= from.len() && end(columns, to_pitch, reach) <= to.len();
        debug_assert!(fits, "a transposition of {rows} × {columns} doesn't fit");
        if !fits {
            return;
        }
        for row in (0..rows).step_by(lanes) {
            let height = lanes.min(rows - row);
            for column in (0..columns).step_by(lanes) {
                let width = lanes.min(columns - column);
                let mut square = [splat::<V, S>(simd, S::ZERO); LANES];
                // SAFETY: `fits` has checked that the slices hold these rows and columns.
                unsafe {
                    let from = from.as_ptr().add(row * from_pitch + column);
                    let to = to.as_mut_ptr().add(column * to_pitch + row * apart);
                    if height == lanes && width == lanes && apart == 1 && !is_sum {
                        // Without a branch for each vector, the square stays in registers.
                        for (index, vector) in square.iter_mut().enumerate().take(lanes) {
                            *vector = S::Vector::<V>::load(simd, from.add(index * from_pitch));
                        }
                        turn::<V, S>(&mut square);
                        for (index, vector) in square.into_iter().enumerate().take(lanes) {
                            vector.store(to.add(index * to_pitch));
                        }
                        continue;
                    }
                    for (index, vector) in square.iter_mut().enumerate().take(height) {
                        *vector = S::Vector::<V>::load_masked(simd, from.add(index * from_pitch), width);
                    }
                    turn::<V, S>(&mut square);
                    for (index, &vector) in square.iter().enumerate().take(width) {
                        let to = to.add(index * to_pitch);
                        if apart == 1 {
                            let sum =
                                if is_sum { S::Vector::<V>::load_masked(simd, to, height) + vector } else { vector };
                            sum.store_masked(to, height);
                            continue;
                        }
                        let mut numbers = [S::ZERO; LANES];
                        vector.store(numbers.as_mut_ptr());
                        for (place, number) in numbers.into_iter().enumerate().take(height) {
                            *to.add(place * apart) = number;
                        }
                    }
                }
            }
        }
    }
}

/// Transposes a square of as many vectors as they have lanes: interleaving halves moves one bit of an index at a time from
/// the vectors to their lanes.
#[inline(always)]
pub(crate) fn turn<V: Simd, S: Scalar>(square: &mut [S::Vector<V>; LANES]) {
    let lanes = lanes::<V, S>();
    let mut step = lanes;
    while step > 1 {
        let before = *square;
        for index in 0..lanes / 2 {
            let (low, high) = before[index].interleave(before[index + lanes / 2]);
            square[2 * index] = low;
            square[2 * index + 1] = high;
        }
        step /= 2;
    }
}
