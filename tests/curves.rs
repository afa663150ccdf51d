//! Curves over thresholds against scikit-learn's.

use std::collections::HashMap;

use approx::assert_relative_eq;
use fnn::metrics::{CalibrationCurve, PrecisionRecallCurve, RocCurve};

fn fixture() -> HashMap<&'static str, Vec<f64>> {
    let line = |line: &'static str| {
        let mut parts = line.split(' ');
        (parts.next().unwrap(), parts.map(|part| part.parse().unwrap()).collect())
    };
    include_str!("fixtures/curves.txt").lines().map(line).collect()
}

fn assert_same(found: impl IntoIterator<Item = f64>, expected: &[f64]) {
    let found: Vec<_> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_relative_eq!(found, expected, epsilon = 1e-12);
    }
}

#[test]
fn curves_and_areas_are_those_of_scikit_learn() {
    let fixture = fixture();
    let pairs = || fixture["scores"].iter().zip(&fixture["answers"]).map(|(score, answer)| (*score, *answer == 1.0));
    let [area, average, brier] = *fixture["numbers"] else { panic!("three numbers") };

    let roc = RocCurve::of(pairs()).unwrap();
    assert_same(roc.points.iter().map(|point| point.false_positive_rate), &fixture["false_positive_rate"]);
    assert_same(roc.points.iter().map(|point| point.true_positive_rate), &fixture["true_positive_rate"]);
    assert_relative_eq!(roc.area(), area, epsilon = 1e-12);

    let curve = PrecisionRecallCurve::of(pairs()).unwrap();
    assert_same(curve.points.iter().map(|point| point.precision), &fixture["precision"]);
    assert_same(curve.points.iter().map(|point| point.recall), &fixture["recall"]);
    assert_relative_eq!(curve.average_precision(), average, epsilon = 1e-12);

    let calibration = CalibrationCurve::of(pairs(), 7).unwrap();
    assert_same(calibration.bins.iter().map(|bin| bin.share), &fixture["shares"]);
    assert_same(calibration.bins.iter().map(|bin| bin.probability), &fixture["probabilities"]);
    assert_relative_eq!(calibration.brier_score, brier, epsilon = 1e-12);
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / 200.0;
    let error = mean(&mut calibration.bins.iter().map(|bin| bin.samples as f64 * (bin.share - bin.probability).abs()));
    assert_relative_eq!(calibration.expected_calibration_error(), error, epsilon = 1e-12);
}
