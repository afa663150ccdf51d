//! Sums whose lanes run over the terms.

use super::transpose::sum_each;
use super::vector::{self, Simd, Vector, first_lane, lanes, read, splat, write};
use crate::chunks::Chunks;
use crate::real::Real;
use crate::scalar::Scalar;

/// The sums that the terms are dealt out to, whatever the width of a vector: that of the widest.
pub(crate) const LANES: usize = vector::LANES;

/// [`LANES`] sums, of which term k is added to number k mod [`LANES`]. In the end, the upper half of them is added to the
/// lower one until one is left.
///
/// So the bits of a sum don't depend on the width of the vectors. Without fused multiply-adds, there is a single sum: plain loops
/// add one term after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneSums<V: Simd, S: Scalar>([S::Vector<V>; LANES]);

impl<V: Simd, S: Scalar> LaneSums<V, S> {
    /// The vectors that are used.
    const VECTORS: usize = if V::FUSED { LANES / lanes::<V, S>() } else { 1 };

    #[inline(always)]
    pub(crate) fn new(simd: V) -> Self {
        Self([splat(simd, S::ZERO); LANES])
    }

    /// Adds terms: those of vector `index` of [`LANES`] terms.
    #[inline(always)]
    pub(crate) fn add(&mut self, simd: V, index: usize, terms: S::Vector<V>) {
        let sum = &mut self.0[index % Self::VECTORS];
        if V::FUSED || lanes::<V, S>() == 1 {
            *sum = *sum + terms;
            return;
        }
        let mut each = [S::ZERO; LANES];
        write(simd, terms, &mut each);
        let mut total: S = first_lane(simd, *sum);
        each.iter().take(lanes::<V, S>()).for_each(|&term| total += term);
        *sum = splat(simd, total);
    }

    /// Adds products, as [`add`](Self::add) does terms.
    #[inline(always)]
    pub(crate) fn multiply_add(&mut self, simd: V, index: usize, x: S::Vector<V>, y: S::Vector<V>) {
        if V::FUSED {
            let sum = &mut self.0[index % Self::VECTORS];
            *sum = x.mul_add(y, *sum);
        } else {
            self.add(simd, index, x * y);
        }
    }

    /// The sum, in every lane.
    #[inline(always)]
    pub(crate) fn total(mut self) -> S::Vector<V> {
        if !V::FUSED {
            return self.0[0];
        }
        let mut vectors = Self::VECTORS;
        while vectors > 1 {
            vectors /= 2;
            for index in 0..vectors {
                self.0[index] = self.0[index] + self.0[index + vectors];
            }
        }
        self.0[0].sum_of_lanes()
    }
}

/// `totals[i] +=` the sum of the [`LANES`] numbers of block i, as [`LaneSums::total`] adds them.
#[inline(always)]
pub(crate) fn total_each<V: Simd, S: Scalar>(simd: V, sums: &[S], totals: &mut [S]) {
    let lanes = lanes::<V, S>();
    for (totals, sums) in totals.parts_mut(lanes).zip(sums.parts(lanes * LANES)) {
        let mut vectors = [splat(simd, S::ZERO); LANES];
        for (vector, sums) in vectors.iter_mut().zip(sums.blocks(LANES)) {
            let mut parts = [splat(simd, S::ZERO); LANES];
            let mut count = LANES / lanes;
            for (part, sums) in parts.iter_mut().zip(sums.blocks(lanes)) {
                *part = read(simd, sums);
            }
            while count > 1 {
                count /= 2;
                let upper = parts;
                let pairs = parts.iter_mut().zip(upper.iter().skip(count)).take(count);
                pairs.for_each(|(part, &upper)| *part = *part + upper);
            }
            *vector = parts[0];
        }
        write(simd, read(simd, totals) + sum_each::<V, S>(vectors), totals);
    }
}
