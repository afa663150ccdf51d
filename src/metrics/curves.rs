//! Curves for a yes-or-no question: over thresholds of a score, and over predicted probabilities. A sample is positive if its true
//! label is `true`.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The scores with their labels, highest first, and how many samples are positive. `None` if a score is NaN.
fn ranked(scores: impl IntoIterator<Item = (f64, bool)>) -> Option<(Vec<(f64, bool)>, usize)> {
    let mut ranked: Vec<_> = scores.into_iter().collect();
    if ranked.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let positive = ranked.iter().filter(|(_, is_positive)| *is_positive).count();
    Some((ranked, positive))
}

/// For each different score, from the highest: how many of the samples that reach it are positive, and how many negative.
fn counts(ranked: &[(f64, bool)]) -> impl Iterator<Item = (f64, usize, usize)> {
    let (mut positive, mut negative) = (0, 0);
    let same = |(one, _): &(f64, bool), (other, _): &(f64, bool)| one == other;
    ranked.chunk_by(same).filter_map(move |equal| {
        let more = equal.iter().filter(|(_, is_positive)| *is_positive).count();
        (positive, negative) = (positive + more, negative + equal.len() - more);
        Some((equal.first()?.0, positive, negative))
    })
}

/// The receiver operating characteristic: for each threshold, how many of the positive samples reach it, against how many of
/// the negative ones.
///
/// ```
/// use fnn::metrics::RocCurve;
///
/// let scores = [(0.9, true), (0.8, true), (0.7, false), (0.3, true), (0.1, false)];
/// // Of the six pairs of a positive and a negative sample, five are in the right order.
/// let area = RocCurve::of(scores).map_or(0.0, |curve| curve.area());
/// assert!((area - 5.0 / 6.0).abs() < 1e-12);
/// ```
///
/// From the outputs of a network with one output, pass `outputs.iter().zip(targets).map(|([y], [t])| (f64::from(*y), *t ==
/// 1.0))`. Fawcett, "An introduction to ROC analysis", Pattern Recognition
/// Letters 27, 2006.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RocCurve {
    /// The points, from the highest threshold, which no sample reaches, to the lowest.
    pub points: Vec<RocPoint>,
}

/// A point of a [`RocCurve`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RocPoint {
    /// Samples whose score is at least this are called positive.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_number"))]
    pub threshold: f64,
    /// The share of negative samples that are called positive, from 0 to 1.
    pub false_positive_rate: f64,
    /// The share of positive samples that are called positive, from 0 to 1: the recall.
    pub true_positive_rate: f64,
}

impl RocCurve {
    /// The curve of scores with their true labels. `None` unless there are both positive and negative samples, or if a
    /// score is NaN.
    #[must_use]
    pub fn of(scores: impl IntoIterator<Item = (f64, bool)>) -> Option<Self> {
        let (ranked, all_positive) = ranked(scores)?;
        let all_negative = ranked.len() - all_positive;
        if all_positive == 0 || all_negative == 0 {
            return None;
        }
        let point = |(threshold, positive, negative): (f64, usize, usize)| RocPoint {
            threshold,
            false_positive_rate: negative as f64 / all_negative as f64,
            true_positive_rate: positive as f64 / all_positive as f64,
        };
        let first = point((f64::INFINITY, 0, 0));
        Some(Self { points: core::iter::once(first).chain(counts(&ranked).map(point)).collect() })
    }

    /// The area under the curve, from 0 to 1: the probability that a positive sample has a higher score than a negative
    /// one, where equal scores count as half. By the trapezoidal rule, like scikit-learn's `roc_auc_score`.
    #[must_use]
    pub fn area(&self) -> f64 {
        let trapezoid = |pair: &[RocPoint]| match pair {
            [one, next] => {
                let width = next.false_positive_rate - one.false_positive_rate;
                0.5 * width * (one.true_positive_rate + next.true_positive_rate)
            }
            _ => 0.0,
        };
        self.points.windows(2).map(trapezoid).sum()
    }
}

/// Precision against recall, for each threshold.
///
/// ```
/// use fnn::metrics::PrecisionRecallCurve;
///
/// let scores = [(0.9, true), (0.8, false), (0.7, true), (0.1, false)];
/// // (1 + 2/3) / 2
/// let curve = PrecisionRecallCurve::of(scores).unwrap();
/// assert!((curve.average_precision() - 5.0 / 6.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PrecisionRecallCurve {
    /// The points, from the highest threshold to the lowest.
    pub points: Vec<PrecisionRecallPoint>,
}

/// A point of a [`PrecisionRecallCurve`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PrecisionRecallPoint {
    /// Samples whose score is at least this are called positive.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_number"))]
    pub threshold: f64,
    /// The share of samples called positive that are positive, from 0 to 1.
    pub precision: f64,
    /// The share of positive samples that are called positive, from 0 to 1.
    pub recall: f64,
}

impl PrecisionRecallCurve {
    /// The curve of scores with their true labels. `None` unless there are positive samples, or if a score is NaN.
    #[must_use]
    pub fn of(scores: impl IntoIterator<Item = (f64, bool)>) -> Option<Self> {
        let (ranked, all_positive) = ranked(scores)?;
        let point = |(threshold, positive, negative): (f64, usize, usize)| PrecisionRecallPoint {
            threshold,
            precision: positive as f64 / (positive + negative) as f64,
            recall: positive as f64 / all_positive as f64,
        };
        (all_positive > 0).then(|| Self { points: counts(&ranked).map(point).collect() })
    }

