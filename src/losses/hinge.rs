//! The hinge loss: no loss for answers that are correct by a margin.

use super::cross_entropy::{check_class, nan_loss};
use super::elements::{all, mean, mean_gradient};
use super::{Loss, Term, check_classes};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, POSITIVE};
use crate::shape::Sample;
use crate::statistics::highest;

/// How much a score falls short of a margin m (1 by default), optionally squared.
///
/// - Independent yes-or-no outputs: the mean of `max(0, m − t·x)` over the elements of a sample, for scores x and
///   targets t of −1 or 1 of the same shape. Its gradient is `−t / n` where the score falls short, and 0 elsewhere. A
///   sample is correct if all scores have the signs of their targets.
/// - One of several classes: `Σ max(0, m − x_c + xᵢ) / N` over all classes i except the target class c, a `usize`, for
///   scores `x: [N]`. Its gradient with respect to xᵢ is `1 / N` for each class within the margin, and with respect to
///   x_c `−1 / N` for each of those. A sample is correct if the target class has the highest score. A class of N or
///   more gives a loss of NaN and no gradient; the trainer reports it before training. This is PyTorch's
///   `MultiMarginLoss`.
///
/// [`squared`](Self::squared) replaces `max(0, d)` by `max(0, d)²`, with the derivative `2·max(0, d)`. Scores are
/// unbounded: a network that ends in `Softmax` or `Sigmoid` is a compile error.
///
/// Cortes and Vapnik, "Support-vector networks", Machine Learning 20, 1995; for several classes, Crammer and Singer, "On
/// the algorithmic implementation of multiclass kernel-based vector machines", JMLR 2, 2001, and Weston and Watkins,
/// "Support vector machines for multi-class pattern recognition", ESANN 1999, whose sum this is.
///
/// ```
/// use fnn::losses::{Hinge, Loss};
///
/// // The first is right by more than the margin, the second by less.
/// assert_eq!(Hinge::default().value(&[3.0, -0.5], &[1.0, -1.0]).loss, (0.0 + 0.5) / 2.0);
/// // Class 1 is ahead of class 0 by 4, of class 2 by ½.
/// assert_eq!(Hinge::default().value(&[-1.0, 3.0, 2.5], &1).loss, (0.0 + 0.5) / 3.0);
/// assert_eq!(Hinge::new(2.0).squared().value(&[-1.0, 3.0, 2.5], &1).loss, (0.0 + 2.25) / 3.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hinge {
    /// The margin m, above 0.
    pub margin: f64,
    /// Whether the shortfall is squared.
    pub squared: bool,
}

impl Hinge {
    /// A hinge loss with this margin, which must be above 0.
    #[must_use]
    pub const fn new(margin: f64) -> Self {
        Self { margin, squared: false }
    }

    /// Square the shortfall.
    #[must_use]
    pub const fn squared(self) -> Self {
        Self { squared: true, ..self }
    }

    /// `max(0, d)` or its square for a shortfall d, and the derivative.
    #[inline(always)]
    fn of<S: Scalar>(self, missing: S) -> (S, S) {
        if missing <= S::ZERO {
            (S::ZERO, S::ZERO)
        } else if self.squared {
            (missing * missing, missing + missing)
        } else {
            // NaN takes this branch and stays NaN.
            (missing, S::ONE)
        }
    }
}

/// A margin of 1.
impl Default for Hinge {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl<S: Scalar, A: Sample<Element = S>> Loss<A, A> for Hinge {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &A, target: &A) -> Term<S> {
        let margin = S::from_f64(self.margin);
        mean(output, target, |x, t| self.of(margin - t * x).0)
    }

    #[inline(always)]
    fn gradient(&self, output: &A, target: &A, gradient: &mut A) -> Term<S> {
        let margin = S::from_f64(self.margin);
        mean_gradient(output, target, gradient, |x, t| {
            let (loss, derivative) = self.of(margin - t * x);
            (loss, -t * derivative)
        })
    }

    fn correct(&self, output: &A, target: &A) -> Option<bool> {
        Some(output.elements().iter().zip(target.elements()).all(|(&x, &t)| x * t > S::ZERO))
    }

    fn check(&self, target: &A) -> Result<(), &'static str> {
        if all(target, |t| t.abs() == S::ONE) { Ok(()) } else { Err("targets of −1 or 1") }
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        POSITIVE.check::<S>("margin", self.margin)
    }
}

