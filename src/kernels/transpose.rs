//! Transposes a matrix, a square of vectors at a time; and sums over the lanes of each vector of a square.

use super::assert_in_tests;
use super::product::Start;
use super::vector::{LANES, Operation, Simd, Vector, lanes, splat};
use crate::scalar::Scalar;
use crate::window::cut;

/// `to[c][r] = from[r][c]`, for matrices whose rows begin a pitch apart. Does nothing if they don't fit into the slices.
#[inline(always)]
pub(crate) fn transpose<V: Simd, S: Scalar>(simd: V, from: (&[S], usize), size: (usize, usize), to: (&mut [S], usize)) {
    transpose_to(simd, from, size, to, 1, Start::Zero);
}

/// `to[c][r] += from[r][c]`, as [`transpose`].
#[inline(always)]
pub(crate) fn add_transposed<V: Simd, S: Scalar>(
    simd: V,
    from: (&[S], usize),
    size: (usize, usize),
    to: (&mut [S], usize),
) {
    transpose_to(simd, from, size, to, 1, Start::Sum);
}

/// `to[c][apart · r] = from[r][c]`, or added to it, as [`transpose`].
#[inline(always)]
pub(crate) fn transpose_to<V: Simd, S: Scalar>(
    simd: V,
    from: (&[S], usize),
    (rows, columns): (usize, usize),
    to: (&mut [S], usize),
    apart: usize,
    start: Start,
) {
    let is_sum = start == Start::Sum;
    let is_down = apart == 1 && rows > lanes::<V, S>() && (to.1 * size_of::<S>()).is_multiple_of(PAGE);
    if is_down && simd.call(Down(Transpose { from, rows, columns, to: (&mut *to.0, to.1), apart, is_sum })) {
        return;
    }
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

/// [`Transpose`], to columns that begin whole pages apart: the first-level cache has no room for a line of each of them. So four of them are
/// written at a time, several neighbouring lines of each. Returns whether it was: whether there are as many columns, and the instruction
/// set has a way to read them.
struct Down<'a, 'b, S>(Transpose<'a, 'b, S>);

/// Bytes from a line of memory to the next that has the same place in the first-level cache.
const PAGE: usize = 4096;
/// How many neighbouring squares of rows are written before the next columns.
const SQUARES: usize = 8;

impl<S: Scalar> Operation for Down<'_, '_, S> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> bool {
        let Transpose { from: (from, from_pitch), rows, columns, to: (to, to_pitch), apart, is_sum } = self.0;
        let Some(fours) = fours(columns, is_sum) else { return false };
        if !fits((from.len(), from_pitch), (rows, columns), (to.len(), to_pitch), apart) {
            return false;
        }
        let lanes = lanes::<V, S>();
        for some in cut(rows, SQUARES * lanes) {
            for column in fours.clone() {
                for row in some.clone().step_by(lanes) {
                    let height = lanes.min(some.end - row);
                    // SAFETY: `fits` has checked that the slices hold these rows and columns.
                    let is_there = unsafe {
                        let from = from.as_ptr().add(row * from_pitch + column);
                        let to = to.as_mut_ptr().add(column * to_pitch + row);
                        four::<V, S>(simd, (from, from_pitch), (to, to_pitch), height, is_sum)
                    };
                    if !is_there {
                        return false;
                    }
                }
            }
        }
        true
    }
}

/// Whether slices hold the rows and columns of a matrix, and of one whose columns they become.
fn fits(
    (from, from_pitch): (usize, usize),
    (rows, columns): (usize, usize),
    (to, to_pitch): (usize, usize),
    apart: usize,
) -> bool {
    if rows == 0 || columns == 0 {
        return false;
    }
    let end = |rows: usize, pitch: usize, row: usize| (rows - 1).saturating_mul(pitch).saturating_add(row);
    let fits = end(rows, from_pitch, columns) <= from && end(columns, to_pitch, end(rows, apart, 1)) <= to;
    assert_in_tests!(fits, "a transposition of {rows} × {columns} doesn't fit");
    fits
}

