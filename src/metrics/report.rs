//! The classification report: precision, recall and F₁ of each class.

use core::fmt;

use super::ConfusionMatrix;

/// Precision, recall, F₁ and support of each class, and their averages, created by [`ConfusionMatrix::report`].
///
/// The values match scikit-learn's `classification_report(…, zero_division = nan)`: a division by 0 is `None`, and is
/// left out of averages.
///
/// Printed, it is a table. [`named`](Self::named) prints it with class names.
///
/// ```
/// use fnn::metrics::ConfusionMatrix;
///
/// let outputs = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]];
/// let report = ConfusionMatrix::of(&outputs, &[0, 1, 1, 1]).report();
/// assert_eq!((report.classes[1].precision, report.classes[1].recall), (Some(1.0), Some(2.0 / 3.0)));
/// assert_eq!((report.classes[1].f1, report.classes[1].support), (Some(0.8), 3));
/// println!("{}", report.named(&["benign", "malignant"]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClassificationReport<const N: usize> {
    /// Each class.
    pub classes: [ClassScores; N],
    /// The share of samples that were classified correctly. `None` without samples.
    pub accuracy: Option<f64>,
    /// The unweighted means over the classes.
    pub macro_average: ClassScores,
    /// The means over the classes, weighted by their number of samples.
    pub weighted_average: ClassScores,
}

/// One class, or an average of classes, in a [`ClassificationReport`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ClassScores {
    /// See [`ConfusionMatrix::precision`].
    pub precision: Option<f64>,
    /// See [`ConfusionMatrix::recall`].
    pub recall: Option<f64>,
    /// See [`ConfusionMatrix::f1`].
    pub f1: Option<f64>,
    /// The number of samples of the class, or of all.
    pub support: usize,
}

impl<const N: usize> ClassificationReport<N> {
    pub(super) fn of(matrix: &ConfusionMatrix<N>) -> Self {
        let classes: [ClassScores; N] = core::array::from_fn(|class| ClassScores {
            precision: matrix.precision(class),
            recall: matrix.recall(class),
            f1: matrix.f1(class),
            support: matrix.support(class),
        });
        let average = |weight: fn(&ClassScores) -> f64| ClassScores {
            precision: average(classes.iter().map(|class| (class.precision, weight(class)))),
            recall: average(classes.iter().map(|class| (class.recall, weight(class)))),
            f1: average(classes.iter().map(|class| (class.f1, weight(class)))),
            support: matrix.samples(),
        };
        let (macro_average, weighted_average) = (average(|_| 1.0), average(|class| class.support as f64));
        Self { classes, accuracy: matrix.accuracy(), macro_average, weighted_average }
    }

    /// The report with these class names, to print.
    pub fn named<'a>(&'a self, names: &'a [&'a str; N]) -> impl fmt::Display + 'a {
        Named { report: self, names: Some(names) }
    }
}

/// As an object of `classes`, a list, `accuracy`, `macro_average` and `weighted_average`.
#[cfg(feature = "serde")]
impl<const N: usize> serde::Serialize for ClassificationReport<N> {
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("ClassificationReport", 4)?;
        fields.serialize_field("classes", &self.classes[..])?;
        fields.serialize_field("accuracy", &self.accuracy)?;
        fields.serialize_field("macro_average", &self.macro_average)?;
        fields.serialize_field("weighted_average", &self.weighted_average)?;
        fields.end()
    }
}

/// The weighted mean of the values that are `Some`.
fn average(values: impl Iterator<Item = (Option<f64>, f64)>) -> Option<f64> {
    let add = |(sum, weights): (f64, f64), (value, weight): (f64, f64)| (sum + weight * value, weights + weight);
    let (sum, weights) = values.filter_map(|(value, weight)| Some((value?, weight))).fold((0.0, 0.0), add);
    (weights > 0.0).then(|| sum / weights)
}

impl<const N: usize> fmt::Display for ClassificationReport<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Named { report: self, names: None }.fmt(f)
    }
}

struct Named<'a, const N: usize> {
    report: &'a ClassificationReport<N>,
    names: Option<&'a [&'a str; N]>,
}

