//! The Kullback–Leibler divergence: how far one distribution is from another.

use super::cross_entropy::{check_probabilities, gradient, same_highest, value};
use super::{Loss, Term, check_classes};
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;

/// `Σᵢ tᵢ·(ln tᵢ − ln pᵢ)` with `p = softmax(x)`, for scores `x: [N]` and target probabilities t `[S; N]`. Classes
/// with `tᵢ = 0` contribute nothing.
///
/// It takes *logits or log-probabilities*: softmax maps both to the same p, so `LogSoftmax` at the end of a network
/// makes no difference. It does not take probabilities: a network that ends in `Softmax` or `Sigmoid` is a compile
/// error. Targets are probabilities, not log-probabilities, and are validated before training.
///
/// The mean over a batch is PyTorch's `KLDivLoss(reduction = "batchmean")` of `log_softmax(x)`. The gradient with
/// respect to the scores is `p − t`, the same as for [`CrossEntropy`](crate::losses::CrossEntropy). The two losses
/// differ by the entropy of the targets, which does not depend on the network, so this one reaches 0 where the network
/// matches the targets, as in distillation. A sample is correct if its highest score is at the target's highest
/// probability.
///
/// Kullback and Leibler, "On information and sufficiency", Annals of Mathematical Statistics 22, 1951.
///
/// ```
/// use fnn::losses::{KullbackLeibler, Loss};
///
/// // All that the target says, the scores say too.
/// let scores = [0.75f64.ln() + 5.0, 0.25f64.ln() + 5.0];
/// assert!(KullbackLeibler.value(&scores, &[0.75, 0.25]).loss.abs() < 1e-15);
/// // ln 1 − ln ¼
/// assert!((KullbackLeibler.value(&scores, &[0.0, 1.0]).loss - 4.0f64.ln()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KullbackLeibler;

/// `Σᵢ tᵢ·ln tᵢ`: the negative entropy of the targets.
#[inline(always)]
fn information<S: Scalar>(targets: &[S]) -> S {
    targets.iter().map(|&t| if t == S::ZERO { t } else { t * t.ln() }).sum()
}

impl<S: Scalar, const N: usize> Loss<[S; N], [S; N]> for KullbackLeibler {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &[S; N], target: &[S; N]) -> Term<S> {
        Term::of(value(output, target.iter().copied()) + information(target))
    }

    #[inline(always)]
    fn gradient(&self, output: &[S; N], target: &[S; N], slopes: &mut [S; N]) -> Term<S> {
        Term::of(gradient(output, target.iter().copied(), slopes) + information(target))
    }

    fn correct(&self, output: &[S; N], target: &[S; N]) -> Option<bool> {
        Some(same_highest(output, target))
    }

    fn check(&self, target: &[S; N]) -> Result<(), &'static str> {
        check_probabilities(target)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        check_classes(N)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn logarithms_of_probabilities_are_logits_of_themselves() {
        let (p, t) = ([0.5f64, 0.125, 0.375], [0.25f64, 0.75, 0.0]);
        let expected = 0.25 * (0.25f64 / 0.5).ln() + 0.75 * (0.75f64 / 0.125).ln();
        for shift in [0.0, 3.0, -1e3] {
            let mut gradient = [9.0; 3];
            let term = KullbackLeibler.gradient(&p.map(|p| p.ln() + shift), &t, &mut gradient);
            assert_relative_eq!(term.loss, expected, max_relative = 1e-12);
            assert_relative_eq!(gradient[..], [0.25, -0.625, 0.375], max_relative = 1e-12);
        }
    }

    #[test]
    fn scores_of_ten_thousand_give_the_closed_form() {
        let mut gradient = [9.0f32; 2];
        let term = KullbackLeibler.gradient(&[1e4, -1e4], &[0.0, 1.0], &mut gradient);
        assert_eq!((term.loss, gradient), (2e4, [1.0, -1.0]));
        let term = KullbackLeibler.gradient(&[1e4, -1e4], &[1.0, 0.0], &mut gradient);
        assert_eq!((term.loss, gradient), (0.0, [0.0, 0.0]));
    }

    #[test]
    fn logarithms_are_no_targets() {
        assert_eq!(KullbackLeibler.check(&[0.25f32, 0.75]), Ok(()));
        assert_eq!(KullbackLeibler.check(&[-1.4f32, -0.3]), Err("probabilities from 0 to 1 that sum to 1"));
    }
}
