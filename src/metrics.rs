//! Metrics: accuracy, the confusion matrix and the classification report for classes; ROC, precision–recall and calibration curves
//! for yes-or-no questions; R² and mean errors for regression.
//!
//! Metrics take slices of outputs and targets, such as `network.forward_all(test.inputs())` and `test.targets()`; if
//! one is longer, the rest of it is ignored. A class is the index of an output. The predicted class is the one with
//! the highest score, the first one on ties. If a score is NaN, or all are −∞, there is no prediction, and the sample
//! counts as wrong. Metrics of no samples are `None`.

mod confusion;
#[cfg(feature = "alloc")]
mod curves;
mod regression;
mod report;

pub use confusion::ConfusionMatrix;
#[cfg(feature = "alloc")]
pub use curves::{CalibrationBin, CalibrationCurve, PrecisionRecallCurve, PrecisionRecallPoint, RocCurve, RocPoint};
pub use regression::{mean_absolute_error, r_squared, root_mean_squared_error};
pub use report::{ClassScores, ClassificationReport};

use crate::scalar::Scalar;
use crate::shape::Sample;
pub use crate::statistics::highest;

/// The share of samples whose highest score is that of the target class, from 0 to 1; `None` without samples.
///
/// A single output is a compile error, because it does not choose between classes: use [`binary_accuracy`] for
/// yes-or-no outputs.
///
/// ```
/// use fnn::metrics::accuracy;
///
/// let outputs = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]];
/// assert_eq!(accuracy(&outputs, &[0, 1, 1, 1]), Some(0.75));
/// ```
#[must_use]
#[track_caller]
pub fn accuracy<S: Scalar, const N: usize>(outputs: &[[S; N]], targets: &[usize]) -> Option<f64> {
    const { assert_classes(N) }
    top_k(1, outputs, targets)
}

/// The share of samples whose target class has one of the `k` highest scores, from 0 to 1; `None` without samples.
///
/// ```
/// use fnn::metrics::top_k_accuracy;
///
/// let outputs = [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]];
/// assert_eq!(top_k_accuracy(1, &outputs, &[1, 1]), Some(0.5));
/// assert_eq!(top_k_accuracy(2, &outputs, &[1, 1]), Some(1.0));
/// ```
#[must_use]
#[track_caller]
pub fn top_k_accuracy<S: Scalar, const N: usize>(k: usize, outputs: &[[S; N]], targets: &[usize]) -> Option<f64> {
    const { assert_classes(N) }
    top_k(k, outputs, targets)
}

fn top_k<S: Scalar, const N: usize>(k: usize, outputs: &[[S; N]], targets: &[usize]) -> Option<f64> {
    let right = |(scores, &class): (&[S; N], &usize)| {
        let (Some(&score), Some(_)) = (scores.get(class), highest(scores)) else { return false };
        let higher = |(other, &value): (usize, &S)| value > score || (value == score && other < class);
        scores.iter().enumerate().filter(|&other| higher(other)).count() < k
    };
    share(outputs.iter().zip(targets).map(right))
}

/// The share of samples whose outputs are all above `threshold` exactly where their targets, 0 or 1, are 1; from 0 to
/// 1, and `None` without samples.
///
/// Use a threshold of 0 for logits, as from a network trained with
/// [`BinaryCrossEntropy`](crate::losses::BinaryCrossEntropy), and ½ for probabilities.
///
/// ```
/// use fnn::metrics::binary_accuracy;
///
/// let logits = [[2.0], [-1.0], [0.5], [-0.1]];
/// assert_eq!(binary_accuracy(0.0, &logits, &[[1.0], [0.0], [0.0], [0.0]]), Some(0.75));
/// ```
#[must_use]
pub fn binary_accuracy<A: Sample<Element: Scalar>>(threshold: f64, outputs: &[A], targets: &[A]) -> Option<f64> {
    let threshold = A::Element::from_f64(threshold);
    let right = |(output, target): (&A, &A)| {
        let mut pairs = output.elements().iter().zip(target.elements());
        pairs.all(|(&y, &t)| (y > threshold && t == A::Element::ONE) || (y <= threshold && t == A::Element::ZERO))
    };
    share(outputs.iter().zip(targets).map(right))
}

/// A compile error if there are fewer than two classes.
#[track_caller]
pub(crate) const fn assert_classes(classes: usize) {
    assert!(
        classes > 1,
        "one output does not choose between classes: for yes or no, use `binary_accuracy` and `BinaryCrossEntropy`"
    );
}

/// The share of samples that are right.
fn share(are_right: impl Iterator<Item = bool>) -> Option<f64> {
    let (right, all) = are_right.fold((0, 0), |(right, all), is_right| (right + usize::from(is_right), all + 1));
    ratio(right, all)
}

/// `part / whole`, or `None` if `whole` is 0.
fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_scores_counts() {
        let outputs = [[0.5, 0.5, 0.0]; 3];
        assert_eq!(accuracy(&outputs, &[0, 1, 2]), Some(1.0 / 3.0));
        assert_eq!(top_k_accuracy(2, &outputs, &[0, 1, 2]), Some(2.0 / 3.0));
    }

    #[test]
    fn scores_without_a_prediction_and_unknown_classes_are_wrong() {
        let outputs = [[f32::NAN, 0.0], [f32::NAN, 0.0], [f32::NAN; 2], [f32::NEG_INFINITY; 2], [1.0, 0.0]];
        assert_eq!(accuracy(&outputs, &[0, 1, 0, 0, 2]), Some(0.0));
        for class in 0..2 {
            assert_eq!(top_k_accuracy(5, &[[f32::NAN, 0.0]], &[class]), Some(0.0));
        }
        for target in [0.0, 1.0] {
            assert_eq!(binary_accuracy(0.0, &[[f32::NAN]], &[[target]]), Some(0.0));
        }
    }

    #[test]
    fn one_output_is_right_on_its_side_of_the_threshold() {
        let (outputs, targets) = ([[0.7], [0.2], [0.5], [0.6]], [[1.0], [0.0], [0.0], [0.5]]);
        // A target of ½ is neither yes nor no.
        assert_eq!(binary_accuracy(0.5, &outputs, &targets), Some(0.75));
        assert_eq!(binary_accuracy(0.0, &outputs, &targets), Some(0.25));
    }

    #[test]
    fn as_many_count_as_there_are_both() {
        assert_eq!(accuracy(&[[1.0, 0.0]; 5], &[0, 1]), Some(0.5));
        assert_eq!(accuracy::<f32, 2>(&[], &[]), None);
        assert_eq!(binary_accuracy::<[f32; 1]>(0.0, &[], &[]), None);
    }
}
