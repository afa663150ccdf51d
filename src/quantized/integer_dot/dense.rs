//! Sums of products with rows of weights.

use super::instructions::{BYTES, Instructions, SUMS, Work};
use super::rounding::{self, Round};
use super::sums::{ROWS, excess};
use super::{Finish, IntegerDot, Rounding};
use crate::kernels::inlined;

impl IntegerDot {
    /// For each row of weights, the sum of its products with `x`, finished, into `y`. Rows lie one after the other in
    /// `weights`, each as long as `x`.
    pub(in crate::quantized) fn products(
        self,
        x: &[i8],
        weights: &[i8],
        finish: Finish<'_, Rounding<'_>>,
        y: &mut [i8],
    ) {
        rounding::run!(self, finish => Products { x, weights, finish, y });
    }
}

struct Products<'a, R> {
    x: &'a [i8],
    weights: &'a [i8],
    finish: Finish<'a, R>,
    y: &'a mut [i8],
}

impl<R: Round> Work for Products<'_, R> {
    inlined! {
        fn run<V: Instructions>(self, simd: V) {
            let Self { x, weights, finish, y } = self;
            if x.is_empty() {
                return;
            }
            let excess = excess_of_rows(simd, x);
            let numbers = finish.bias.chunks(SUMS).zip(finish.mantissa.chunks(SUMS)).zip(finish.shift.chunks(SUMS));
            let blocks = weights.chunks(SUMS * x.len()).zip(y.chunks_mut(SUMS)).zip(numbers);
            for ((weights, y), ((bias, mantissa), shift)) in blocks {
                let mut sums = [0; SUMS];
                for (weights, sums) in weights.chunks(ROWS * x.len()).zip(sums.as_chunks_mut::<ROWS>().0) {
                    if weights.len() == ROWS * x.len() {
                        eight(simd, x, weights, sums);
                    } else {
                        for (row, sum) in weights.chunks_exact(x.len()).zip(sums) {
                            [*sum] = rows(simd, x, row);
                        }
                    }
                }
                for (sum, bias) in sums.iter_mut().zip(bias) {
                    *sum = sum.wrapping_add(bias.wrapping_sub(excess));
                }
                let (mantissas, shifts) = (simd.load_sums(&lanes(mantissa)), simd.load_sums(&lanes(shift)));
                let integers = finish.requantization.integers(simd, simd.load_sums(&sums), mantissas, shifts);
                let count = y.len().min(mantissa.len()).min(shift.len());
                simd.store_first(integers, y.get_mut(..count).unwrap_or_default());
            }
        }
    }
}

inlined! {
    /// What the products of [`rows`] with `x` are too large by.
    fn excess_of_rows<V: Instructions>(simd: V, x: &[i8]) -> i32 {
        if !V::COMPLEMENTS {
            return excess(simd, x);
        }
        let mut sum = simd.sums(0);
        for part in x.chunks(BYTES) {
            sum = simd.dot_row(sum, simd.load_first(part), simd.four(0));
        }
        simd.total(sum)
    }

    /// As many numbers as there are lanes, with zeros behind those that there are.
    fn lanes<N: Copy + Into<i32>>(numbers: &[N]) -> [i32; SUMS] {
        if let Some(numbers) = numbers.first_chunk::<SUMS>() {
            return numbers.map(Into::into);
        }
        let mut lanes = [0; SUMS];
        for (to, &from) in lanes.iter_mut().zip(numbers) {
            *to = from.into();
        }
        lanes
    }

    /// The products of `x` and eight rows, as many at a time as there are registers for.
    fn eight<V: Instructions>(simd: V, x: &[i8], weights: &[i8], sums: &mut [i32; ROWS]) {
        if V::ROWS >= ROWS {
            *sums = rows(simd, x, weights);
            return;
        }
        for (weights, sums) in weights.chunks(4 * x.len()).zip(sums.as_chunks_mut().0) {
            *sums = rows::<V, 4>(simd, x, weights);
        }
    }

    /// Adds the products of 64 inputs with weights of each row.
    fn add<V: Instructions, const N: usize>(
        simd: V,
        sums: &mut [V::Sums; N],
        x: V::Bytes,
        weights: impl Fn(usize) -> V::Bytes,
    ) {
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum = if V::COMPLEMENTS {
                simd.dot_row(*sum, x, weights(row))
            } else {
                simd.dot(*sum, simd.with_offset(weights(row)), x)
            };
        }
    }

    /// The products of `x` and N rows, changed by [`OFFSET`](Instructions::OFFSET).
    fn rows<V: Instructions, const N: usize>(simd: V, x: &[i8], weights: &[i8]) -> [i32; N] {
        let mut sums = [simd.sums(0); N];
        if weights.len() != N * x.len() {
            return [0; N];
        }
        let (whole, last) = x.as_chunks::<BYTES>();
        for (index, part) in whole.iter().enumerate() {
            // SAFETY: a whole vector of each row.
            let load = |row: usize| unsafe { simd.load(&*weights.as_ptr().add(row * x.len() + index * BYTES).cast()) };
            add(simd, &mut sums, simd.load_first(part), load);
        }
        if !last.is_empty() {
            let load = |row: usize| {
                let start = row * x.len() + whole.len() * BYTES;
                // SAFETY: as many weights of the row as inputs are left, and the slice has N rows of the length of `x`.
                unsafe { simd.load_at_least(weights.as_ptr().add(start), last.len(), weights.len() - start) }
            };
            // Behind the last inputs are zeros.
            add(simd, &mut sums, simd.load_first(last), load);
        }
        let mut totals = [0; N];
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = simd.total(sum);
        }
        totals
    }
}
