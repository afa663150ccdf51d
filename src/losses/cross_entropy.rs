//! Cross-entropy: one of several classes.

mod weighted;

pub use weighted::WeightedCrossEntropy;

use super::{Loss, Term, check_classes};
use crate::chunks::Chunks;
use crate::kernels::{LANES, copy, softmax_in_place, softmax_normalizer, softmax_of_rows};
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;
use crate::shape::{first, first_mut};
use crate::statistics::highest;

/// `−Σᵢ tᵢ·ln pᵢ` with `p = softmax(x)`, for scores `x: [N]`. The target t is a class (a `usize`, for which tᵢ is 1
/// and all others are 0) or class probabilities `[S; N]`.
///
/// Its gradient with respect to the scores is `p − t`. It takes logits, so that nothing overflows and no precision is
/// lost; a network that ends in `Softmax` is a compile error. A sample is correct if the target class has the highest
/// score. A class of N or more gives a loss of NaN and no gradient; the trainer reports it before training.
///
/// ```
/// use fnn::losses::{CrossEntropy, Loss};
///
/// // Equal scores know nothing: ln 4.
/// let term = CrossEntropy.value(&[7.0; 4], &2);
/// assert_eq!(term.loss, core::f64::consts::LN_2 * 2.0);
/// assert_eq!(CrossEntropy.value(&[1e4, 0.0], &1).loss, 1e4);
/// assert_eq!(CrossEntropy.value(&[1e4, 0.0], &[0.5, 0.5]).loss, 5e3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossEntropy;

impl<S: Scalar, const N: usize> Loss<[S; N], usize> for CrossEntropy {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &[S; N], &class: &usize) -> Term<S> {
        let Some(&score) = output.get(class) else { return nan_loss() };
        let (largest, sum) = softmax_normalizer(output);
        Term::of((largest - score) + sum.ln())
    }

    #[inline(always)]
    fn gradient(&self, output: &[S; N], &class: &usize, gradient: &mut [S; N]) -> Term<S> {
        copy(output, gradient);
        let normalizer = softmax_in_place(gradient);
        of_class(output, class, gradient, normalizer)
    }

    #[inline(always)]
    fn gradients(
        &self,
        outputs: &[[S; N]],
        targets: &[usize],
        gradients: &mut [[S; N]],
        mut each: impl FnMut(Term<S>, Option<bool>),
    ) {
        let count = outputs.len().min(targets.len()).min(gradients.len());
        let (outputs, targets, gradients) = (first(outputs, count), first(targets, count), first_mut(gradients, count));
        for ((outputs, targets), gradients) in
            outputs.parts(LANES).zip(targets.parts(LANES)).zip(gradients.parts_mut(LANES))
        {
            let samples = outputs.iter().zip(targets);
            if N > LANES || outputs.len() < LANES / 2 {
                for ((output, target), gradient) in samples.zip(gradients) {
                    each(self.gradient(output, target, gradient), self.correct(output, target));
                }
                continue;
            }
            copy(outputs, gradients);
            let normalizers = softmax_of_rows(gradients.as_flattened_mut(), N);
            for (((output, target), gradient), normalizer) in samples.zip(gradients).zip(normalizers) {
                each(of_class(output, *target, gradient, normalizer), self.correct(output, target));
            }
        }
    }

    fn correct(&self, output: &[S; N], &class: &usize) -> Option<bool> {
        Some(highest(output) == Some(class))
    }

    fn check(&self, &class: &usize) -> Result<(), &'static str> {
        check_class(class, N)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        check_classes(N)
    }
}

