//! The softmax of a row of scores.

use super::lane_sums::{LANES, LaneSums};
use super::{Simd, dispatch, first_lane, lanes, largest_of_lanes, operation, read, read_or, splat, write};
use crate::chunks::Chunks;
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
