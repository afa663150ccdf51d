//! The focal loss of independent yes-or-no outputs.

use super::{power, ratio};
use crate::losses::elements::{mean, mean_gradient};
use crate::losses::{BinaryCrossEntropy, Loss, Term};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, NOT_NEGATIVE, UP_TO_ONE};
use crate::shape::Sample;

/// The mean of `a·(1 − p)^γ·b` over the elements of a sample, for logits x and target probabilities t of the same
/// shape. b is the [`BinaryCrossEntropy`] of x and t, and p is the probability given to the target:
/// `p = t·σ(x) + (1 − t)·σ(−x)`. σ is the sigmoid.
///
/// The factor a is 1, or, with a weight α for the positive targets, `α·t + (1 − α)·(1 − t)`. By default γ = 2 and α =
/// ¼, as in the paper and in torchvision's `sigmoid_focal_loss` with `reduction = "mean"`. With γ = 0 and no α it is
/// the binary cross-entropy.
///
/// Its gradient is `a·(1 − p)^γ·(σ(x) − t + γ·(1 − 2t)·σ(x)·σ(−x)·b / (1 − p)) / n`. It takes logits; a network that
/// ends in `Sigmoid` is a compile error. If all targets are 0 or 1, a sample is correct if x is above 0 exactly where
/// t is 1.
///
/// Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", ICCV 2017.
///
/// ```
/// use fnn::losses::{BinaryFocal, Loss};
///
/// // p = ½: ¼·(½)²·ln 2
/// let term = BinaryFocal::default().value(&[0.0f64], &[1.0]);
/// assert!((term.loss - 0.0625 * core::f64::consts::LN_2).abs() < 1e-15);
/// let term = BinaryFocal::new(1.0).value(&[0.0f64], &[1.0]);
/// assert!((term.loss - 0.5 * core::f64::consts::LN_2).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BinaryFocal {
    /// γ: how strongly well-classified elements are down-weighted. Not negative.
    pub gamma: f64,
    /// α: the weight of positive targets, from 0 to 1; negative targets have 1 − α. Without it, all weights are 1.
    pub alpha: Option<f64>,
}

impl BinaryFocal {
    /// A focal loss with this γ, which must not be negative, and without α.
    #[must_use]
    pub const fn new(gamma: f64) -> Self {
        Self { gamma, alpha: None }
    }

    /// Weight positive targets by `alpha`, from 0 to 1, and negative ones by 1 − `alpha`.
    #[must_use]
    pub const fn alpha(self, alpha: f64) -> Self {
        Self { alpha: Some(alpha), ..self }
    }

    /// The loss of a pair of logit and target, and its derivative.
    #[inline(always)]
    fn of<S: Scalar>(&self) -> impl Fn(S, S) -> (S, S) + use<S> {
        let gamma = S::from_f64(self.gamma);
        // a = yes·t + no·(1 − t)
        let (yes, no) = self.alpha.map_or((1.0, 1.0), |alpha| (alpha, 1.0 - alpha));
        let (yes, no) = (S::from_f64(yes), S::from_f64(no));
        move |x, t| {
            let (p, q, f) = (x.sigmoid(), (-x).sigmoid(), S::ONE - t);
            let surprise = BinaryCrossEntropy::pair(x, t);
            let rest = t * q + f * p;
            let modulation = (yes * t + no * f) * power(rest, gamma);
            // σ(x) − t, computed without cancellation.
            let error = f * p - t * q;
            // σ(x)·σ(−x) / (1 − p) is between 0 and 1. Multiplied first, it keeps the product from overflowing.
            let slope = gamma * (ratio(p * q, rest) * surprise) * (f - t);
            (modulation * surprise, modulation * (error + slope))
        }
    }
}

/// A γ of 2, an α of ¼.
impl Default for BinaryFocal {
    fn default() -> Self {
        Self::new(2.0).alpha(0.25)
    }
}

impl<S: Scalar, A: Sample<Element = S>> Loss<A, A> for BinaryFocal {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &A, target: &A) -> Term<S> {
        let pair = self.of();
        mean(output, target, |x, t| pair(x, t).0)
    }

    #[inline(always)]
    fn gradient(&self, output: &A, target: &A, gradient: &mut A) -> Term<S> {
        mean_gradient(output, target, gradient, self.of())
    }

    fn correct(&self, output: &A, target: &A) -> Option<bool> {
        BinaryCrossEntropy.correct(output, target)
    }

    fn check(&self, target: &A) -> Result<(), &'static str> {
        Loss::<A, A>::check(&BinaryCrossEntropy, target)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        NOT_NEGATIVE.check::<S>("gamma", self.gamma)?;
        self.alpha.map_or(Ok(()), |alpha| UP_TO_ONE.check::<S>("alpha", alpha))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn without_gamma_and_alpha_it_is_the_binary_cross_entropy() {
        let (output, target) = ([0.3, -1.2, 2.5, 0.0], [1.0, 0.0, 0.0, 0.3]);
        let (mut ours, mut theirs) = ([9.0; 4], [9.0; 4]);
        let term = BinaryFocal::new(0.0).gradient(&output, &target, &mut ours);
        assert_relative_eq!(term.loss, BinaryCrossEntropy.gradient(&output, &target, &mut theirs).loss);
        assert_relative_eq!(ours[..], theirs, max_relative = 1e-14);
    }

    #[test]
    fn logits_of_ten_thousand_give_the_closed_form() {
        for gamma in [0.0, 0.5, 2.0] {
            for (x, t, loss, slope) in
                [(1e4, 1.0, 0.0, 0.0), (1e4, 0.0, 1e4, 1.0), (-1e4, 1.0, 1e4, -1.0), (-1e4, 0.0, 0.0, 0.0)]
            {
                let mut gradient = [9.0f32];
                assert_eq!(BinaryFocal::new(gamma).gradient(&[x], &[t], &mut gradient).loss, loss);
                assert_eq!(BinaryFocal::new(gamma).value(&[x], &[t]).loss, loss);
                assert_eq!(gradient, [slope]);
            }
        }
    }

    #[test]
    fn what_is_known_well_keeps_its_digits() {
        // q = e⁻²⁰ / (1 + e⁻²⁰), and the loss is nearly q².
        let loss = BinaryFocal::new(1.0).value(&[20.0f32], &[1.0]).loss;
        assert_relative_eq!(loss, 4.248_354e-18, max_relative = 1e-5);
    }

    #[test]
    fn constants_are_validated() {
        let name = |loss: BinaryFocal| Loss::<[f32; 1], _>::validate(&loss).map_err(|error| error.name);
        assert_eq!(name(BinaryFocal::default()), Ok(()));
        assert_eq!(name(BinaryFocal::new(0.0).alpha(1.0)), Ok(()));
        assert_eq!(name(BinaryFocal::new(2.0).alpha(1.5)), Err("alpha"));
        assert_eq!(name(BinaryFocal::new(-1.0)), Err("gamma"));
        assert_eq!(name(BinaryFocal::new(1.0).alpha(f64::NAN)), Err("alpha"));
    }
}
