//! Sums of products of 8-bit integers: the kernel of all layers with weights.

#[cfg(not(fnn_dsp))]
use self::by_ones as sums;
#[cfg(fnn_dsp)]
use super::dsp::by_fours as sums;
use super::requantization::Requantize;
#[cfg(fnn_integer_dot)]
use super::requantization::Rounding;
use crate::chunks::Chunks;

/// Rows of weights computed together, so that an input is read once for all of them.
const ROWS: usize = 4;

/// The most weights in a sum that cannot overflow: each product is at most 128·127, and the bias at most [`LARGEST_BIAS`]
/// plus 128·127 per weight, by which the inputs' zero point shifts it.
pub(crate) const LONGEST_SUM: usize = ((1 << 30) / (128 * 127)) / 2;

/// The largest bias, on either side of 0, before the inputs' zero point moves it.
pub(crate) const LARGEST_BIAS: i32 = 1 << 30;

const _: () = assert!((LARGEST_BIAS as i64) + 2 * (128 * 127) * (LONGEST_SUM as i64) < 1 << 31);

/// Checks at compile time that no sum of this many products overflows.
#[track_caller]
pub(crate) const fn assert_no_overflow(length: usize) {
    assert!(length <= LONGEST_SUM, "a sum of more than 33,026 products may overflow its 32 bits");
}

/// How sums are requantized: the bias and the factor of each, and how they are rounded.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a, R> {
    pub(super) bias: &'a [i32],
    pub(super) mantissa: &'a [i32],
    pub(super) shift: &'a [u8],
    pub(super) requantization: R,
}

/// Without the first ones.
#[cfg(any(fnn_without_vectors, test))]
#[inline(always)]
pub(super) fn skip<A>(all: &[A], first: usize) -> &[A] {
    all.get(first..).unwrap_or_default()
}

impl<R: Requantize> Finish<'_, R> {
    /// How the sums from one on are requantized.
    #[cfg(any(fnn_without_vectors, test))]
    #[inline(always)]
    pub(super) fn skip(self, first: usize) -> Self {
        let Self { bias, mantissa, shift, requantization } = self;
        Self { bias: skip(bias, first), mantissa: skip(mantissa, first), shift: skip(shift, first), requantization }
    }

    /// The same, with any layer's rounding as one type.
    #[cfg(fnn_integer_dot)]
    #[inline(always)]
    pub(super) fn of_any_layer(&self) -> Finish<'_, Rounding<'_>> {
        let &Self { bias, mantissa, shift, ref requantization } = self;
        Finish { bias, mantissa, shift, requantization: Rounding::of(requantization) }
    }

    /// Whether all sums can be requantized in the short way of [`Once`].
    #[cfg(any(fnn_dsp, test))]
    pub(super) fn accumulates(&self) -> bool {
        self.requantization.once().is_some_and(|once| self.shift.iter().all(|&shift| once.accumulates(shift)))
    }
}

/// For each row of weights, the requantized sum of its products with `x`, passed to `put` with the row's index.
///
/// Rows lie one after the other in `weights`, each as long as `x`.
#[inline(always)]
pub(super) fn products<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, mut put: impl FnMut(usize, i8)) {
    let Finish { bias, mantissa, shift, requantization } = finish;
    if x.is_empty() {
        return;
    }
    let mut number = 0;
    let ((bias, last_bias), (mantissa, last_mantissa)) = (bias.as_chunks::<ROWS>(), mantissa.as_chunks::<ROWS>());
    let (shift, last_shift) = shift.as_chunks::<ROWS>();
    let blocks = weights.blocks(ROWS * x.len());
    for (((block, bias), mantissa), shift) in blocks.zip(bias).zip(mantissa).zip(shift) {
        let row = |number: usize| block.get(number * x.len()..(number + 1) * x.len()).unwrap_or_default();
        let [one, two, three, four] = sums(x, [row(0), row(1), row(2), row(3)], *bias);
        put(number, requantization.requantize(one, mantissa[0], shift[0]));
        put(number + 1, requantization.requantize(two, mantissa[1], shift[1]));
        put(number + 2, requantization.requantize(three, mantissa[2], shift[2]));
        put(number + 3, requantization.requantize(four, mantissa[3], shift[3]));
        number += ROWS;
    }
    let rows = weights.get(number * x.len()..).unwrap_or_default().blocks(x.len());
    for (((row, &bias), &mantissa), &shift) in rows.zip(last_bias).zip(last_mantissa).zip(last_shift) {
        let [sum] = sums(x, [row], [bias]);
        put(number, requantization.requantize(sum, mantissa, shift));
        number += 1;
    }
}

/// [`products`] into `y`.
#[inline(always)]
pub(super) fn plain_products<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, y: &mut [i8]) {
    products(x, weights, finish, |number, integer| {
        if let Some(y) = y.get_mut(number) {
            *y = integer;
        }
    });
}

