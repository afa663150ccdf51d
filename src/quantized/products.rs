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

/// What becomes of a sum: the bias to add to it, the factor as mantissa and shift, and where it goes.
pub(super) type Place<'a> = ((&'a i32, (&'a i32, &'a u8)), &'a mut i8);

/// For each row of weights, the sum of its products with `x`, brought to its place. Rows lie one after the other in
/// `weights`, each as long as `x`.
#[inline(always)]
pub(super) fn products<'a>(x: &[i8], weights: &[i8], rounding: i32, mut places: impl Iterator<Item = Place<'a>>) {
    if x.is_empty() {
        return;
    }
    let mut blocks = weights.chunks_exact(ROWS * x.len());
    for block in blocks.by_ref() {
        let rows = |number: usize| block.get(number * x.len()..(number + 1) * x.len()).unwrap_or_default();
        let sums = sums(x, [rows(0), rows(1), rows(2), rows(3)]);
        for (sum, place) in sums.into_iter().zip(places.by_ref()) {
            put(sum, rounding, place);
        }
    }
    for (row, place) in blocks.remainder().chunks_exact(x.len()).zip(places) {
        let [sum] = sums(x, [row]);
        put(sum, rounding, place);
    }
}

#[inline(always)]
fn put(sum: i32, rounding: i32, ((&bias, (&mantissa, &shift)), y): Place<'_>) {
    *y = requantize(sum.wrapping_add(bias), mantissa, shift, rounding);
}

#[inline(always)]
fn sums<const N: usize>(x: &[i8], rows: [&[i8]; N]) -> [i32; N] {
    rows.map(|row| {
        let products = x.iter().zip(row).map(|(&x, &weight)| i32::from(x) * i32::from(weight));
        products.fold(0, i32::wrapping_add)
    })
}
