//! Sums of products of 8-bit integers: the kernel of all layers with weights.

use super::arithmetic::requantize;

/// Rows of weights that are taken at once, so that an input is read once for all of them.
const ROWS: usize = 4;

/// The most weights of a sum. Up to it, no sum overflows: neither one of products, which are at most 128·127 each, nor
/// with a bias, which is at most [`LARGEST_BIAS`] and 128·127 a weight, by which the inputs' zero point moves it.
pub(crate) const LONGEST_SUM: usize = ((1 << 30) / (128 * 127)) / 2;

/// The largest bias, on either side of 0, before the inputs' zero point moves it.
pub(crate) const LARGEST_BIAS: i32 = 1 << 30;

const _: () = assert!((LARGEST_BIAS as i64) + 2 * (128 * 127) * (LONGEST_SUM as i64) < 1 << 31);

/// Judge, at compile time, that no sum of this many products overflows.
#[track_caller]
pub(crate) const fn assert_no_overflow(length: usize) {
    assert!(length <= LONGEST_SUM, "a sum of more than 33,026 products may overflow its 32 bits");
}

/// What becomes of sums: what is added to each, and its factor.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a> {
    pub(super) bias: &'a [i32],
    pub(super) mantissa: &'a [i32],
    pub(super) shift: &'a [u8],
    pub(super) rounding: i32,
}

/// For each row of weights, the sum of its products with `x`, finished; `put` is given the row's number, and that.
///
/// Rows lie one after the other in `weights`, each as long as `x`.
#[inline(always)]
pub(super) fn products(x: &[i8], weights: &[i8], finish: Finish<'_>, mut put: impl FnMut(usize, i8)) {
    let Finish { bias, mantissa, shift, rounding } = finish;
    if x.is_empty() {
        return;
    }
    let mut number = 0;
    let mut blocks = weights.chunks_exact(ROWS * x.len());
    let ((bias, last_bias), (mantissa, last_mantissa)) = (bias.as_chunks::<ROWS>(), mantissa.as_chunks::<ROWS>());
    let (shift, last_shift) = shift.as_chunks::<ROWS>();
    for (((block, bias), mantissa), shift) in blocks.by_ref().zip(bias).zip(mantissa).zip(shift) {
        let row = |number: usize| block.get(number * x.len()..(number + 1) * x.len()).unwrap_or_default();
        let [one, two, three, four] = sums(x, [row(0), row(1), row(2), row(3)], *bias);
        put(number, requantize(one, mantissa[0], shift[0], rounding));
        put(number + 1, requantize(two, mantissa[1], shift[1], rounding));
        put(number + 2, requantize(three, mantissa[2], shift[2], rounding));
        put(number + 3, requantize(four, mantissa[3], shift[3], rounding));
        number += ROWS;
    }
    let rows = blocks.remainder().chunks_exact(x.len());
    for (((row, &bias), &mantissa), &shift) in rows.zip(last_bias).zip(last_mantissa).zip(last_shift) {
        let [sum] = sums(x, [row], [bias]);
        put(number, requantize(sum, mantissa, shift, rounding));
        number += 1;
    }
}

/// To each number of `start`, the products of `x` and a row.
#[cfg(not(fnn_dsp))]
#[inline(always)]
fn sums<const N: usize>(x: &[i8], rows: [&[i8]; N], start: [i32; N]) -> [i32; N] {
    let mut sums = start;
    for (sum, row) in sums.iter_mut().zip(rows) {
        *sum = tail(x, row, *sum);
    }
    sums
}

/// To each number of `start`, the products of `x` and a row, four at a time.
#[cfg(fnn_dsp)]
#[inline(always)]
fn sums<const N: usize>(x: &[i8], rows: [&[i8]; N], start: [i32; N]) -> [i32; N] {
    use super::dsp::Four;

    let mut sums = start;
    let (fours, rest) = x.as_chunks::<4>();
    let rows = rows.map(|row| row.as_chunks::<4>());
    for (index, x) in fours.iter().enumerate() {
        let x = Four::of(x);
        for (sum, (row, _)) in sums.iter_mut().zip(&rows) {
            if let Some(weights) = row.get(index) {
                *sum = Four::of(weights).multiply_add(x, *sum);
            }
        }
    }
    for (sum, (_, row)) in sums.iter_mut().zip(&rows) {
        *sum = tail(rest, row, *sum);
    }
    sums
}

#[inline(always)]
fn tail(x: &[i8], row: &[i8], start: i32) -> i32 {
    let products = x.iter().zip(row).map(|(&x, &weight)| i32::from(x) * i32::from(weight));
    products.fold(start, i32::wrapping_add)
}