impl<S: Scalar, const N: usize> Loss<[S; N], usize> for Hinge {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &[S; N], class: &usize) -> Term<S> {
        self.gradient(output, class, &mut { *output })
    }

    #[inline(always)]
    fn gradient(&self, output: &[S; N], &class: &usize, gradient: &mut [S; N]) -> Term<S> {
        let Some(&score) = output.get(class) else {
            gradient.fill(S::ZERO);
            return nan_loss();
        };
        let share = S::from_f64(1.0 / N as f64);
        let margin = S::from_f64(self.margin);
        let (mut sum, mut pull) = (S::ZERO, S::ZERO);
        for (index, (gradient, &x)) in gradient.iter_mut().zip(output).enumerate() {
            let (loss, derivative) = if index == class { (S::ZERO, S::ZERO) } else { self.of(margin + (x - score)) };
            sum += loss;
            pull += derivative;
            *gradient = derivative * share;
        }
        if let Some(own) = gradient.get_mut(class) {
            *own = -pull * share;
        }
        Term::of(sum / S::from_f64(N as f64))
    }

    fn correct(&self, output: &[S; N], &class: &usize) -> Option<bool> {
        Some(highest(output) == Some(class))
    }

    fn check(&self, &class: &usize) -> Result<(), &'static str> {
        check_class(class, N)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        check_classes(N)?;
        POSITIVE.check::<S>("margin", self.margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_by_the_margin_is_left_alone() {
        let mut gradient = [9.0; 4];
        let term = Hinge::new(2.0).gradient(&[2.0, -3.0, 1.5, 1e4], &[1.0, -1.0, 1.0, -1.0], &mut gradient);
        assert_eq!(term.loss, (0.5 + 10_002.0) / 4.0);
        assert_eq!(gradient, [0.0, 0.0, -0.25, 0.25]);
        let term = Hinge::new(2.0).squared().gradient(&[2.0, -3.0, 1.5, -1.0], &[1.0, -1.0, 1.0, 1.0], &mut gradient);
        assert_eq!(term.loss, (0.25 + 9.0) / 4.0);
        assert_eq!(gradient, [0.0, 0.0, -0.25, -1.5]);
    }

    #[test]
    fn classes_that_are_too_near_are_pushed_away() {
        let mut gradient = [9.0f32; 4];
        let term = Hinge::default().gradient(&[0.5, 1.0, -2.0, 1.25], &1, &mut gradient);
        assert_eq!(term.loss, (0.5 + 1.25) / 4.0);
        assert_eq!(gradient, [0.25, -0.5, 0.0, 0.25]);
    }

    #[test]
    fn scores_of_nan_are_a_loss_of_nan() {
        assert!(Hinge::default().value(&[f32::NAN], &[1.0]).loss.is_nan());
        for class in 0..2 {
            assert!(Hinge::default().value(&[0.0, f32::NAN], &class).loss.is_nan());
        }
        let mut gradient = [9.0f32; 2];
        assert!(Hinge::default().gradient(&[0.0, 1.0], &2, &mut gradient).loss.is_nan());
        assert_eq!(gradient, [0.0; 2]);
    }

    #[test]
    fn targets_are_signs_or_classes() {
        let check = |target: [f32; 2]| Loss::<[f32; 2], [f32; 2]>::check(&Hinge::default(), &target);
        assert_eq!(check([-1.0, 1.0]), Ok(()));
        for wrong in [0.0, 0.5, f32::NAN] {
            assert_eq!(check([1.0, wrong]), Err("targets of −1 or 1"));
        }
        assert!(Loss::<[f32; 2], usize>::check(&Hinge::default(), &1).is_ok());
        assert!(Loss::<[f32; 2], usize>::check(&Hinge::default(), &2).is_err());
    }

    #[test]
    fn signs_and_highest_scores_decide() {
        let correct = |output: [f32; 2]| Hinge::default().correct(&output, &[1.0, -1.0]);
        assert_eq!(
            (correct([0.1, -0.1]), correct([0.1, 0.1]), correct([0.0, -1.0])),
            (Some(true), Some(false), Some(false))
        );
        assert_eq!(Hinge::default().correct(&[0.1f32, 0.2], &1), Some(true));
    }

    #[test]
    fn the_margin_must_be_above_0() {
        let valid = |margin| {
            let valid = Loss::<[f32; 2], usize>::validate(&Hinge::new(margin)).is_ok();
            assert_eq!(valid, Loss::<[f32; 2], [f32; 2]>::validate(&Hinge::new(margin)).is_ok());
            valid
        };
        assert!(valid(0.5));
        assert!([0.0, 1e-50, 1e39, f64::NAN].iter().all(|&margin| !valid(margin)));
    }
}