/// [`products`] into `y`, with the best instructions that the processor has.
#[inline(always)]
pub(super) fn all_products<R: Requantize>(x: &[i8], weights: &[i8], finish: Finish<'_, R>, y: &mut [i8]) {
    #[cfg(fnn_integer_dot)]
    match super::integer_dot::IntegerDot::detect() {
        Some(simd) => simd.products(x, weights, finish.of_any_layer(), y),
        None => crate::kernels::dispatch(Products { x, weights, finish, y }),
    }
    #[cfg(not(fnn_integer_dot))]
    plain_products(x, weights, finish, y);
}

#[cfg(fnn_integer_dot)]
crate::kernels::operation! {
    /// The plain loops, which the compiler makes vectors of where it may.
    struct Products<'a, R: Requantize;> { x: &'a [i8], weights: &'a [i8], finish: Finish<'a, R>, y: &'a mut [i8] }
    fn run(self, _simd: V) {
        let Self { x, weights, finish, y } = self;
        plain_products(x, weights, finish, y);
    }
}

/// Adds the products of `x` and a row to each number of `start`.
#[cfg(not(fnn_dsp))]
#[inline(always)]
fn by_ones<const N: usize>(x: &[i8], rows: [&[i8]; N], start: [i32; N]) -> [i32; N] {
    let mut sums = start;
    for (sum, row) in sums.iter_mut().zip(rows) {
        *sum = tail(x, row, *sum);
    }
    sums
}

/// Adds the products of a row and of as many numbers of `x`, which has at least as many.
#[inline(always)]
pub(super) fn tail(x: &[i8], row: &[i8], start: i32) -> i32 {
    let product = |x: i8, weight: i8| i32::from(x) * i32::from(weight);
    let mut sum = start;
    // Four a turn, which the compiler doesn't do by itself where code is to be small. Elsewhere, it makes vectors.
    #[cfg(fnn_without_vectors)]
    let (x, row) = {
        let (fours, rest) = row.as_chunks::<4>();
        for (&[a, b, c, d], &[x, y, z, w]) in fours.iter().zip(x.as_chunks::<4>().0) {
            sum = sum.wrapping_add(product(x, a)).wrapping_add(product(y, b));
            sum = sum.wrapping_add(product(z, c)).wrapping_add(product(w, d));
        }
        (x.get(4 * fours.len()..).unwrap_or_default(), rest)
    };
    for (&x, &weight) in x.iter().zip(row) {
        sum = sum.wrapping_add(product(x, weight));
    }
    sum
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "`network!` generates public methods")]
mod tests {
    #[cfg(all(feature = "alloc", fnn_integer_dot))]
    use core::sync::atomic::Ordering;

    use super::super::dsp::by_fours;
    use super::*;
    use crate::random::Random;

    /// Computes without the instructions for vectors.
    #[cfg(feature = "alloc")]
    fn plainly<R>(compute: impl FnOnce() -> R) -> R {
        masked(true);
        let result = compute();
        masked(false);
        result
    }

    #[cfg(feature = "alloc")]
    fn masked(masked: bool) {
        #[cfg(fnn_integer_dot)]
        crate::quantized::integer_dot::MASKED.store(masked, Ordering::SeqCst);
        let _ = masked;
    }

    fn random<const N: usize>(random: &mut Random) -> [i8; N] {
        core::array::from_fn(|_| (random.uniform() * 256.0 - 128.0) as i8)
    }

    /// Rows of any number and length, from anywhere in memory, with the largest numbers among them: every processor's way
    /// gives the integers of the plain loops.
    #[cfg(all(fnn_integer_dot, feature = "alloc"))]
    #[test]
    fn vectors_give_the_integers_of_plain_loops() {
        use alloc::vec::Vec;

        use super::super::requantization::Once;

        let mut chance = Random::new(6);
        for length in (1..=70).chain([127, 128, 129, 191, 200, 784]) {
            for rows in [1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 25, 33, 40] {
                let mut numbers = |count: usize| -> Vec<i8> {
                    let extreme = rows % 2 == 0;
                    (0..count)
                        .map(|_| chance.uniform() * 256.0 - 128.0)
                        .map(|x| {
                            if extreme && x < 0.0 {
                                -128
                            } else if extreme {
                                127
                            } else {
                                x as i8
                            }
                        })
                        .collect()
                };
                let start = rows % 3;
                let (x, weights) = (numbers(length + start), numbers(length * rows + start));
                let weights: Vec<i8> = weights.into_iter().map(|weight| weight.max(-127)).collect();
                let bias: Vec<i32> = numbers(rows).into_iter().map(|bias| i32::from(bias) * 1000).collect();
                let mantissa: Vec<i32> =
                    numbers(rows).into_iter().map(|part| (1 << 30) + (i32::from(part) << 20)).collect();
                let shift: Vec<u8> = numbers(rows).into_iter().map(|part| part.unsigned_abs() % 16).collect();
                let finish = Finish { bias: &bias, mantissa: &mantissa, shift: &shift, requantization: Once::at(5) };
                let (x, weights) = (&x[start..], &weights[start..]);
                let mut expected = alloc::vec![0; rows];
                products(x, weights, finish, |number, integer| expected[number] = integer);
                let mut y = alloc::vec![99; rows + 1];
                for simd in crate::quantized::integer_dot::IntegerDot::all() {
                    y.fill(99);
                    simd.products(x, weights, finish.of_any_layer(), &mut y[..rows]);
                    assert_eq!((&y[..rows], y[rows]), (&*expected, 99), "{simd:?}, {rows} rows of {length}");
                }
                crate::kernels::dispatch(Products { x, weights, finish, y: &mut y[..rows] });
                assert_eq!((&y[..rows], y[rows]), (&*expected, 99), "{rows} rows of {length}");
            }
        }
    }