impl<const N: usize> fmt::Display for Named<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const AVERAGE: &str = "weighted average";
        let Self { report, names } = self;
        let longest = names.iter().flat_map(|names| names.iter()).map(|name| name.chars().count()).max().unwrap_or(0);
        let width = longest.max(AVERAGE.len());

        writeln!(f, "{:>width$}  precision     recall         F1    samples", "")?;
        for (class, scores) in report.classes.iter().enumerate() {
            match names {
                Some(names) => write!(f, "{:>width$}", names[class])?,
                None => write!(f, "{class:>width$}")?,
            }
            writeln!(f, "{scores}")?;
        }
        let accuracy =
            ClassScores { f1: report.accuracy, support: report.macro_average.support, ..ClassScores::default() };
        write!(f, "{:>width$}{:>11}{:>11}", "accuracy", "", "")?;
        write_score(f, accuracy.f1)?;
        writeln!(f, "{:>11}", accuracy.support)?;
        writeln!(f, "{:>width$}{}", "macro average", report.macro_average)?;
        write!(f, "{AVERAGE:>width$}{}", report.weighted_average)
    }
}

/// A row of the table, without its name.
impl fmt::Display for ClassScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for score in [self.precision, self.recall, self.f1] {
            write_score(f, score)?;
        }
        write!(f, "{:>11}", self.support)
    }
}

/// A score, or a dash for `None`.
fn write_score(f: &mut fmt::Formatter<'_>, score: Option<f64>) -> fmt::Result {
    match score {
        Some(score) => write!(f, "{score:>11.3}"),
        None => write!(f, "{:>11}", "–"),
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn matrix() -> ConfusionMatrix<4> {
        let mut matrix = ConfusionMatrix::new();
        let counts =
            [(0, 0, 8), (0, 1, 2), (1, 1, 5), (1, 0, 3), (1, 2, 2), (2, 0, 1), (2, 2, 2), (3, 0, 1), (3, 1, 1)];
        for (target, predicted, times) in counts {
            (0..times).for_each(|_| matrix.record(target, predicted));
        }
        matrix
    }

    /// The values of scikit-learn's `classification_report` for the same predictions, with `zero_division = nan`.
    #[test]
    fn the_scores_are_those_of_scikit_learn() {
        let report = matrix().report();
        let expected = [
            (Some(0.615_384_615_384_615_4), Some(0.8), Some(0.695_652_173_913_043_5), 10),
            (Some(0.625), Some(0.5), Some(0.555_555_555_555_555_6), 10),
            (Some(0.5), Some(0.666_666_666_666_666_6), Some(0.571_428_571_428_571_4), 3),
            (None, Some(0.0), Some(0.0), 2),
            (Some(0.580_128_205_128_205_2), Some(0.491_666_666_666_666_7), Some(0.455_659_075_224_292_6), 25),
            (Some(0.604_515_050_167_224_1), Some(0.6), Some(0.569_054_520_358_868_2), 25),
        ];
        let averages = [report.macro_average, report.weighted_average];
        for (found, expected) in report.classes.iter().chain(&averages).zip(expected) {
            let scores = [found.precision, found.recall, found.f1];
            for (found, expected) in scores.into_iter().zip([expected.0, expected.1, expected.2]) {
                assert_eq!(found.is_some(), expected.is_some());
                assert_relative_eq!(found.unwrap_or_default(), expected.unwrap_or_default(), max_relative = 1e-14);
            }
            assert_eq!(found.support, expected.3);
        }
        assert_eq!(report.accuracy, Some(0.6));
    }

    #[test]
    fn of_no_samples_there_are_no_scores() {
        let report = ConfusionMatrix::<2>::new().report();
        assert_eq!(report.accuracy, None);
        for scores in [report.classes[0], report.macro_average, report.weighted_average] {
            assert_eq!(scores, ClassScores::default());
        }
    }

    #[test]
    fn samples_without_a_prediction_lower_the_recall() {
        let mut matrix = ConfusionMatrix::<2>::new();
        matrix.record(0, 0);
        matrix.record(0, None);
        let first = matrix.report().classes[0];
        assert_eq!(
            (first.precision, first.recall, first.f1, first.support),
            (Some(1.0), Some(0.5), Some(2.0 / 3.0), 2)
        );
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn the_table_has_a_row_a_class() {
        let table =
            alloc::string::ToString::to_string(&matrix().report().named(&["ant", "bee", "cicada", "dragonfly"]));
        let expected = "                  precision     recall         F1    samples
             ant      0.615      0.800      0.696         10
             bee      0.625      0.500      0.556         10
          cicada      0.500      0.667      0.571          3
       dragonfly          –      0.000      0.000          2
        accuracy                            0.600         25
   macro average      0.580      0.492      0.456         25
weighted average      0.605      0.600      0.569         25";
        assert_eq!(table, expected);
        let numbered = alloc::string::ToString::to_string(&matrix().report());
        assert_eq!(numbered.lines().nth(1), Some("               0      0.615      0.800      0.696         10"));
    }
}
