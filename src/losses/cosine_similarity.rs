//! Cosine similarity: whether two vectors point the same way.

use super::elements::check_finite;
use super::{Loss, Term};
use crate::kernels::sum_of;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// `1 − cos(x, t)`: 0 where outputs x and targets t of the same shape point in the same direction, 2 where they point
/// in opposite directions. Their lengths do not matter. `cos(x, t) = x·t / (|x|·|t|)`, with `|v|² = Σ vᵢ² + 10⁻¹²`, so
/// that the cosine of a zero vector is 0.
///
/// Its gradient is `cos(x, t)·x / |x|² − t / (|x|·|t|)`, which is orthogonal to x. This is PyTorch's
/// `CosineEmbeddingLoss` for similar pairs (target 1).
///
/// ```
/// use fnn::losses::{CosineSimilarity, Loss};
///
/// let loss = |output: [f64; 2]| CosineSimilarity.value(&output, &[2.0, 0.0]).loss;
/// assert!(loss([100.0, 0.0]).abs() < 1e-12);
/// assert_eq!(loss([0.0, 3.0]), 1.0);
/// assert!((loss([-0.5, 0.0]) - 2.0).abs() < 1e-11);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CosineSimilarity;

/// Added to the squared length, as in PyTorch.
const EPSILON: f64 = 1e-12;

/// 1/|v|
#[inline(always)]
fn reciprocal_length<S: Scalar>(v: &[S]) -> S {
    let squares = sum_of(v, v, |a, b| a * b) + S::from_f64(EPSILON);
    if squares.is_finite() { S::ONE / squares.sqrt() } else { reciprocal_of_long(v) }
}

/// 1/|v| of a vector whose squared length overflows.
#[cold]
fn reciprocal_of_long<S: Scalar>(v: &[S]) -> S {
    let largest = v.iter().fold(S::ZERO, |largest, x| largest.max(x.abs()));
    // The reciprocal of the largest number would lose precision.
    let squares: S = v.iter().map(|&x| x / largest).map(|x| x * x).sum();
    S::ONE / squares.sqrt() / largest
}

/// (cos(x, t), 1/|x|, 1/|t|)
#[inline(always)]
fn cosine<S: Scalar>(x: &[S], t: &[S]) -> (S, S, S) {
    let (by_x, by_t) = (reciprocal_length(x), reciprocal_length(t));
    // Multiplied one after the other, because the product of both lengths may overflow.
    (sum_of(x, t, |x, t| (x * by_x) * (t * by_t)), by_x, by_t)
}

impl<S: Scalar, A: Sample<Element = S>> Loss<A, A> for CosineSimilarity {
    #[inline(always)]
    fn value(&self, output: &A, target: &A) -> Term<S> {
        let (cosine, _, _) = cosine(output.elements(), target.elements());
        Term::of(S::ONE - cosine)
    }

    #[inline(always)]
    fn gradient(&self, output: &A, target: &A, gradient: &mut A) -> Term<S> {
        let (output, target) = (output.elements(), target.elements());
        let (cosine, by_x, by_t) = cosine(output, target);
        let gradient = gradient.elements_mut();
        for (gradient, (&x, &t)) in gradient.iter_mut().zip(output.iter().zip(target)) {
            *gradient = (cosine * (x * by_x) - t * by_t) * by_x;
        }
        Term::of(S::ONE - cosine)
    }

    fn check(&self, target: &A) -> Result<(), &'static str> {
        check_finite(target)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn lengths_do_not_matter() {
        // cos = 24/25
        for (near, far) in [(1.0, 1.0), (1e-3, 1e4), (1e15, 1e18), (1e30, 8e37)] {
            let (output, target) = ([[3.0 * near], [4.0 * near]], [[4.0 * far], [3.0 * far]]);
            let mut gradient = [[9.0f32]; 2];
            let loss = CosineSimilarity.gradient(&output, &target, &mut gradient).loss;
            assert_relative_eq!(loss, 0.04, epsilon = 1e-6);
            // (24/25·3/5 − 4/5, 24/25·4/5 − 3/5) / 5
            assert_relative_eq!(gradient[0][0] * near, -0.0448, epsilon = 1e-6);
            assert_relative_eq!(gradient[1][0] * near, 0.0336, epsilon = 1e-6);
        }
    }

    #[test]
    fn nothing_points_nowhere() {
        let mut gradient = [9.0f32; 2];
        assert_eq!(CosineSimilarity.gradient(&[1.0, 2.0], &[0.0, 0.0], &mut gradient).loss, 1.0);
        assert_eq!(gradient, [0.0, 0.0]);
        let term = CosineSimilarity.gradient(&[0.0, 0.0], &[3.0, -4.0], &mut gradient);
        assert_eq!(term.loss, 1.0);
        // −t / (|x|·|t|), |x| being 10⁻⁶
        assert_relative_eq!(gradient[..], [-6e5, 8e5], max_relative = 1e-6);
    }

    #[test]
    fn an_output_of_nan_is_a_loss_of_nan() {
        assert!(CosineSimilarity.value(&[f32::NAN, 0.0], &[1.0, 0.0]).loss.is_nan());
    }
}