impl<S: Scalar, const N: usize> Loss<[S; N], [S; N]> for CrossEntropy {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &[S; N], target: &[S; N]) -> Term<S> {
        Term::of(value(output, target.iter().copied()))
    }

    #[inline(always)]
    fn gradient(&self, output: &[S; N], target: &[S; N], gradient: &mut [S; N]) -> Term<S> {
        Term::of(self::gradient(output, target.iter().copied(), gradient))
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

/// The loss of a class, and its gradient, from the softmax of the scores.
#[inline(always)]
fn of_class<S: Scalar>(scores: &[S], class: usize, gradient: &mut [S], (largest, sum): (S, S)) -> Term<S> {
    let (Some(&score), Some(g)) = (scores.get(class), gradient.get_mut(class)) else {
        gradient.fill(S::ZERO);
        return nan_loss();
    };
    *g -= S::ONE;
    Term::of((largest - score) + sum.ln())
}

/// `Σᵢ tᵢ·(ln Σⱼ e^xⱼ − xᵢ)`: `−Σᵢ tᵢ·ln pᵢ`.
#[inline(always)]
pub(super) fn value<S: Scalar>(scores: &[S], targets: impl Iterator<Item = S>) -> S {
    let (largest, sum) = softmax_normalizer(scores);
    surprise(scores, targets, largest, sum)
}

/// [`value`], and its gradient `pᵢ·Σⱼ tⱼ − tᵢ`.
#[inline(always)]
pub(super) fn gradient<S: Scalar>(scores: &[S], targets: impl Iterator<Item = S> + Clone, gradient: &mut [S]) -> S {
    copy(scores, gradient);
    let (largest, sum) = softmax_in_place(gradient);
    let total: S = targets.clone().sum();
    for (g, t) in gradient.iter_mut().zip(targets.clone()) {
        *g = *g * total - t;
    }
    surprise(scores, targets, largest, sum)
}

/// `Σᵢ tᵢ·(m − xᵢ + ln s)`, where s is the sum of `e^(xⱼ − m)`: no intermediate is larger than the spread of the
/// scores.
#[inline(always)]
fn surprise<S: Scalar>(scores: &[S], targets: impl Iterator<Item = S>, largest: S, sum: S) -> S {
    let rest = sum.ln();
    // An impossible class may have a score of −∞.
    scores.iter().zip(targets).map(|(&x, t)| if t == S::ZERO { t } else { t * ((largest - x) + rest) }).sum()
}

/// 1 for `class`, 0 for all others.
#[inline(always)]
fn one_hot<S: Scalar, const N: usize>(class: usize) -> impl Iterator<Item = S> + Clone {
    (0..N).map(move |index| if index == class { S::ONE } else { S::ZERO })
}

/// The loss of a class of N or more.
pub(super) fn nan_loss<S: Scalar>() -> Term<S> {
    Term::of(S::from_f64(f64::NAN))
}

/// Whether both have their highest value at the same index. Scores that include NaN have none.
pub(super) fn same_highest<S: Scalar>(output: &[S], target: &[S]) -> bool {
    highest(output).is_some_and(|class| highest(target) == Some(class))
}

/// [`Loss::check`] for a class target.
pub(super) fn check_class(class: usize, classes: usize) -> Result<(), &'static str> {
    if class < classes { Ok(()) } else { Err("a class below the number of outputs") }
}

/// How far a sum of probabilities may be from 1: the rounding error of some thousand classes in `f32`.
const SUM_TOLERANCE: f64 = 1e-3;