    /// The precision, averaged over the steps of the recall, from 0 to 1: `Σ (Rₙ − Rₙ₋₁)·Pₙ`, like scikit-learn's
    /// `average_precision_score`.
    #[must_use]
    pub fn average_precision(&self) -> f64 {
        let mut recall = 0.0;
        let step = |point: &PrecisionRecallPoint| {
            let step = point.recall - recall;
            recall = point.recall;
            step * point.precision
        };
        self.points.iter().map(step).sum()
    }
}

/// How often events happen, against the probability that was predicted for them.
///
/// ```
/// use fnn::metrics::CalibrationCurve;
///
/// let probabilities = [(0.1, false), (0.2, false), (0.8, true), (0.9, false)];
/// let curve = CalibrationCurve::of(probabilities, 2).unwrap();
/// assert_eq!((curve.bins[1].share, curve.bins[1].samples), (0.5, 2));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CalibrationCurve {
    /// The bins that contain samples, from the lowest probability.
    pub bins: Vec<CalibrationBin>,
    /// The mean squared difference of probability and outcome, from 0 (perfect) to 1. Brier, "Verification of forecasts expressed in
    /// terms of probability", Monthly Weather Review 78, 1950.
    pub brier_score: f64,
}

/// The samples with similar probabilities, in a [`CalibrationCurve`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CalibrationBin {
    /// The mean of the predicted probabilities.
    pub probability: f64,
    /// The share of samples that are positive, from 0 to 1.
    pub share: f64,
    /// The number of samples.
    pub samples: usize,
}

impl CalibrationCurve {
    /// The curve of predicted probabilities with their true labels, in `bins` intervals of equal width (the upper end
    /// belongs to an interval, like in scikit-learn's `calibration_curve`). `None` without samples or bins, or if a
    /// probability is not between 0 and 1.
    #[must_use]
    pub fn of(probabilities: impl IntoIterator<Item = (f64, bool)>, bins: usize) -> Option<Self> {
        let mut sums = BTreeMap::<usize, (f64, usize, usize)>::new();
        let (mut squares, mut all) = (0.0, 0_usize);
        for (probability, is_positive) in probabilities {
            if bins == 0 || !(0.0..=1.0).contains(&probability) {
                return None;
            }
            let upper = |bin: usize| bin as f64 / bins as f64;
            // The first one whose upper end isn't below it, counted from 1. The product may be rounded past an end.
            let mut bin = (libm::ceil(probability * bins as f64) as usize).clamp(1, bins);
            while bin > 1 && probability <= upper(bin - 1) {
                bin -= 1;
            }
            while bin < bins && probability > upper(bin) {
                bin += 1;
            }
            let (sum, positive, samples) = sums.entry(bin).or_default();
            *sum += probability;
            *positive += usize::from(is_positive);
            *samples += 1;
            let outcome = if is_positive { 1.0 } else { 0.0 };
            squares += (probability - outcome) * (probability - outcome);
            all += 1;
        }
        let bins = sums.into_values().map(|(sum, positive, samples)| CalibrationBin {
            probability: sum / samples as f64,
            share: positive as f64 / samples as f64,
            samples,
        });
        (all > 0).then(|| Self { bins: bins.collect(), brier_score: squares / all as f64 })
    }

    /// The expected calibration error: the difference between predicted probability and share of positive samples in each bin,
    /// averaged over all samples, from 0 to 1. Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
    /// Bayesian binning", AAAI 2015.
    #[must_use]
    pub fn expected_calibration_error(&self) -> f64 {
        let all: usize = self.bins.iter().map(|bin| bin.samples).sum();
        let error = |bin: &CalibrationBin| bin.samples as f64 * (bin.probability - bin.share).abs();
        self.bins.iter().map(error).sum::<f64>() / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_need_both_labels_and_numbers() {
        assert_eq!(RocCurve::of([(0.5, true)]), None);
        assert_eq!(RocCurve::of([(0.5, false)]), None);
        assert_eq!(RocCurve::of([(f64::NAN, true), (0.5, false)]), None);
        assert_eq!(PrecisionRecallCurve::of([(0.5, false)]), None);
        assert_eq!(CalibrationCurve::of([], 5), None);
        assert_eq!(CalibrationCurve::of([(0.5, true)], 0), None);
        assert_eq!(CalibrationCurve::of([(1.5, true)], 5), None);
        assert_eq!(CalibrationCurve::of([(f64::NAN, true)], 5), None);
    }

    #[test]
    fn as_many_bins_as_there_are_numbers_are_no_memory() {
        let probabilities = [(0.25, true), (1.0, true), (0.0, false), (0.5, false)];
        let curve = CalibrationCurve::of(probabilities, usize::MAX).unwrap();
        assert_eq!(curve.bins.iter().map(|bin| bin.probability).collect::<Vec<_>>(), [0.0, 0.25, 0.5, 1.0]);
        assert_eq!(CalibrationCurve::of(probabilities, 0), None);
        // The upper end of each bin belongs to it.
        for bins in 1..200_usize {
            let ends = (1..=bins).map(|bin| (bin as f64 / bins as f64, true));
            assert!(CalibrationCurve::of(ends, bins).unwrap().bins.iter().all(|bin| bin.samples == 1), "{bins}");
        }
    }

    #[test]
    fn equal_scores_are_one_step() {
        let curve = RocCurve::of([(0.5, true), (0.5, false), (0.5, true), (0.5, false)]).unwrap();
        assert_eq!((curve.points.len(), curve.area()), (2, 0.5));
    }
}
