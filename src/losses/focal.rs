//! The focal loss: one of several classes, where most samples are easy.

mod binary;

pub use binary::BinaryFocal;

use super::cross_entropy::{check_class, nan_loss};
use super::{Loss, Term, check_classes};
use crate::kernels::softmax_in_place;
use crate::kernels::{copy, sum};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, NOT_NEGATIVE};
use crate::statistics::highest;

/// `−(1 − p)^γ·ln p`, where p is the probability that `softmax(x)` of the scores `x: [N]` gives to the target class, a
/// `usize`: [`CrossEntropy`](crate::losses::CrossEntropy) that gives less weight to samples that are already
/// classified well.
///
/// With γ = 0 it is the cross-entropy; the paper uses 2. [`BinaryFocal`] is the loss for yes-or-no outputs, with a
/// weight for each answer.
///
/// Its gradient with respect to score i is `(1 − p)^γ·(1 − γ·p·ln p / (1 − p))·(pᵢ − tᵢ)`, where tᵢ is 1 for the class
/// and 0 for all others. 1 − p is summed over the other classes, so that it stays accurate where p is nearly 1. It
/// takes logits; a network that ends in `Softmax` is a compile error. A sample is correct if the target class has the
/// highest score. A class of N or more gives a loss of NaN and no gradient; the trainer reports it before training.
///
/// Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", ICCV 2017.
///
/// ```
/// use fnn::losses::{Focal, Loss};
///
/// // p = ½: (½)²·ln 2
/// let term = Focal::new(2.0).value(&[7.0f64, 7.0], &1);
/// assert!((term.loss - 0.25 * core::f64::consts::LN_2).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Focal {
    /// γ: how strongly well-classified samples are down-weighted. Not negative.
    pub gamma: f64,
}

impl Focal {
    /// A focal loss with this γ, which must not be negative.
    #[must_use]
    pub const fn new(gamma: f64) -> Self {
        Self { gamma }
    }
}

/// A γ of 2.
impl Default for Focal {
    fn default() -> Self {
        Self::new(2.0)
    }
}

/// `baseᵉ`, for a base from 0 to 1.
#[inline(always)]
fn power<S: Scalar>(base: S, exponent: S) -> S {
    if exponent == S::ZERO { S::ONE } else { (exponent * base.ln()).exp() }
}

/// `a / b`, where b is 1 − p and a goes to 0 with it; the limit is 1.
#[inline(always)]
fn ratio<S: Scalar>(a: S, b: S) -> S {
    if b == S::ZERO { S::ONE } else { a / b }
}

impl<S: Scalar, const N: usize> Loss<[S; N], usize> for Focal {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &[S; N], class: &usize) -> Term<S> {
        self.gradient(output, class, &mut { *output })
    }

    #[inline(always)]
    fn gradient(&self, output: &[S; N], &class: &usize, gradient: &mut [S; N]) -> Term<S> {
        let gamma = S::from_f64(self.gamma);
        copy(output, gradient);
        let (largest, total) = softmax_in_place(gradient);
        let (Some(&score), Some(own)) = (output.get(class), gradient.get_mut(class)) else {
            gradient.fill(S::ZERO);
            return nan_loss();
        };
        let p = core::mem::replace(own, S::ZERO);
        let rest = sum(gradient);
        // Each form is accurate where it is used.
        let near = rest < S::from_f64(0.5);
        let surprise = if near { -(-rest).ln_1p() } else { (largest - score) + total.ln() };
        let modulation = power(rest, gamma);
        let factor = modulation * (S::ONE + gamma * ratio(p * surprise, rest));
        for (index, gradient) in gradient.iter_mut().enumerate() {
            *gradient = factor * if index == class { -rest } else { *gradient };
        }
        Term::of(modulation * surprise)
    }

    fn correct(&self, output: &[S; N], &class: &usize) -> Option<bool> {
        Some(highest(output) == Some(class))
    }

    fn check(&self, &class: &usize) -> Result<(), &'static str> {
        check_class(class, N)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        check_classes(N)?;
        NOT_NEGATIVE.check::<S>("gamma", self.gamma)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::losses::CrossEntropy;

    #[test]
    fn without_gamma_it_is_the_cross_entropy() {
        let scores = [0.3, -1.2, 2.5, 0.0];
        for class in 0..4 {
            let (mut ours, mut theirs) = ([9.0; 4], [9.0; 4]);
            let term = Focal::new(0.0).gradient(&scores, &class, &mut ours);
            let expected = CrossEntropy.gradient(&scores, &class, &mut theirs);
            assert_relative_eq!(term.loss, expected.loss, max_relative = 1e-14);
            assert_relative_eq!(ours[..], theirs, max_relative = 1e-14);
        }
    }

    #[test]
    fn what_is_known_well_keeps_its_digits() {
        // q = e⁻²⁰ / (1 + e⁻²⁰), and the loss is q·(−ln(1 − q)), nearly q².
        let mut gradient = [9.0f32; 2];
        let loss = Focal::new(1.0).gradient(&[20.0, 0.0], &0, &mut gradient).loss;
        assert_relative_eq!(loss, 4.248_354e-18, max_relative = 1e-5);
        // q·(1 + 1)·q
        assert_relative_eq!(gradient[..], [-8.496_708e-18, 8.496_708e-18], max_relative = 1e-5);
    }

    #[test]
    fn scores_of_ten_thousand_give_the_closed_form() {
        let mut gradient = [9.0f32; 3];
        assert_eq!(Focal::default().gradient(&[1e4, -1e4, 0.0], &1, &mut gradient).loss, 2e4);
        assert_eq!(gradient, [1.0, -1.0, 0.0]);
        for gamma in [0.5, 1.0, 2.0] {
            assert_eq!(Focal::new(gamma).gradient(&[1e4, -1e4, 0.0], &0, &mut gradient).loss, 0.0);
            assert_eq!(gradient, [0.0; 3]);
        }
    }

    #[test]
    fn a_score_of_nan_is_a_loss_of_nan() {
        assert!(Focal::default().value(&[0.0, f32::NAN], &0).loss.is_nan());
        assert!(Focal::default().value(&[0.0, f32::NAN], &1).loss.is_nan());
        assert!(Focal::default().value(&[0.0, f32::INFINITY], &0).loss.is_nan());
    }

    #[test]
    fn a_class_that_there_is_not_is_reported_and_gives_no_gradient() {
        assert_eq!(Loss::<[f32; 3], usize>::check(&Focal::default(), &2), Ok(()));
        assert_eq!(Loss::<[f32; 3], usize>::check(&Focal::default(), &3), Err("a class below the number of outputs"));
        let mut gradient = [9.0f32; 3];
        assert!(Focal::default().gradient(&[0.0; 3], &3, &mut gradient).loss.is_nan());
        assert_eq!(gradient, [0.0; 3]);
    }

    #[test]
    fn gamma_must_not_be_negative() {
        let valid = |gamma| Loss::<[f32; 3], usize>::validate(&Focal::new(gamma)).is_ok();
        assert!(valid(0.0) && valid(2.0));
        assert!([-0.5, f64::NAN, f64::INFINITY, 1e39].iter().all(|&gamma| !valid(gamma)));
    }
}
