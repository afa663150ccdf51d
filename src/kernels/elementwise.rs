//! Elementwise operations on flat slices.

use super::channels::Activate;
use super::sums::dot;
#[cfg(feature = "std")]
use super::vector::first_lane;
use super::vector::{Simd, Vector, lanes, read, splat, write};
use crate::chunks::Chunks;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::first_mut;

/// Copies up to the length of the shorter slice, without a panic path.
#[inline(always)]
pub(crate) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}

/// `to = f(x, g)` for each number, of as many as there are in all three.
#[inline(always)]
pub(crate) fn map<V: Simd, S: Scalar>(
    simd: V,
    (x, g): (&[S], &[S]),
    to: &mut [S],
    f: impl Fn(S::Vector<V>, S::Vector<V>) -> S::Vector<V>,
) {
    map_all(simd, [Some(x), Some(g)], to, |[x, g]| f(x, g));
}

/// `to = f(from)` for the numbers at each place, of as many as there are in all slices. `None` is what is overwritten.
#[inline(always)]
pub(crate) fn map_all<V: Simd, S: Scalar, const N: usize>(
    simd: V,
    from: [Option<&[S]>; N],
    to: &mut [S],
    f: impl Fn([S::Vector<V>; N]) -> S::Vector<V>,
) {
    let lanes = lanes::<V, S>();
    let count = from.iter().flatten().fold(to.len(), |least, from| least.min(from.len()));
    let to = to.as_mut_ptr();
    let mut pointers = [to.cast_const(); N];
    for (pointer, slice) in pointers.iter_mut().zip(from) {
        *pointer = slice.map_or(*pointer, <[S]>::as_ptr);
    }
    let from = pointers;
    let mut at = 0;
    while at + lanes <= count {
        // SAFETY: `at + lanes` numbers are in all slices.
        unsafe { f(load_each::<V, S, N>(simd, &from, at, lanes)).store(to.add(at)) };
        at += lanes;
    }
    if at < count {
        let rest = count - at;
        // SAFETY: `at + rest` numbers are in all slices.
        unsafe { f(load_each::<V, S, N>(simd, &from, at, rest)).store_masked(to.add(at), rest) };
    }
}

/// Pointers to the numbers at a place of each slice, which may not be there. `map` of an array takes far longer to compile.
#[inline(always)]
pub(super) fn pointers<S, const N: usize>(slices: &[&[S]; N], at: usize) -> [*const S; N] {
    let mut pointers = [core::ptr::null(); N];
    for (pointer, slice) in pointers.iter_mut().zip(slices) {
        *pointer = slice.as_ptr().wrapping_add(at);
    }
    pointers
}

/// The first `count` numbers at a place of each slice, at most as many as there are lanes, followed by zeros.
///
/// # Safety
/// They can be read.
#[inline(always)]
pub(super) unsafe fn load_each<V: Simd, S: Scalar, const N: usize>(
    simd: V,
    from: &[*const S; N],
    at: usize,
    count: usize,
) -> [S::Vector<V>; N] {
    let mut numbers = [splat::<V, S>(simd, S::ZERO); N];
    for (numbers, from) in numbers.iter_mut().zip(from) {
        // SAFETY: the caller's promise.
        *numbers = unsafe {
            let from = from.wrapping_add(at);
            if count >= lanes::<V, S>() {
                S::Vector::<V>::load(simd, from)
            } else {
                S::Vector::<V>::load_masked(simd, from, count)
            }
        };
    }
    numbers
}

/// [`copy`] for short slices: with a length known to the compiler, `copy` would move one number at a time.
#[inline(always)]
pub(crate) fn copy_few<V: Simd, S: Scalar>(simd: V, from: &[S], to: &mut [S]) {
    let lanes = lanes::<V, S>();
    for (from, to) in from.parts(lanes).zip(to.parts_mut(lanes)) {
        write(simd, read(simd, from), to);
    }
}

