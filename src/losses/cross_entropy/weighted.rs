//! Cross-entropy with class weights, label smoothing, or both.

use super::{CrossEntropy, check_probabilities, gradient, nan_loss, one_hot, same_highest, value};
use crate::losses::{Loss, Term, check_classes};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, NOT_NEGATIVE, POSITIVE, UP_TO_ONE};

/// [`CrossEntropy`] with class weights and label smoothing: `−Σᵢ wᵢ·((1 − ε)·tᵢ + ε/N)·ln pᵢ`, with class weights w
/// and smoothing ε.
///
/// For class targets, the mean over a batch is weighted by the class weights of the targets; for probabilities, it is
/// a plain mean. This matches PyTorch.
///
/// ```
/// use fnn::losses::{CrossEntropy, Loss};
///
/// let loss = CrossEntropy.class_weights([1.0, 3.0]).label_smoothing(0.5);
/// let term = loss.value(&[0.0, 0.0], &1);
/// // (1·0.25 + 3·0.75)·ln 2, with the weight of class 1
/// assert_eq!((term.loss, term.weight), (2.5 * core::f64::consts::LN_2, 3.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct WeightedCrossEntropy<const N: usize> {
    /// The weight of each class. Not negative, and not all 0.
    pub class_weights: [f64; N],
    /// The share of each target that is spread evenly over all classes, from 0 to 1.
    pub label_smoothing: f64,
}

impl CrossEntropy {
    /// Count a sample of class i as `weights[i]` samples: give rare classes larger weights. There is one weight per
    /// output.
    #[must_use]
    pub const fn class_weights<const N: usize>(self, weights: [f64; N]) -> WeightedCrossEntropy<N> {
        WeightedCrossEntropy { class_weights: weights, label_smoothing: 0.0 }
    }

    /// Spread a share of `smoothing`, from 0 to 1, of each target evenly over all N classes, so that scores do not
    /// need to grow without bound.
    ///
    /// Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception architecture", CVPR 2016.
    #[must_use]
    pub const fn label_smoothing<const N: usize>(self, smoothing: f64) -> WeightedCrossEntropy<N> {
        WeightedCrossEntropy { class_weights: [1.0; N], label_smoothing: smoothing }
    }
}

impl<const N: usize> WeightedCrossEntropy<N> {
    /// See [`CrossEntropy::class_weights`].
    #[must_use]
    pub const fn class_weights(self, weights: [f64; N]) -> Self {
        Self { class_weights: weights, ..self }
    }

    /// See [`CrossEntropy::label_smoothing`].
    #[must_use]
    pub const fn label_smoothing(self, smoothing: f64) -> Self {
        Self { label_smoothing: smoothing, ..self }
    }

    /// `wᵢ·((1 − ε)·tᵢ + ε/N)`
    #[inline(always)]
    fn weigh<S: Scalar>(&self, targets: impl Iterator<Item = S> + Clone) -> impl Iterator<Item = S> + Clone {
        let kept = S::from_f64(1.0 - self.label_smoothing);
        let given = S::from_f64(self.label_smoothing / N as f64);
        self.class_weights.iter().zip(targets).map(move |(&weight, t)| S::from_f64(weight) * (kept * t + given))
    }

    fn validate_as<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        check_classes(N)?;
        self.class_weights.iter().try_for_each(|&weight| NOT_NEGATIVE.check::<S>("class weight", weight))?;
        let largest = self.class_weights.iter().fold(0.0, |largest: f64, &weight| largest.max(weight));
        POSITIVE.check::<S>("largest class weight", largest)?;
        UP_TO_ONE.check::<S>("label smoothing", self.label_smoothing)
    }
}

impl<S: Scalar, const N: usize> Loss<[S; N], usize> for WeightedCrossEntropy<N> {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &[S; N], &class: &usize) -> Term<S> {
        let Some(&weight) = self.class_weights.get(class) else { return nan_loss() };
        let loss = value(output, self.weigh(one_hot::<S, N>(class)));
        Term { loss, weight: S::from_f64(weight) }
    }

    #[inline(always)]
    fn gradient(&self, output: &[S; N], &class: &usize, gradient: &mut [S; N]) -> Term<S> {
        let Some(&weight) = self.class_weights.get(class) else {
            gradient.fill(S::ZERO);
            return nan_loss();
        };
        let loss = super::gradient(output, self.weigh(one_hot::<S, N>(class)), gradient);
        Term { loss, weight: S::from_f64(weight) }
    }

    fn correct(&self, output: &[S; N], class: &usize) -> Option<bool> {
        CrossEntropy.correct(output, class)
    }

    fn check(&self, class: &usize) -> Result<(), &'static str> {
        Loss::<[S; N], usize>::check(&CrossEntropy, class)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        self.validate_as::<S>()
    }
}

impl<S: Scalar, const N: usize> Loss<[S; N], [S; N]> for WeightedCrossEntropy<N> {
    const TAKES_LOGITS: bool = true;

    #[inline(always)]
    fn value(&self, output: &[S; N], target: &[S; N]) -> Term<S> {
        Term::of(value(output, self.weigh(target.iter().copied())))
    }

    #[inline(always)]
    fn gradient(&self, output: &[S; N], target: &[S; N], gradient: &mut [S; N]) -> Term<S> {
        Term::of(self::gradient(output, self.weigh(target.iter().copied()), gradient))
    }

    fn correct(&self, output: &[S; N], target: &[S; N]) -> Option<bool> {
        Some(same_highest(output, target))
    }

