//! Normalizing rows to mean 0 and variance 1.

use super::sums::{dot, sum, sum_of};
use crate::scalar::Scalar;

/// How a row is normalized: x̂ = (x − mean)·inverse.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<S> {
    pub(crate) mean: S,
    /// `1 / √(variance + ε)`
    pub(crate) inverse: S,
}

impl<S: Scalar> Moments<S> {
    /// The mean of a row, and the mean of the squared distances from it. In two passes, since the squares of numbers
    /// far from 0 would cancel.
    #[inline(always)]
    pub(crate) fn of(x: &[S], epsilon: S) -> Self {
        let part = S::ONE / S::from_f64(x.len() as f64);
        let mean = sum(x) * part;
        let variance = sum_of(x, x, |x, _| (x - mean) * (x - mean)) * part;
        Self { mean, inverse: S::ONE / (variance + epsilon).sqrt() }
    }

    /// Around 0: a row is divided by its root mean square, and no mean is subtracted.
    #[inline(always)]
    pub(crate) fn around_zero(x: &[S], epsilon: S) -> Self {
        let square = dot(x, x) / S::from_f64(x.len() as f64);
        Self { mean: S::ZERO, inverse: S::ONE / (square + epsilon).sqrt() }
    }

    /// x̂
    #[inline(always)]
    pub(crate) fn normalize(self, x: S) -> S {
        (x - self.mean) * self.inverse
    }

    /// The gradient of x, given that of x̂: `dx = inverse·(g − Σg/n − x̂·Σ(g·x̂)/n)`; without `Σg` around 0.
    #[inline(always)]
    pub(crate) fn gradient(self, x: &[S], g: &[S], dx: &mut [S], around_zero: bool) {
        let part = S::ONE / S::from_f64(x.len() as f64);
        let offset = if around_zero { S::ZERO } else { sum(g) * part };
        let slope = sum_of(x, g, |x, g| self.normalize(x) * g) * part;
        for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
            *dx = self.inverse * (g - offset - slope * self.normalize(x));
        }
    }
}