/// `y += x`, for short slices.
#[inline(always)]
pub(crate) fn add_few<V: Simd, S: Scalar>(simd: V, x: &[S], y: &mut [S]) {
    let lanes = lanes::<V, S>();
    for (x, y) in x.parts(lanes).zip(y.parts_mut(lanes)) {
        write(simd, read(simd, x) + read(simd, y), y);
    }
}

/// `to[i] = from[2i]`, for short slices.
#[inline(always)]
pub(crate) fn copy_every_second<V: Simd, S: Scalar>(simd: V, from: &[S], to: &mut [S]) {
    let lanes = lanes::<V, S>();
    let from = |vector: usize| read(simd, from.get(vector * lanes..).unwrap_or_default());
    for (index, to) in to.parts_mut(lanes).enumerate() {
        let (even, _) = from(2 * index).separate(from(2 * index + 1));
        write(simd, even, to);
    }
}

/// `to[2i] = from[i]`, with zeros between them; or `to[2i + 1]`, and the numbers between them stay. For short slices, and not for
/// vectors of one lane.
#[inline(always)]
pub(crate) fn copy_to_every_second<V: Simd, S: Scalar>(simd: V, from: &[S], to: &mut [S], is_odd: bool) {
    let lanes = lanes::<V, S>();
    for (from, to) in from.parts(lanes).zip(to.parts_mut(2 * lanes)) {
        let to = first_mut(to, 2 * from.len());
        let (low, high) = to.split_at_mut_checked(lanes.min(to.len())).unwrap_or_default();
        let from = read(simd, from);
        let (first, second) = if is_odd {
            let (even, _) = read(simd, low).separate(read(simd, high));
            even.interleave(from)
        } else {
            from.interleave(splat(simd, S::ZERO))
        };
        write(simd, first, low);
        write(simd, second, high);
    }
}

/// `y[2i] += x[i]`, for short slices.
#[inline(always)]
pub(crate) fn add_to_every_second<V: Simd, S: Scalar>(simd: V, x: &[S], y: &mut [S]) {
    let (lanes, zero) = (lanes::<V, S>(), splat(simd, S::ZERO));
    for (index, x) in x.parts(lanes).enumerate() {
        let x = read(simd, x);
        let (low, high) = if lanes == 1 { (x, zero) } else { x.interleave(zero) };
        for (half, x) in [low, high].into_iter().enumerate() {
            let y = y.get_mut((2 * index + half) * lanes..).unwrap_or_default();
            let sum = read(simd, y) + x;
            write(simd, sum, y);
        }
    }
}

/// The larger of 0 and each number.
#[inline(always)]
pub(crate) fn rectify<V: Simd, S: Scalar>(simd: V, values: &mut [S]) {
    for values in values.parts_mut(lanes::<V, S>()) {
        write(simd, read(simd, values).max(splat(simd, S::ZERO)), values);
    }
}

/// `to = f(x + y)`.
#[inline(always)]
pub(crate) fn add_activated<V: Simd, S: Scalar>(
    simd: V,
    activation: impl Activate,
    (x, y): (&[S], &[S]),
    to: &mut [S],
) {
    // No closure: it would be compiled for the instruction set only if it is inlined, and many functions are too large.
    let lanes = lanes::<V, S>();
    for ((x, y), to) in x.parts(lanes).zip(y.parts(lanes)).zip(to.parts_mut(lanes)) {
        write(simd, activation.value(read(simd, x) + read(simd, y)), to);
    }
}

/// `y = f(x + y)`.
#[inline(always)]
pub(crate) fn add_activated_in_place<V: Simd, S: Scalar>(simd: V, activation: impl Activate, x: &[S], y: &mut [S]) {
    let lanes = lanes::<V, S>();
    for (x, y) in x.parts(lanes).zip(y.parts_mut(lanes)) {
        write(simd, activation.value(read(simd, x) + read(simd, y)), y);
    }
}