    fn check(&self, target: &[S; N]) -> Result<(), &'static str> {
        check_probabilities(target)
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        self.validate_as::<S>()
    }
}

#[cfg(test)]
mod tests {
    use core::f64::consts::LN_2;

    use approx::assert_relative_eq;

    use super::*;

    /// Scores whose softmax is (1, 2, 5) / 8.
    fn scores() -> [f64; 3] {
        [0.0, 2.0f64.ln(), 5.0f64.ln()]
    }

    /// −ln of those probabilities.
    fn surprises() -> [f64; 3] {
        [3.0 * LN_2, 2.0 * LN_2, 8.0f64.ln() - 5.0f64.ln()]
    }

    #[test]
    fn the_mean_over_a_batch_is_weighted_by_the_classes() {
        let loss = CrossEntropy.class_weights([4.0, 1.0, 0.5]);
        let mut sum = Term::default();
        for class in [0, 2, 2] {
            sum += loss.value(&scores(), &class);
        }
        let [a, _, c] = surprises();
        assert_relative_eq!(sum.mean(), (4.0 * a + 0.5 * c + 0.5 * c) / 5.0, max_relative = 1e-15);
    }

    #[test]
    fn smoothing_gives_a_part_of_the_target_to_all_classes() {
        let loss = CrossEntropy.label_smoothing(0.3);
        let mut gradient = [9.0; 3];
        let term = loss.gradient(&scores(), &1, &mut gradient);
        let [a, b, c] = surprises();
        assert_relative_eq!(term.loss, 0.1 * a + 0.8 * b + 0.1 * c, max_relative = 1e-15);
        assert_eq!(term.weight, 1.0);
        assert_relative_eq!(gradient[..], [0.125 - 0.1, 0.25 - 0.8, 0.625 - 0.1], max_relative = 1e-14);
        assert_eq!(loss.value(&scores(), &1), term);
    }

    #[test]
    fn probabilities_are_weighted_but_their_mean_is_not() {
        let loss = CrossEntropy.class_weights([4.0, 1.0, 0.5]).label_smoothing(0.3);
        let mut gradient = [9.0; 3];
        let term = loss.gradient(&scores(), &[0.5, 0.0, 0.5], &mut gradient);
        let [a, b, c] = surprises();
        // (1 − 0.3)·t + 0.3/3, times the weights
        let t = [4.0 * 0.45, 0.1, 0.5 * 0.45];
        assert_relative_eq!(term.loss, t[0] * a + t[1] * b + t[2] * c, max_relative = 1e-15);
        assert_eq!(term.weight, 1.0);
        let total: f64 = t.iter().sum();
        let expected = [0.125 * total - t[0], 0.25 * total - t[1], 0.625 * total - t[2]];
        assert_relative_eq!(gradient[..], expected, max_relative = 1e-14);
    }

    #[test]
    fn weights_of_1_without_smoothing_are_plain_cross_entropy() {
        let loss = CrossEntropy.class_weights([1.0; 3]);
        let (mut weighted, mut plain) = ([9.0; 3], [9.0; 3]);
        let scores = [3.0f32, -1e4, 1e4];
        for class in 0..3 {
            assert_eq!(
                loss.gradient(&scores, &class, &mut weighted),
                CrossEntropy.gradient(&scores, &class, &mut plain)
            );
            assert_eq!(weighted, plain);
        }
    }

    #[test]
    fn scores_of_ten_thousand_give_the_closed_form() {
        let loss = CrossEntropy.class_weights([1.0, 2.0]).label_smoothing(0.5);
        let mut gradient = [9.0f32; 2];
        // 1·0.25·2·10⁴
        assert_eq!(loss.gradient(&[-1e4, 1e4], &1, &mut gradient), Term { loss: 5e3, weight: 2.0 });
        assert_eq!(gradient, [-0.25, 0.25]);
    }

    #[test]
    fn a_class_that_there_is_not_gives_no_gradient() {
        let loss = CrossEntropy.class_weights([1.0, 2.0]);
        let mut gradient = [9.0; 2];
        assert!(loss.gradient(&[0.0f64; 2], &2, &mut gradient).loss.is_nan());
        assert!(loss.value(&[0.0f64; 2], &2).loss.is_nan());
        assert_eq!(gradient, [0.0; 2]);
        assert!(Loss::<[f64; 2], usize>::check(&loss, &2).is_err());
    }

    #[test]
    fn invalid_settings_are_named() {
        let name = |loss: WeightedCrossEntropy<2>| Loss::<[f32; 2], usize>::validate(&loss).map_err(|error| error.name);
        assert_eq!(name(CrossEntropy.class_weights([0.0, 2.0]).label_smoothing(1.0)), Ok(()));
        for wrong in [-1.0, f64::NAN, 1e39] {
            assert_eq!(name(CrossEntropy.class_weights([1.0, wrong])), Err("class weight"));
        }
        for wrong in [0.0, 1e-50] {
            assert_eq!(name(CrossEntropy.class_weights([0.0, wrong])), Err("largest class weight"));
        }
        let one = Loss::<[f64; 1], usize>::validate(&CrossEntropy.class_weights([1.0])).unwrap_err().to_string();
        assert_eq!(one, "number of classes (outputs): expected at least 2, found 1");
        assert_eq!(name(CrossEntropy.label_smoothing(1.5)), Err("label smoothing"));
        assert_eq!(name(CrossEntropy.label_smoothing(f64::NAN)), Err("label smoothing"));
    }
}
