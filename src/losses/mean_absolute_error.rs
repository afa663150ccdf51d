//! The mean absolute error.

use super::elements::{check_finite, mean, mean_gradient};
use super::{Loss, Term};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The mean of `|x − t|` over the elements of a sample, for outputs x and targets t of the same shape.
///
/// Its gradient is `±1 / n`, and 0 where `x = t`. It is less sensitive to outliers than the squared error, and its
/// minimum is the median.
///
/// ```
/// use fnn::losses::{Loss, MeanAbsoluteError};
///
/// assert_eq!(MeanAbsoluteError.value(&[3.0, 5.0], &[1.0, 6.0]).loss, 1.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanAbsoluteError;

impl<S: Scalar, A: Sample<Element = S>> Loss<A, A> for MeanAbsoluteError {
    #[inline(always)]
    fn value(&self, output: &A, target: &A) -> Term<S> {
        mean(output, target, |x, t| (x - t).abs())
    }

    #[inline(always)]
    fn gradient(&self, output: &A, target: &A, gradient: &mut A) -> Term<S> {
        mean_gradient(output, target, gradient, |x, t| {
            let sign = if x > t {
                S::ONE
            } else if x < t {
                -S::ONE
            } else {
                S::ZERO
            };
            ((x - t).abs(), sign)
        })
    }

    fn check(&self, target: &A) -> Result<(), &'static str> {
        check_finite(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_the_sign_and_0_at_the_kink() {
        let mut gradient = [9.0; 4];
        let term = MeanAbsoluteError.gradient(&[3.0, -1.0, 2.0, 1e4], &[1.0, 1.0, 2.0, -1e4], &mut gradient);
        assert_eq!(term, Term { loss: 5001.0, weight: 1.0 });
        assert_eq!(gradient, [0.25, -0.25, 0.0, 0.25]);
    }

    #[test]
    fn an_output_of_nan_is_a_loss_of_nan() {
        assert!(MeanAbsoluteError.gradient(&[f32::NAN], &[1.0], &mut [0.0]).loss.is_nan());
    }
}
