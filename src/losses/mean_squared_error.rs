//! The mean squared error.

use super::elements::{check_finite, mean, mean_gradient};
use super::{Loss, Term};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The mean of `(x − t)²` over the elements of a sample, for outputs x and targets t of the same shape.
///
/// Its gradient is `2·(x − t) / n`. The usual loss for regression, where errors are normally distributed.
///
/// ```
/// use fnn::losses::{Loss, MeanSquaredError};
///
/// assert_eq!(MeanSquaredError.value(&[3.0, 5.0], &[1.0, 5.0]).loss, 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanSquaredError;

impl<S: Scalar, A: Sample<Element = S>> Loss<A, A> for MeanSquaredError {
    #[inline(always)]
    fn value(&self, output: &A, target: &A) -> Term<S> {
        mean(output, target, |x, t| (x - t) * (x - t))
    }

    #[inline(always)]
    fn gradient(&self, output: &A, target: &A, gradient: &mut A) -> Term<S> {
        mean_gradient(output, target, gradient, |x, t| {
            let error = x - t;
            (error * error, error + error)
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
    fn samples_of_any_shape_are_compared_element_by_element() {
        let (output, target) = ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [6.0, 4.0]]);
        let mut gradient = [[9.0; 2]; 2];
        // (0 + 2² + 3² + 0) / 4
        assert_eq!(MeanSquaredError.gradient(&output, &target, &mut gradient), Term { loss: 3.25, weight: 1.0 });
        assert_eq!(MeanSquaredError.value(&output, &target).loss, 3.25);
        assert_eq!(gradient, [[0.0, 1.0], [-1.5, 0.0]]);
    }

    #[test]
    fn outputs_of_ten_thousand_give_a_finite_loss() {
        let mut gradient = [0.0f32];
        assert_eq!(MeanSquaredError.gradient(&[1e4], &[-1e4], &mut gradient).loss, 4e8);
        assert_eq!(gradient, [4e4]);
    }

    #[test]
    fn targets_must_be_finite() {
        assert_eq!(Loss::<[f32; 2], _>::check(&MeanSquaredError, &[0.0, -1e30]), Ok(()));
        assert!(Loss::<[f32; 2], _>::check(&MeanSquaredError, &[0.0, f32::NAN]).is_err());
        assert!(Loss::<[f32; 2], _>::check(&MeanSquaredError, &[f32::INFINITY, 0.0]).is_err());
    }
}