    /// Sums of products of any number of integers, at any alignment, are the same in both ways.
    #[test]
    fn sums_by_fours_are_those_by_ones() {
        let mut chance = Random::new(5);
        for length in (0..=33).chain([150, 256]) {
            for start in 0..4 {
                let x: [i8; 260] = random(&mut chance);
                let rows: [[i8; 260]; 4] = core::array::from_fn(|_| random(&mut chance));
                let (x, rows) = (&x[start..start + length], rows.each_ref().map(|row| &row[start..start + length]));
                let bias = [0, -1, LARGEST_BIAS, -LARGEST_BIAS];
                let expected = core::array::from_fn(|number| {
                    let products = x.iter().zip(rows[number]).map(|(&x, &weight)| i64::from(x) * i64::from(weight));
                    (products.sum::<i64>() + i64::from(bias[number])) as i32
                });
                assert_eq!(by_ones(x, rows, bias), expected);
                assert_eq!(by_fours(x, rows, bias), expected);
                assert_eq!(by_fours(x, [rows[1]], [bias[1]]), [expected[1]]);
            }
        }
    }

    /// The longest sum, of the largest products, with the largest bias, on both sides.
    #[test]
    fn the_longest_sum_has_room() {
        let x = [-128; LONGEST_SUM];
        for weight in [-127, 127] {
            let row = [weight; LONGEST_SUM];
            let products = -128 * i64::from(weight) * LONGEST_SUM as i64;
            // The zero point shifts the bias as far as all products together, and in the same direction.
            let bias = products + i64::from(LARGEST_BIAS) * products.signum();
            let expected = i32::try_from(products + bias).unwrap();
            let start = i32::try_from(bias).unwrap();
            assert_eq!(by_ones(&x, [&row], [start]), [expected]);
            assert_eq!(by_fours(&x, [&row], [start]), [expected]);
        }
    }

    /// Networks with random weights, whose sums have lengths of every remainder by four, give the same integers in both
    /// ways.
    #[cfg(feature = "alloc")]
    #[test]
    fn random_networks_are_the_same_in_all_ways() {
        crate::network! {
            #[quantizable]
            struct Chained<const WIDTH: usize>: [3, 7, 6] -> [5] {
                Conv2d(6, kernel = (3, 2), padding = (1, 2), stride = (2, 1)),
                Relu,
                DepthwiseConv2d(kernel = 3, padding = same),
                Residual { Conv2d(6, kernel = 1), Tanh },
                Conv2d(4, kernel = 2, groups = 2),
                MaxPool2d(2),
                Flatten,
                Dense(WIDTH),
                Gelu,
                Dense(5),
            }
        }

        fn check<const WIDTH: usize>(seed: u64) {
            let mut chance = Random::new(seed);
            let samples: [[[[f32; 6]; 7]; 3]; 12] =
                core::array::from_fn(|_| random::<126>(&mut chance).map(|x| f32::from(x) / 64.0)).map(cube);
            let quantized = Chained::<WIDTH>::seeded(seed).quantize(&samples).unwrap();
            let mut different = 0;
            for sample in samples {
                let x = quantized.quantize(&sample);
                let expected = plainly(|| quantized.forward_integers(&x));
                assert_eq!(quantized.forward_integers(&x), expected, "vectors, width {WIDTH}, seed {seed}");
                different += usize::from(expected != quantized.forward_integers(&[[[0; 6]; 7]; 3]));
            }
            assert!(different > 0, "the answers depend on the samples");
        }

        fn cube(numbers: [f32; 126]) -> [[[f32; 6]; 7]; 3] {
            core::array::from_fn(|c| core::array::from_fn(|i| core::array::from_fn(|j| numbers[c * 42 + i * 6 + j])))
        }

        for seed in 1..=5 {
            check::<1>(seed);
            check::<6>(seed);
            check::<11>(seed);
            check::<16>(seed);
        }
    }
}