/// `g = f′·g`, for an activation of outputs y, and the same in a copy.
#[inline(always)]
pub(crate) fn differentiate_to_both<V: Simd, S: Scalar>(
    simd: V,
    activation: impl Activate,
    y: &[S],
    g: &mut [S],
    copy: &mut [S],
) {
    let lanes = lanes::<V, S>();
    for ((y, g), copy) in y.parts(lanes).zip(g.parts_mut(lanes)).zip(copy.parts_mut(lanes)) {
        let gradient = activation.gradient(read(simd, y), read(simd, g));
        write(simd, gradient, copy);
        write(simd, gradient, g);
    }
}

/// `y += x`.
#[inline(always)]
pub(crate) fn add_assign<V: Simd, S: Scalar>(_simd: V, x: &[S], y: &mut [S]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += x;
    }
}

/// `y *= factor`. Returns whether the products are finite.
#[allow(clippy::eq_op, reason = "x − x tells whether x is finite")]
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn scale_finite<V: Simd, S: Scalar>(simd: V, factor: S, y: &mut [S]) -> bool {
    let lanes = lanes::<V, S>();
    if lanes == 1 {
        // No early exit, so that the compiler vectorizes the loop.
        return y.iter_mut().fold(true, |finite, number| {
            *number *= factor;
            finite & number.is_finite()
        });
    }
    // x − x is 0, or NaN if x isn't finite. Several sums, as each addition waits for the one before.
    let zero = splat(simd, S::ZERO);
    let (factor, mut sums) = (splat(simd, factor), [zero; 4]);
    for numbers in y.parts_mut(4 * lanes) {
        for (sum, numbers) in sums.iter_mut().zip(numbers.parts_mut(lanes)) {
            let product = read(simd, numbers) * factor;
            write(simd, product, numbers);
            *sum = *sum + (product - product);
        }
    }
    let [a, b, c, d] = sums;
    first_lane::<V, S>(simd, ((a + b) + (c + d)).sum_of_lanes()) == S::ZERO
}

/// `y *= factor`.
#[inline(always)]
pub(crate) fn scale<V: Simd, S: Scalar>(_simd: V, factor: S, y: &mut [S]) {
    for y in y {
        *y *= factor;
    }
}

/// `y *= x`, where each number of x is the factor of a row of `places` numbers of y.
#[inline(always)]
pub(crate) fn multiply_assign<V: Simd, S: Scalar>(simd: V, x: &[S], places: usize, y: &mut [S]) {
    if places == 1 {
        for (y, &x) in y.iter_mut().zip(x) {
            *y *= x;
        }
        return;
    }
    for (y, &x) in y.blocks_mut(places).zip(x) {
        scale(simd, x, y);
    }
}

/// `sums[i] = Σ x·y` over row `i` of `places` numbers of both.
#[inline(always)]
pub(crate) fn products_per_channel<V: Simd, S: Scalar>(_simd: V, x: &[S], y: &[S], places: usize, sums: &mut [S]) {
    if places == 1 {
        for (sum, (&x, &y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum = x * y;
        }
        return;
    }
    for (sum, (x, y)) in sums.iter_mut().zip(x.blocks(places).zip(y.blocks(places))) {
        *sum = dot(x, y);
    }
}

/// `sums += x₀ + x₁ + …`, the rows of x: the gradient of a bias.
#[inline(always)]
pub(crate) fn add_rows<V: Simd, S: Scalar>(simd: V, x: &[S], sums: &mut [S]) {
    let (lanes, columns) = (lanes::<V, S>(), sums.len().max(1));
    for (index, sums) in sums.parts_mut(lanes).enumerate() {
        let mut sum = read(simd, sums);
        for row in x.blocks(columns) {
            sum = sum + read(simd, row.get(index * lanes..).unwrap_or_default());
        }
        write(simd, sum, sums);
    }
}