/// Where each four of some columns begin, if there are as many. The last ones may overlap those before, unless they are added: nothing may be
/// added twice.
#[inline(always)]
fn fours(columns: usize, is_sum: bool) -> Option<impl Iterator<Item = usize> + Clone> {
    let last = columns.checked_sub(4)?;
    let are_apart = columns.is_multiple_of(4);
    (are_apart || !is_sum).then(|| (0..columns).step_by(4).map(move |column| column.min(last)))
}

impl<S: Scalar> Operation for Transpose<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { from: (from, from_pitch), rows, columns, to: (to, to_pitch), apart, is_sum } = self;
        let lanes = lanes::<V, S>();
        if !fits((from.len(), from_pitch), (rows, columns), (to.len(), to_pitch), apart) {
            return;
        }
        // A row that becomes a column without gaps, or the reverse.
        let is_line = rows == 1 && to_pitch == 1 || columns == 1 && from_pitch == 1 && apart == 1;
        if is_line && !is_sum {
            let numbers = from.iter().zip(to).take(rows * columns);
            return numbers.for_each(|(&from, to)| *to = from);
        }
        for row in (0..rows).step_by(lanes) {
            let height = lanes.min(rows - row);
            for column in (0..columns).step_by(lanes) {
                let width = lanes.min(columns - column);
                // SAFETY: `fits` has checked that the slices hold these rows and columns.
                unsafe {
                    let from = from.as_ptr().add(row * from_pitch + column);
                    let to = to.as_mut_ptr().add(column * to_pitch + row * apart);
                    if apart == 1 {
                        if by_fours::<V, S>(simd, (from, from_pitch), (to, to_pitch), (height, width), is_sum) {
                            continue;
                        }
                        if !is_sum && height == lanes && width == lanes {
                            whole::<V, S>(simd, (from, from_pitch), (to, to_pitch));
                            continue;
                        }
                    }
                    // All indices are constants, so that the square stays in registers.
                    let mut square = [splat::<V, S>(simd, S::ZERO); LANES];
                    for (index, vector) in square.iter_mut().enumerate().take(lanes) {
                        if index < height {
                            *vector = S::Vector::<V>::load_masked(simd, from.add(index * from_pitch), width);
                        }
                    }
                    turn::<V, S>(&mut square);
                    for (index, vector) in square.into_iter().enumerate().take(lanes) {
                        if index >= width {
                            break;
                        }
                        let to = to.add(index * to_pitch);
                        if apart == 1 {
                            let sum =
                                if is_sum { S::Vector::<V>::load_masked(simd, to, height) + vector } else { vector };
                            sum.store_masked(to, height);
                            continue;
                        }
                        if apart == 2 && vector.store_every_second(to, height, is_sum) {
                            continue;
                        }
                        let mut numbers = [S::ZERO; LANES];
                        vector.store(numbers.as_mut_ptr());
                        for (place, number) in numbers.into_iter().enumerate().take(height) {
                            let to = to.add(place * apart);
                            *to = if is_sum { *to + number } else { number };
                        }
                    }
                }
            }
        }
    }
}

/// Up to a square, four columns at a time, if there are as many and the instruction set has a way to read them.
///
/// # Safety
/// As many rows and columns can be read and written.
#[inline(always)]
unsafe fn by_fours<V: Simd, S: Scalar>(
    simd: V,
    (from, from_pitch): (*const S, usize),
    (to, to_pitch): (*mut S, usize),
    (height, width): (usize, usize),
    is_sum: bool,
) -> bool {
    let Some(fours) = fours(width, is_sum) else { return false };
    for column in fours {
        // SAFETY: the caller's promise.
        let is_there = unsafe {
            let (from, to) = (from.add(column), to.add(column * to_pitch));
            four::<V, S>(simd, (from, from_pitch), (to, to_pitch), height, is_sum)
        };
        if !is_there {
            return false;
        }
    }
    true
}

