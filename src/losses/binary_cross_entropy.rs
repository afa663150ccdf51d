//! Binary cross-entropy: independent yes-or-no outputs.

use super::elements::{all, mean, mean_gradient};
use super::{Loss, Term};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The mean of `−t·ln σ(x) − (1 − t)·ln(1 − σ(x))` over the elements of a sample, for logits x and target
/// probabilities t of the same shape. σ is the sigmoid.
///
/// Its gradient is `(σ(x) − t) / n`. It takes logits, so that nothing overflows and no precision is lost; a network
/// that ends in `Sigmoid` is a compile error. If all targets are 0 or 1, a sample is correct if x is above 0 exactly
/// where t is 1.
///
/// ```
/// use fnn::losses::{BinaryCrossEntropy, Loss};
///
/// // Two logits of 0 know nothing: ln 2.
/// let term = BinaryCrossEntropy.value(&[0.0, 0.0], &[1.0, 0.0]);
/// assert_eq!(term.loss, core::f64::consts::LN_2);
/// assert_eq!(BinaryCrossEntropy.value(&[1e4], &[0.0]).loss, 1e4);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BinaryCrossEntropy;

impl BinaryCrossEntropy {
    /// `softplus(x) − x·t`, whose first two terms cancel exactly where they are large.
    #[inline(always)]
    pub(super) fn pair<S: Scalar>(x: S, t: S) -> S {
        (x.max(S::ZERO) - x * t) + (-x.abs()).exp().ln_1p()
    }
}

impl<S: Scalar, A: Sample<Element = S>> Loss<A, A> for BinaryCrossEntropy {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &A, target: &A) -> Term<S> {
        mean(output, target, Self::pair)
    }

    #[inline(always)]
    fn gradient(&self, output: &A, target: &A, gradient: &mut A) -> Term<S> {
        mean_gradient(output, target, gradient, |x, t| (Self::pair(x, t), x.sigmoid() - t))
    }

    fn correct(&self, output: &A, target: &A) -> Option<bool> {
        let certain = all(target, |t| t == S::ZERO || t == S::ONE);
        // Both comparisons are false for a score of NaN.
        let right = |(&x, &t): (&S, &S)| if t == S::ONE { x > S::ZERO } else { x <= S::ZERO };
        certain.then(|| output.elements().iter().zip(target.elements()).all(right))
    }

    fn check(&self, target: &A) -> Result<(), &'static str> {
        if all(target, |t| t >= S::ZERO && t <= S::ONE) { Ok(()) } else { Err("probabilities from 0 to 1") }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn logits_of_ten_thousand_give_the_closed_form() {
        for (x, t, loss, slope) in [
            (1e4, 1.0, 0.0, 0.0),
            (1e4, 0.0, 1e4, 1.0),
            (-1e4, 1.0, 1e4, -1.0),
            (-1e4, 0.0, 0.0, 0.0),
            (1e4, 0.25, 7500.0, 0.75),
        ] {
            let mut gradient = [9.0f32];
            assert_eq!(BinaryCrossEntropy.gradient(&[x], &[t], &mut gradient).loss, loss);
            assert_eq!(BinaryCrossEntropy.value(&[x], &[t]).loss, loss);
            assert_eq!(gradient, [slope]);
        }
    }

    #[test]
    fn a_small_loss_keeps_its_digits() {
        // ln(1 + e⁻²⁰)
        let loss = BinaryCrossEntropy.value(&[20.0f32], &[1.0]).loss;
        assert_relative_eq!(loss, 2.061_153_6e-9, max_relative = 1e-6);
    }

    #[test]
    fn a_sample_is_right_where_all_its_signs_are() {
        let correct = |output: [f32; 2]| BinaryCrossEntropy.correct(&output, &[1.0, 0.0]);
        assert_eq!(correct([0.1, -3.0]), Some(true));
        assert_eq!(correct([0.1, 3.0]), Some(false));
        assert_eq!(correct([f32::NAN, -3.0]), Some(false));
        assert_eq!(correct([0.1, f32::NAN]), Some(false));
    }

    #[test]
    fn there_is_no_right_answer_to_a_probability() {
        assert_eq!(BinaryCrossEntropy.correct(&[0.1f32, -3.0], &[1.0, 0.2]), None);
    }

    #[test]
    fn targets_must_be_probabilities() {
        let check = |target: [f32; 2]| Loss::<[f32; 2], _>::check(&BinaryCrossEntropy, &target);
        assert_eq!(check([0.0, 1.0]), Ok(()));
        for wrong in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
            assert_eq!(check([0.5, wrong]), Err("probabilities from 0 to 1"));
        }
    }
}