pub(super) fn check_probabilities<S: Scalar>(target: &[S]) -> Result<(), &'static str> {
    let sum: f64 = target.iter().map(|t| t.to_f64()).sum();
    let sound = target.iter().all(|&t| t >= S::ZERO && t <= S::ONE) && (sum - 1.0).abs() <= SUM_TOLERANCE;
    if sound { Ok(()) } else { Err("probabilities from 0 to 1 that sum to 1") }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn the_gradient_is_what_the_softmax_is_off_by() {
        // softmax(ln 1, ln 2, ln 5) = (1, 2, 5) / 8
        let scores = [0.0, 2.0f64.ln(), 5.0f64.ln()];
        let mut gradient = [9.0; 3];
        let term = CrossEntropy.gradient(&scores, &1, &mut gradient);
        assert_relative_eq!(term.loss, 4.0f64.ln(), max_relative = 1e-15);
        assert_relative_eq!(gradient[..], [0.125, -0.75, 0.625], max_relative = 1e-15);

        let term = CrossEntropy.gradient(&scores, &[0.5, 0.5, 0.0], &mut gradient);
        assert_relative_eq!(term.loss, 0.5 * 8.0f64.ln() + 0.5 * 4.0f64.ln(), max_relative = 1e-15);
        assert_relative_eq!(gradient[..], [-0.375, -0.25, 0.625], max_relative = 1e-15);
        assert_eq!(CrossEntropy.value(&scores, &[0.5, 0.5, 0.0]), term);
    }

    #[test]
    fn many_samples_have_the_bits_of_each() {
        fn check<S: Scalar, const N: usize>() {
            // Of numbers, the bits are compared; which NaN a formula gives isn't promised.
            let bits = |value: S| if value.to_f64().is_nan() { None } else { Some(value.to_f64().to_bits()) };
            for count in [1, 7, 8, 16, 21, 64] {
                let score = |sample: usize, index: usize| match (sample % 16, index) {
                    (3, 1) => f64::NAN,
                    (5, 0) => f64::INFINITY,
                    (6, 1) => f64::NEG_INFINITY,
                    _ => ((sample * N + index) as f64).sin() * (sample as f64 - 5.0),
                };
                let outputs: Vec<[S; N]> =
                    (0..count).map(|sample| core::array::from_fn(|index| S::from_f64(score(sample, index)))).collect();
                // One class in 16 doesn't exist.
                let classes: Vec<usize> =
                    (0..count).map(|sample| if sample % 16 == 9 { N } else { sample % N }).collect();
                let (mut gradients, mut terms) = (vec![[S::ONE; N]; count], Vec::new());
                CrossEntropy.gradients(&outputs, &classes, &mut gradients, |term, correct| {
                    terms.push((bits(term.loss), correct));
                });
                for (((output, class), gradient), found) in outputs.iter().zip(&classes).zip(&gradients).zip(&terms) {
                    let mut alone = [S::ONE; N];
                    let term = CrossEntropy.gradient(output, class, &mut alone);
                    assert_eq!(gradient.map(bits), alone.map(bits), "{N} classes, {count} samples");
                    assert_eq!(*found, (bits(term.loss), CrossEntropy.correct(output, class)));
                }
                assert_eq!(terms.len(), count);
            }
        }
        fn check_both<const N: usize>() {
            check::<f32, N>();
            check::<f64, N>();
        }
        check_both::<2>();
        check_both::<3>();
        check_both::<10>();
        check_both::<15>();
        check_both::<16>();
        check_both::<17>();
    }

    #[test]
    fn of_outputs_targets_and_gradients_the_fewest_count() {
        for (outputs, targets, gradients) in [(40, 20, 40), (20, 40, 40), (40, 40, 20), (20, 17, 19), (0, 3, 3)] {
            let count = outputs.min(targets).min(gradients);
            let mut found = vec![[9.0f32; 3]; gradients];
            let mut seen = 0;
            CrossEntropy.gradients(&vec![[1.0; 3]; outputs], &vec![1; targets], &mut found, |_, _| seen += 1);
            assert_eq!(seen, count);
            assert!(found[..count].iter().all(|gradient| gradient[1] < 0.0));
            assert!(found[count..].iter().all(|gradient| *gradient == [9.0; 3]));
        }
    }

    #[test]
    fn scores_of_ten_thousand_give_the_closed_form() {
        let mut gradient = [9.0f32; 3];
        assert_eq!(CrossEntropy.gradient(&[1e4, -1e4, 0.0], &1, &mut gradient).loss, 2e4);
        assert_eq!(gradient, [1.0, -1.0, 0.0]);
        assert_eq!(CrossEntropy.gradient(&[1e4, -1e4, 0.0], &0, &mut gradient).loss, 0.0);
        assert_eq!(gradient, [0.0, 0.0, 0.0]);
        assert_eq!(CrossEntropy.gradient(&[-1e4; 3], &[0.0, 0.5, 0.5], &mut gradient).loss, 3.0f32.ln());
        assert_relative_eq!(gradient[..], [1.0 / 3.0, -1.0 / 6.0, -1.0 / 6.0], max_relative = 1e-6);
    }

    #[test]
    fn a_class_ruled_out_by_minus_infinity_costs_nothing() {
        let scores = [0.0, f32::NEG_INFINITY, 0.0];
        let mut gradient = [9.0; 3];
        assert_relative_eq!(CrossEntropy.gradient(&scores, &0, &mut gradient).loss, core::f32::consts::LN_2);
        assert_eq!(gradient, [-0.5, 0.0, 0.5]);
    }

    #[test]
    fn a_score_of_nan_is_a_loss_of_nan() {
        assert!(CrossEntropy.value(&[0.0, f32::NAN], &0).loss.is_nan());
        assert!(CrossEntropy.value(&[0.0, f32::INFINITY], &0).loss.is_nan());
        assert!(CrossEntropy.value(&[0.0, f32::NAN], &[1.0, 0.0]).loss.is_nan());
    }

    #[test]
    fn a_class_that_there_is_not_is_reported_and_gives_no_gradient() {
        let check = |class| Loss::<[f32; 3], usize>::check(&CrossEntropy, &class);
        assert_eq!(check(2), Ok(()));
        assert_eq!(check(3), Err("a class below the number of outputs"));

        let mut gradient = [9.0f32; 3];
        assert!(CrossEntropy.gradient(&[0.0; 3], &3, &mut gradient).loss.is_nan());
        assert!(CrossEntropy.value(&[0.0f32; 3], &usize::MAX).loss.is_nan());
        assert_eq!(gradient, [0.0; 3]);
        assert_eq!(CrossEntropy.correct(&[0.0f32; 3], &3), Some(false));
    }

    #[test]
    fn probabilities_must_be_a_distribution() {
        let check = |target: [f32; 3]| Loss::<[f32; 3], [f32; 3]>::check(&CrossEntropy, &target);
        assert_eq!(check([0.2, 0.3, 0.5]), Ok(()));
        for wrong in [[0.5, 0.6, 0.5], [1.5, -0.5, 0.0], [f32::NAN, 0.5, 0.5], [0.0; 3]] {
            assert_eq!(check(wrong), Err("probabilities from 0 to 1 that sum to 1"));
        }
    }

    #[test]
    fn the_highest_score_decides_and_the_first_of_equals() {
        assert_eq!(CrossEntropy.correct(&[1.0, 3.0, 3.0], &1), Some(true));
        assert_eq!(CrossEntropy.correct(&[1.0, 3.0, 3.0], &2), Some(false));
        assert_eq!(CrossEntropy.correct(&[1.0, 3.0, 2.0], &[0.1, 0.6, 0.3]), Some(true));
        assert_eq!(CrossEntropy.correct(&[1.0, 3.0, 2.0], &[0.6, 0.3, 0.1]), Some(false));
    }
}