/// Four columns of up to as many rows as a square has, if the instruction set has a way to read them.
///
/// # Safety
/// They can be read and written.
#[inline(always)]
unsafe fn four<V: Simd, S: Scalar>(
    simd: V,
    (from, from_pitch): (*const S, usize),
    (to, to_pitch): (*mut S, usize),
    height: usize,
    is_sum: bool,
) -> bool {
    let lanes = lanes::<V, S>();
    // SAFETY: the caller's promise.
    unsafe {
        if height == lanes {
            // A constant, for most of them.
            let Some(columns) = S::Vector::<V>::columns(simd, from, from_pitch, lanes) else { return false };
            for (index, vector) in columns.into_iter().enumerate() {
                let to = to.add(index * to_pitch);
                let vector = if is_sum { S::Vector::<V>::load(simd, to) + vector } else { vector };
                vector.store(to);
            }
        } else {
            let Some(columns) = S::Vector::<V>::columns(simd, from, from_pitch, height) else { return false };
            for (index, vector) in columns.into_iter().enumerate() {
                let to = to.add(index * to_pitch);
                let vector = if is_sum { S::Vector::<V>::load_masked(simd, to, height) + vector } else { vector };
                vector.store_masked(to, height);
            }
        }
    }
    true
}

/// A whole square. It has a place of its own: sharing one with squares that aren't whole, the vectors would go through memory.
///
/// # Safety
/// As many rows can be read and written as a vector has lanes.
#[inline(always)]
unsafe fn whole<V: Simd, S: Scalar>(simd: V, (from, from_pitch): (*const S, usize), (to, to_pitch): (*mut S, usize)) {
    let lanes = lanes::<V, S>();
    let mut square = [splat::<V, S>(simd, S::ZERO); LANES];
    // SAFETY: the caller's promise.
    unsafe {
        for (index, vector) in square.iter_mut().enumerate().take(lanes) {
            *vector = S::Vector::<V>::load(simd, from.add(index * from_pitch));
        }
        turn::<V, S>(&mut square);
        for (index, vector) in square.into_iter().enumerate().take(lanes) {
            vector.store(to.add(index * to_pitch));
        }
    }
}

/// Transposes a square of as many vectors as they have lanes.
#[inline(always)]
pub(crate) fn turn<V: Simd, S: Scalar>(square: &mut [S::Vector<V>; LANES]) {
    rotate::<V, S>(square, lanes::<V, S>(), lanes::<V, S>().trailing_zeros());
}

/// Moves the highest `bits` bits of the elements' indices in the first `rows` vectors, a power of two, to the lowest.
///
/// Interleaving the upper and the lower half of the rows moves the highest bit of an element's index to the lowest;
/// repeated for each bit of a row's index, this turns rows into columns, as one sequence of numbers, column by column.
#[inline(always)]
pub(crate) fn rotate<V: Simd, S: Scalar>(vectors: &mut [S::Vector<V>; LANES], rows: usize, mut bits: u32) {
    while bits > 0 {
        let before = *vectors;
        for index in 0..rows / 2 {
            let (low, high) = before[index].interleave(before[index + rows / 2]);
            (vectors[2 * index], vectors[2 * index + 1]) = (low, high);
        }
        bits -= 1;
    }
}

/// The sums of the lanes of each of the first `Vector::LANES` vectors, as one vector.
///
/// The same as [`turn`], with the halves added at each step.
#[inline(always)]
pub(crate) fn sum_each<V: Simd, S: Scalar>(mut vectors: [S::Vector<V>; LANES]) -> S::Vector<V> {
    let mut half = lanes::<V, S>() / 2;
    while half > 0 {
        for i in 0..half {
            let (low, high) = vectors[i].interleave(vectors[i + half]);
            vectors[i] = low + high;
        }
        half /= 2;
    }
    vectors[0]
}
