//! Sums of many numbers.

use super::vector::{Simd, lanes, read, splat, write};
use crate::chunks::Chunks;
use crate::scalar::Scalar;
use crate::shape::first;

/// A sum of products in eight parts, which fit a vector and round less than a single sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums<S>([S; PARTS]);

/// The parts of a sum.
pub(super) const PARTS: usize = 8;

impl<S: Scalar> Sums<S> {
    pub(crate) const fn new() -> Self {
        Self([S::ZERO; PARTS])
    }

    /// Adds `Σₚ x[p · stride] · g[p]`.
    #[inline(always)]
    pub(crate) fn add_products(&mut self, stride: usize, x: &[S], g: &[S]) {
        if stride == 1 {
            let ((xs, x), (gs, g)) = (x.as_chunks::<PARTS>(), g.as_chunks::<PARTS>());
            for (x, g) in xs.iter().zip(gs) {
                self.add(x, g);
            }
            self.add(x, g);
        } else {
            for (x, g) in x.parts(PARTS * stride.max(1)).zip(g.parts(PARTS)) {
                self.add(x.iter().step_by(stride.max(1)), g);
            }
        }
    }

    /// Adds one product to each part.
    #[inline(always)]
    fn add<'a>(&mut self, x: impl IntoIterator<Item = &'a S>, g: &[S]) {
        for ((sum, &x), &g) in self.0.iter_mut().zip(x).zip(g) {
            *sum += x * g;
        }
    }

    #[inline(always)]
    pub(crate) fn total(self) -> S {
        self.0.into_iter().sum()
    }
}

/// `Σ x[i]`
#[inline(always)]
pub(crate) fn sum<S: Scalar>(x: &[S]) -> S {
    sum_of(x, x, |x, _| x)
}

/// `y[c] = factor · Σₚ x[p][c]`, each sum with the bits of [`sum`] over a channel.
#[inline(always)]
pub(crate) fn sum_positions<V: Simd, S: Scalar>(simd: V, x: &[S], factor: S, y: &mut [S]) {
    let (channels, lanes, zero) = (y.len(), lanes::<V, S>(), splat::<V, S>(simd, S::ZERO));
    for (index, y) in y.parts_mut(lanes).enumerate() {
        // No closures, which wouldn't be compiled for the instruction set.
        let mut sums = [zero; PARTS];
        for x in x.parts(PARTS * channels) {
            for (sum, x) in sums.iter_mut().zip(x.blocks(channels)) {
                *sum = *sum + read(simd, first(x.get(index * lanes..).unwrap_or_default(), y.len()));
            }
        }
        let mut total = sums[0];
        for &sum in sums.iter().skip(1) {
            total = total + sum;
        }
        write(simd, total * splat(simd, factor), y);
    }
}

/// `Σ x[i]·y[i]`
#[inline(always)]
pub(crate) fn dot<S: Scalar>(x: &[S], y: &[S]) -> S {
    sum_of(x, y, |x, y| x * y)
}

/// `Σ f(x[i], y[i])`, in eight parts.
#[inline(always)]
pub(crate) fn sum_of<S: Scalar>(x: &[S], y: &[S], f: impl Fn(S, S) -> S) -> S {
    let mut sums = [S::ZERO; PARTS];
    let ((xs, x), (ys, y)) = (x.as_chunks::<PARTS>(), y.as_chunks::<PARTS>());
    for (x, y) in xs.iter().zip(ys) {
        for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
            *sum += f(x, y);
        }
    }
    for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
        *sum += f(x, y);
    }
    sums.into_iter().sum()
}
