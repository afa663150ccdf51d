//! How good outputs are, in numbers for people: accuracy, the confusion matrix, R².
//!
//! Metrics work on slices of outputs and of what they should have been, on as many as there are of both:
//! `network.forward_all(test.inputs())` and `test.targets()`. A class is the number of an output, and an output's
//! answer is the class of its highest score, the first of equal ones.

mod confusion;

pub use confusion::ConfusionMatrix;

use crate::scalar::Scalar;
use crate::shape::Sample;

/// The share of samples whose highest score is that of the right class, from 0 to 1; 0 of no samples.
///
/// ```
/// use fnn::metrics::accuracy;
///
/// let outputs = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]];
/// assert_eq!(accuracy(&outputs, &[0, 1, 1, 1]), 0.75);
/// ```
#[must_use]
pub fn accuracy<S: Scalar, const N: usize>(outputs: &[[S; N]], targets: &[usize]) -> f64 {
    top_k_accuracy(1, outputs, targets)
}

/// The share of samples whose right class has one of the `k` highest scores, from 0 to 1; 0 of no samples.
///
/// A score that is undefined is never among them.
///
/// ```
/// use fnn::metrics::top_k_accuracy;
///
/// let outputs = [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]];
/// assert_eq!(top_k_accuracy(1, &outputs, &[1, 1]), 0.5);
/// assert_eq!(top_k_accuracy(2, &outputs, &[1, 1]), 1.0);
/// ```
#[must_use]
pub fn top_k_accuracy<S: Scalar, const N: usize>(k: usize, outputs: &[[S; N]], targets: &[usize]) -> f64 {
    let right = |(scores, &class): (&[S; N], &usize)| {
        let Some(&score) = scores.get(class) else { return false };
        let higher = |(other, &value): (usize, &S)| value > score || (value == score && other < class);
        !score.to_f64().is_nan() && scores.iter().enumerate().filter(|&other| higher(other)).count() < k
    };
    let samples = outputs.len().min(targets.len());
    ratio(outputs.iter().zip(targets).filter(|&pair| right(pair)).count(), samples).unwrap_or(0.0)
}

/// The class of the highest score: the first of equal ones, and 0 where no score is higher than −∞.
///
/// ```
/// assert_eq!(fnn::metrics::highest(&[0.1, 0.7, 0.2]), 1);
/// ```
#[must_use]
pub fn highest<S: Scalar>(scores: &[S]) -> usize {
    let mut best: Option<(usize, S)> = None;
    for (class, &score) in scores.iter().enumerate() {
        if score.partial_cmp(&score).is_some() && best.is_none_or(|(_, best)| score > best) {
            best = Some((class, score));
        }
    }
    best.map_or(0, |(class, _)| class)
}

/// R², the share of the targets' variance that outputs explain: 1 is perfect, 0 as good as always answering the mean,
/// and below 0 is worse. `None` where a target doesn't vary.
///
/// `1 − Σ(t − y)² / Σ(t − t̄)²` for each element of a sample, and the mean over the elements.
///
/// ```
/// use fnn::metrics::r_squared;
///
/// let targets = [[3.0], [-0.5], [2.0], [7.0]];
/// let outputs = [[2.5], [0.0], [2.0], [8.0]];
/// assert!((r_squared(&outputs, &targets).unwrap() - 0.948_608_137).abs() < 1e-9);
/// assert_eq!(r_squared(&[[1.0], [2.0]], &[[5.0], [5.0]]), None);
/// ```
#[must_use]
pub fn r_squared<A: Sample<Element: Scalar>>(outputs: &[A], targets: &[A]) -> Option<f64> {
    let samples = outputs.len().min(targets.len());
    let (outputs, targets) = (&outputs[..samples], &targets[..samples]);
    let mut sum = 0.0;
    for element in 0..A::LENGTH {
        let mean = column(targets, element).sum::<f64>() / samples as f64;
        let total: f64 = column(targets, element).map(|t| (t - mean) * (t - mean)).sum();
        let pairs = column(outputs, element).zip(column(targets, element));
        let left: f64 = pairs.map(|(y, t)| (t - y) * (t - y)).sum();
        if samples == 0 || total <= 0.0 {
            return None;
        }
        sum += 1.0 - left / total;
    }
    (A::LENGTH > 0).then(|| sum / A::LENGTH as f64)
}

/// One element of each sample.
fn column<A: Sample<Element: Scalar>>(samples: &[A], element: usize) -> impl Iterator<Item = f64> {
    A::flat(samples).iter().skip(element).step_by(A::LENGTH).map(|value| value.to_f64())
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
        assert_eq!(accuracy(&outputs, &[0, 1, 2]), 1.0 / 3.0);
        assert_eq!(top_k_accuracy(2, &outputs, &[0, 1, 2]), 2.0 / 3.0);
        assert_eq!(highest(&outputs[0]), 0);
    }

    #[test]
    fn undefined_scores_and_unknown_classes_are_wrong() {
        assert_eq!(accuracy(&[[f32::NAN, 0.0], [f32::NAN; 2], [1.0, 0.0]], &[0, 0, 2]), 0.0);
        assert_eq!(top_k_accuracy(5, &[[f32::NAN, 0.0]], &[0]), 0.0);
        assert_eq!(highest(&[f32::NAN, -1.0, -2.0]), 1);
        assert_eq!(highest(&[f32::NAN]), 0);
    }

    #[test]
    fn as_many_count_as_there_are_both() {
        assert_eq!(accuracy(&[[1.0, 0.0]; 5], &[0, 1]), 0.5);
        assert_eq!(accuracy::<f32, 2>(&[], &[]), 0.0);
        assert_eq!(r_squared::<[f32; 1]>(&[], &[]), None);
    }

    /// The values of scikit-learn's `r2_score`, from its documentation.
    #[test]
    fn r_squared_of_several_outputs_is_their_mean() {
        let targets = [[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]];
        let outputs = [[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]];
        let expected = (0.965_438_8 + 0.908_163_3) / 2.0;
        assert!((r_squared(&outputs, &targets).unwrap() - expected).abs() < 1e-6);
        assert_eq!(r_squared(&targets, &targets), Some(1.0));
    }
}
