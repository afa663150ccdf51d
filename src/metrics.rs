//! How good outputs are, in numbers for people: accuracy, the confusion matrix and its report; R² and mean errors.
//!
//! Metrics work on slices of outputs and of what they should have been, on as many as there are of both:
//! `network.forward_all(test.inputs())` and `test.targets()`. A class is the number of an output, and an output's
//! answer is the class of its highest score, the first of equal ones. Scores of which one is NaN, or none is above −∞,
//! are no answer, and count as wrong whatever the target is. A metric of no samples is `None`.

mod confusion;
mod regression;
mod report;

pub use confusion::ConfusionMatrix;
#[cfg(feature = "std")]
pub(crate) use regression::column;
pub use regression::{mean_absolute_error, r_squared, root_mean_squared_error};
pub use report::{ClassScores, ClassificationReport};

use crate::scalar::Scalar;
use crate::shape::Sample;
pub use crate::statistics::highest;

/// The share of samples whose highest score is that of the right class, from 0 to 1; `None` of no samples.
///
/// A single output is no choice between classes, so it is a compile error: it answers yes or no, and has a
/// [`binary_accuracy`].
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

/// The share of samples whose right class has one of the `k` highest scores, from 0 to 1; `None` of no samples.
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

/// The share of samples all of whose outputs are above `threshold` just where their targets, of 0 and 1, are 1; from 0
/// to 1, and `None` of no samples.
///
/// The threshold is 0 for logits, as of a network that is trained with
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
        let (output, target) = (core::slice::from_ref(output), core::slice::from_ref(target));
        let mut pairs = A::flat(output).iter().zip(A::flat(target));
        pairs.all(|(&y, &t)| (y > threshold && t == A::Element::ONE) || (y <= threshold && t == A::Element::ZERO))
    };
    share(outputs.iter().zip(targets).map(right))
}

/// A compile error where there is no choice between classes.
#[track_caller]
pub(crate) const fn assert_classes(classes: usize) {
    assert!(
        classes > 1,
        "one output is no choice between classes: for yes or no, use `binary_accuracy` and `BinaryCrossEntropy`"
    );
}

/// The share of `true`.
fn share(answers: impl Iterator<Item = bool>) -> Option<f64> {
    let (right, all) = answers.fold((0, 0), |(right, all), answer| (right + usize::from(answer), all + 1));
    ratio(right, all)
}

/// `part / whole`, if there is anything.
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
    fn scores_without_an_answer_and_unknown_classes_are_wrong() {
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
