//! How a tile walks through a table of terms: what a term adds to its sums is the same, but what several terms have in common is read once.

use super::Place;
use crate::kernels::product::tile::Sums;
use crate::kernels::vector::{Simd, Vector};
use crate::real::Real;
use crate::scalar::Scalar;

/// An order of reading, in which each sum is the same chain of products.
pub(super) trait Walk: Copy {
    /// Adds to the sums of `Q` rows from each of some places in A on, a step apart, the products of some terms.
    ///
    /// # Safety
    /// Each row can be read at the terms' places, and B in whole vectors. The terms are as the walk says.
    unsafe fn add<V: Simd, S: Scalar, const G: usize, const Q: usize, const C: usize>(
        self,
        simd: V,
        a: (&[*const S; G], usize),
        b: &[*const S; C],
        terms: &[Place],
        sums: &mut [Sums<S::Vector<V>, Q, C>; G],
    );
}

/// Term by term.
#[derive(Clone, Copy)]
pub(super) struct OneByOne;

impl Walk for OneByOne {
    #[inline(always)]
    unsafe fn add<V: Simd, S: Scalar, const G: usize, const Q: usize, const C: usize>(
        self,
        simd: V,
        a: (&[*const S; G], usize),
        b: &[*const S; C],
        terms: &[Place],
        sums: &mut [Sums<S::Vector<V>, Q, C>; G],
    ) {
        for term in terms {
            // SAFETY: the caller's promise.
            unsafe { add_terms(simd, a, b, &[*term], sums) };
        }
    }
}

/// Up to `T` [neighbouring terms](super::fours::neighbours) at a time, which share what they read in A; there are as many.
#[derive(Clone, Copy)]
pub(super) struct Shared<const T: usize> {
    pub(super) neighbours: usize,
}

impl<const T: usize> Walk for Shared<T> {
    #[inline(always)]
    unsafe fn add<V: Simd, S: Scalar, const G: usize, const Q: usize, const C: usize>(
        self,
        simd: V,
        a: (&[*const S; G], usize),
        b: &[*const S; C],
        terms: &[Place],
        sums: &mut [Sums<S::Vector<V>, Q, C>; G],
    ) {
        // As many as possible T at a time, so that none is left by itself.
        let pairs = (T - self.neighbours % T) % T;
        for terms in terms.chunks_exact(self.neighbours.max(1)) {
            // SAFETY: the caller's promise.
            unsafe {
                let (whole, rest) = terms.split_at_unchecked(self.neighbours - 2 * pairs);
                for terms in whole.as_chunks::<T>().0 {
                    add_terms(simd, a, b, terms, sums);
                }
                for terms in rest.as_chunks::<2>().0 {
                    add_terms(simd, a, b, terms, sums);
                }
            }
        }
    }
}

/// Terms of which three each lie side by side in B, and in A, too, in this or the other order: those under a row of a window's taps, for
/// vectors of positions. Only the place of the first is read from the table: with few registers, tiles are small, and all that isn't a
/// multiplication takes time.
#[derive(Clone, Copy)]
pub(super) struct InThrees<const REVERSED: bool>(());

impl<const REVERSED: bool> InThrees<REVERSED> {
    /// If some terms are such.
    #[inline(always)]
    pub(super) fn of(terms: &[Place]) -> Option<Self> {
        let is_next = |term: &Place, next: &Place| {
            let (low, high) = if REVERSED { (next.a, term.a) } else { (term.a, next.a) };
            low.checked_add(1) == Some(high) && term.b.checked_add(1) == Some(next.b)
        };
        let (threes, rest) = terms.as_chunks::<3>();
        let are_all = threes.iter().all(|[one, two, three]| is_next(one, two) && is_next(two, three));
        (rest.is_empty() && are_all).then_some(Self(()))
    }
}

impl<const REVERSED: bool> Walk for InThrees<REVERSED> {
    #[inline(always)]
    unsafe fn add<V: Simd, S: Scalar, const G: usize, const Q: usize, const C: usize>(
        self,
        simd: V,
        (a, step): (&[*const S; G], usize),
        b: &[*const S; C],
        terms: &[Place],
        sums: &mut [Sums<S::Vector<V>, Q, C>; G],
    ) {
        for [first, ..] in terms.as_chunks::<3>().0 {
            for index in 0..3 {
                let b = b.map(|b| b.wrapping_add(index));
                let a = a.map(|a| if REVERSED { a.wrapping_sub(index) } else { a.wrapping_add(index) });
                // SAFETY: the caller's promise: the term at the index lies there.
                unsafe { add_terms(simd, (&a, step), &b, &[*first], sums) };
            }
        }
    }
}

/// Adds to the sums of `Q` rows from each of some places in A on, a step apart, the products of `T` terms that lie a step apart in A, too: a
/// number that several rows read, with one term each, is loaded once.
///
/// # Safety
/// Each row can be read at the terms' places, and B in whole vectors.
#[inline(always)]
unsafe fn add_terms<V: Simd, S: Scalar, const G: usize, const Q: usize, const C: usize, const T: usize>(
    simd: V,
    (a, step): (&[*const S; G], usize),
    b: &[*const S; C],
    terms: &[Place; T],
    sums: &mut [Sums<S::Vector<V>, Q, C>; G],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut bs = [[S::Vector::<V>::splat(simd, S::ZERO); C]; T];
        for (bs, term) in bs.iter_mut().zip(terms) {
            for (to, b) in bs.iter_mut().zip(b) {
                *to = S::Vector::<V>::load(simd, b.add(term.b as usize));
            }
        }
        let mut at = terms.first().map_or(0, |term| term.a as usize);
        for number in 0..Q + T - 1 {
            for (sums, a) in sums.iter_mut().zip(a) {
                let a = S::Vector::<V>::splat(simd, *a.add(at));
                for (term, bs) in bs.iter().enumerate() {
                    let sums = sums.get_mut(number.wrapping_sub(term)).into_iter().flatten();
                    for (sum, &b) in sums.zip(bs) {
                        *sum = b.mul_add(a, *sum);
                    }
                }
            }
            at = at.wrapping_add(step);
        }
    }
}
