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
            let excess = excess(simd, x);
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

    /// The products of `x` and N rows, changed by [`OFFSET`](Instructions::OFFSET).
    fn rows<V: Instructions, const N: usize>(simd: V, x: &[i8], weights: &[i8]) -> [i32; N] {
        let mut sums = [simd.sums(0); N];
        if weights.len() != N * x.len() {
            return [0; N];
        }
        for (index, part) in x.chunks(BYTES).enumerate() {
            let count = part.len();
            let part = simd.load_first(part);
            for (row, sum) in sums.iter_mut().enumerate() {
                let start = row * x.len() + index * BYTES;
                // SAFETY: a part of the row as long as that of `x`, and the slice has N rows of the length of `x`.
                let weights = unsafe { simd.load_at_least(weights.as_ptr().add(start), count, weights.len() - start) };
                // Behind the part of `x` are zeros.
                *sum = simd.dot(*sum, simd.with_offset(weights), part);
            }
        }
        let mut totals = [0; N];
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = simd.total(sum);
        }
        totals
    }
}
