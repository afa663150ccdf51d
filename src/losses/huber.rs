//! Huber's loss.

use super::elements::{check_finite, mean, mean_gradient};
use super::{Loss, Term};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, POSITIVE};
use crate::shape::Sample;

/// Squared for small errors, absolute for large ones: the mean over the elements of a sample of
/// `d²/2` where `|d| ≤ delta`, and of `delta·(|d| − delta/2)` elsewhere, with `d = x − t`.
///
/// Its gradient is d, clamped to ±delta, divided by n. Huber, "Robust estimation of a location parameter", Annals of
/// Mathematical Statistics 35, 1964.
///
/// ```
/// use fnn::losses::{Huber, Loss};
///
/// assert_eq!(Huber::new(1.0).value(&[0.5, 3.0], &[0.0, 0.0]).loss, (0.125 + 2.5) / 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Huber {
    /// The error up to which the loss is quadratic.
    pub delta: f64,
}

impl Huber {
    /// A loss that is quadratic for errors up to `delta`, which must be above 0.
    #[must_use]
    pub const fn new(delta: f64) -> Self {
        Self { delta }
    }

    /// The loss of a pair, and its derivative.
    #[inline(always)]
    fn pair<S: Scalar>(delta: S, x: S, t: S) -> (S, S) {
        let half = S::from_f64(0.5);
        let error = x - t;
        let size = error.abs();
        if size > delta {
            (delta * (size - half * delta), if error > S::ZERO { delta } else { -delta })
        } else {
            // An error of NaN takes this branch too, and stays NaN.
            (half * error * error, error)
        }
    }
}

/// A delta of 1.
impl Default for Huber {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl<S: Scalar, A: Sample<Element = S>> Loss<A, A> for Huber {
    #[inline(always)]
    fn value(&self, output: &A, target: &A) -> Term<S> {
        let delta = S::from_f64(self.delta);
        mean(output, target, |x, t| Self::pair(delta, x, t).0)
    }

    #[inline(always)]
    fn gradient(&self, output: &A, target: &A, gradient: &mut A) -> Term<S> {
        let delta = S::from_f64(self.delta);
        mean_gradient(output, target, gradient, |x, t| Self::pair(delta, x, t))
    }

    fn check(&self, target: &A) -> Result<(), &'static str> {
        check_finite(target)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        POSITIVE.check::<S>("delta", self.delta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_errors_are_squared_and_large_ones_are_not() {
        let mut gradient = [9.0; 4];
        let term = Huber::new(2.0).gradient(&[1.0, -2.0, 3.0, -1e4], &[0.0; 4], &mut gradient);
        assert_eq!(term.loss, (0.5 + 2.0 + 4.0 + 2.0 * 9999.0) / 4.0);
        assert_eq!(gradient, [0.25, -0.5, 0.5, -0.5]);
    }

    #[test]
    fn delta_must_be_above_0() {
        let valid = |delta| Loss::<[f32; 1], _>::validate(&Huber::new(delta)).is_ok();
        assert!(valid(0.5));
        assert!([0.0, 1e-50, 1e39, f64::NAN, f64::INFINITY].iter().all(|&delta| !valid(delta)));
    }
}
