//! The softmax of a row of scores.

use super::lane_sums::{LANES, LaneSums};
use super::transpose::transpose;
use super::{Simd, dispatch, first_lane, lanes, largest_of_lanes, operation, read, read_or, splat, write};
use crate::chunks::Chunks;
use crate::pod::Aligned;
use crate::real::Real;
use crate::scalar::Scalar;

/// The softmax of `scores`, in place. Returns (largest score, sum of e^(x − largest)).
#[inline(always)]
pub(crate) fn softmax_in_place<S: Scalar>(scores: &mut [S]) -> (S, S) {
    dispatch(SoftmaxInPlace { scores })
}

/// The result of [`softmax_in_place`], without the softmax.
#[inline(always)]
pub(crate) fn softmax_normalizer<S: Scalar>(scores: &[S]) -> (S, S) {
    dispatch(Normalizer { scores })
}

operation! {
    /// [`softmax_in_place`], to run with the best instruction set.
    pub(crate) struct SoftmaxInPlace<'a, S: Scalar;> {
        scores: &'a mut [S],
    }
    fn run(self, simd: V) -> (S, S) {
        let lanes = lanes::<V, S>();
        let largest = largest(simd, self.scores);
        let mut sum = LaneSums::<V, S>::new(simd);
        for scores in self.scores.parts_mut(LANES) {
            for (index, scores) in scores.parts_mut(lanes).enumerate() {
                let power = power(simd, scores, largest);
                sum.add(simd, index, power);
                write(simd, power, scores);
            }
        }
        let sum = sum.total();
        for powers in self.scores.parts_mut(lanes) {
            write(simd, read(simd, powers) / sum, powers);
        }
        (first_lane(simd, largest), first_lane(simd, sum))
    }
}

/// [`softmax_in_place`] of each of up to [`LANES`] rows of up to [`LANES`] scores, and its results.
///
/// Vectors are over rows: no lane is idle where there are few scores, and no sum waits for the one before. The bits are the same.
#[inline(always)]
pub(crate) fn softmax_of_rows<S: Scalar>(rows: &mut [S], columns: usize) -> [(S, S); LANES] {
    dispatch(SoftmaxOfRows { rows, columns })
}

operation! {
    /// [`softmax_of_rows`], to run with the best instruction set.
    struct SoftmaxOfRows<'a, S: Scalar;> {
        rows: &'a mut [S],
        columns: usize,
    }
    fn run(self, simd: V) -> [(S, S); LANES] {
        let Self { rows, columns } = self;
        let mut results = [(S::ZERO, S::ZERO); LANES];
        let lanes = lanes::<V, S>();
        if !V::FUSED || lanes == 1 || columns > LANES {
            for (scores, result) in rows.parts_mut(columns.max(1)).zip(&mut results) {
                *result = SoftmaxInPlace { scores }.run(simd);
            }
            return results;
        }
        for (rows, results) in rows.parts_mut(lanes * columns.max(1)).zip(results.parts_mut(lanes)) {
            let size = (rows.len() / columns.max(1), columns);
            let mut memory = Aligned([S::ZERO; LANES * LANES]);
            transpose(simd, (rows, columns), size, (&mut memory.0, lanes));
            let mut powers = [splat(simd, S::ZERO); LANES];
            let mut largest = splat(simd, S::from_f64(f64::NEG_INFINITY));
            for (power, scores) in powers.iter_mut().zip(memory.0.parts(lanes)).take(columns) {
                *power = read(simd, scores);
                largest = largest.max(*power);
            }
            powers.iter_mut().take(columns).for_each(|power| *power = (*power - largest).exp());
            // In the order of `LaneSums::total`.
            let mut sums = powers;
            let mut half = LANES / 2;
            while half > 0 {
                let upper = sums;
                sums.iter_mut().zip(upper.iter().skip(half)).take(half).for_each(|(sum, &upper)| *sum = *sum + upper);
                half /= 2;
            }
            let sum = sums[0];
            for (&power, to) in powers.iter().zip(memory.0.parts_mut(lanes)).take(columns) {
                write(simd, power / sum, to);
            }
            transpose(simd, (&memory.0, lanes), (size.1, size.0), (rows, columns));
            let mut each = [[S::ZERO; LANES]; 2];
            write(simd, largest, &mut each[0]);
            write(simd, sum, &mut each[1]);
            results.iter_mut().zip(each[0].into_iter().zip(each[1])).for_each(|(result, both)| *result = both);
        }
        results
    }
}

operation! {
    struct Normalizer<'a, S: Scalar;> {
        scores: &'a [S],
    }
    fn run(self, simd: V) -> (S, S) {
        let largest = largest(simd, self.scores);
        let mut sum = LaneSums::<V, S>::new(simd);
        for scores in self.scores.parts(LANES) {
            for (index, scores) in scores.parts(lanes::<V, S>()).enumerate() {
                sum.add(simd, index, power(simd, scores, largest));
            }
        }
        (first_lane(simd, largest), first_lane(simd, sum.total()))
    }
}

/// The largest score, in every lane.
#[inline(always)]
fn largest<V: Simd, S: Scalar>(simd: V, scores: &[S]) -> S::Vector<V> {
    let mut largest = splat(simd, S::from_f64(f64::NEG_INFINITY));
    for scores in scores.parts(lanes::<V, S>()) {
        largest = largest.max(read_or(simd, scores, S::from_f64(f64::NEG_INFINITY)));
    }
    largest_of_lanes::<V, S>(largest)
}

/// `e^(x − largest)` of a vector of scores, 0 after the last one.
#[inline(always)]
fn power<V: Simd, S: Scalar>(simd: V, scores: &[S], largest: S::Vector<V>) -> S::Vector<V> {
    (read_or(simd, scores, S::from_f64(f64::NEG_INFINITY)) - largest).exp()
}
