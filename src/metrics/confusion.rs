//! The confusion matrix.

use core::fmt;

use super::{ClassificationReport, assert_classes, highest, ratio};
use crate::scalar::Scalar;

/// The confusion matrix: `count(target, predicted)` is the number of samples of class `target` that were classified as
/// `predicted`.
///
/// A sample without a prediction, for example because a score is NaN, counts as wrong: it lowers the accuracy and the
/// recall of its class.
///
/// Printed, it is a table with a row for each target class and a column for each predicted class, with the recall of
/// each class at the end of its row and the precision below its column. If a sample has no prediction, there is a
/// column `none`.
///
/// ```
/// use fnn::metrics::ConfusionMatrix;
///
/// let outputs = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]];
/// let matrix = ConfusionMatrix::of(&outputs, &[0, 1, 1, 1]);
/// assert_eq!(matrix.count(1, 0), 1);
/// assert_eq!((matrix.precision(0), matrix.recall(1)), (Some(0.5), Some(2.0 / 3.0)));
/// println!("{matrix}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix<const N: usize> {
    counts: [[usize; N]; N],
    /// Samples of each class without a prediction.
    unpredicted: [usize; N],
}

impl<const N: usize> ConfusionMatrix<N> {
    /// An empty matrix.
    #[must_use]
    pub const fn new() -> Self {
        Self { counts: [[0; N]; N], unpredicted: [0; N] }
    }

    /// The matrix of these outputs and target classes. The predicted class is the one with the highest score.
    ///
    /// A single output is a compile error, because it does not choose between classes.
    #[must_use]
    #[track_caller]
    pub fn of<S: Scalar>(outputs: &[[S; N]], targets: &[usize]) -> Self {
        const { assert_classes(N) }
        let mut matrix = Self::new();
        for (scores, &target) in outputs.iter().zip(targets) {
            matrix.record(target, highest(scores));
        }
        matrix
    }

    /// Add a sample: its target class, and its predicted class or `None`. A target that is out of range is ignored; a
    /// prediction that is out of range counts as `None`.
    pub fn record(&mut self, target: usize, predicted: impl Into<Option<usize>>) {
        let (Some(row), Some(unpredicted)) = (self.counts.get_mut(target), self.unpredicted.get_mut(target)) else {
            return;
        };
        let count = predicted.into().and_then(|predicted| row.get_mut(predicted));
        *count.unwrap_or(unpredicted) += 1;
    }

    /// The number of samples of class `target` that were classified as `predicted`.
    #[must_use]
    pub fn count(&self, target: usize, predicted: usize) -> usize {
        self.counts.get(target).and_then(|row| row.get(predicted)).copied().unwrap_or(0)
    }

    /// The number of samples of class `target` without a prediction.
    #[must_use]
    pub fn unpredicted(&self, target: usize) -> usize {
        self.unpredicted.get(target).copied().unwrap_or(0)
    }

    /// The number of samples of class `target`.
    #[must_use]
    pub fn support(&self, target: usize) -> usize {
        (0..N).map(|predicted| self.count(target, predicted)).sum::<usize>() + self.unpredicted(target)
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        (0..N).map(|target| self.support(target)).sum()
    }

    /// The share of samples that were classified correctly. `None` without samples.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio((0..N).map(|class| self.count(class, class)).sum(), self.samples())
    }

    /// The share of samples classified as `class` that are of this class. `None` if there are none.
    #[must_use]
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), (0..N).map(|target| self.count(target, class)).sum())
    }

    /// The share of samples of `class` that were classified as such. `None` if there are none.
    #[must_use]
    pub fn recall(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), self.support(class))
    }

    /// The harmonic mean of precision and recall, F₁; 0 if no sample of the class was classified correctly. `None` if
    /// no sample is of the class and none was classified as such.
    #[must_use]
    pub fn f1(&self, class: usize) -> Option<f64> {
        let predicted: usize = (0..N).map(|target| self.count(target, class)).sum();
        ratio(2 * self.count(class, class), predicted + self.support(class))
    }

    /// The matrix with these class names, to print.
    ///
    /// ```
    /// use fnn::metrics::ConfusionMatrix;
    ///
    /// let mut matrix = ConfusionMatrix::<2>::new();
    /// matrix.record(1, 0);
    /// println!("{}", matrix.named(&["benign", "malignant"]));
    /// ```
    pub fn named<'a>(&'a self, names: &'a [&'a str; N]) -> impl fmt::Display + 'a {
        Named { matrix: self, names: Some(names) }
    }

    /// Precision, recall, F₁ and support of each class, and their averages.
    #[must_use]
    pub fn report(&self) -> ClassificationReport<N> {
        ClassificationReport::of(self)
    }
}

/// As an object of `counts`, a list of rows, and `unpredicted`.
#[cfg(feature = "serde")]
impl<const N: usize> serde::Serialize for ConfusionMatrix<N> {
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("ConfusionMatrix", 2)?;
        fields.serialize_field("counts", &self.counts.iter().map(|row| &row[..]).collect::<alloc::vec::Vec<_>>())?;
        fields.serialize_field("unpredicted", &self.unpredicted[..])?;
        fields.end()
    }
}

impl<const N: usize> Default for ConfusionMatrix<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Display for ConfusionMatrix<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Named { matrix: self, names: None }.fmt(f)
    }
}

struct Named<'a, const N: usize> {
    matrix: &'a ConfusionMatrix<N>,
    names: Option<&'a [&'a str; N]>,
}

impl<const N: usize> fmt::Display for Named<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LABEL: &str = "target \\ predicted";
        let Self { matrix, names } = self;
        let largest = matrix.counts.as_flattened().iter().chain(&matrix.unpredicted).max().copied().unwrap_or(0);
        let all_predicted = matrix.unpredicted.iter().all(|&count| count == 0);
        let longest = |least: usize| {
            let lengths = names.iter().flat_map(|names| names.iter()).map(|name| name.chars().count());
            lengths.fold(least, usize::max)
        };
        let label = longest(LABEL.len());
        // A column fits the largest count, a percentage, and its name.
        let width = 2 + longest(largest.checked_ilog10().map_or(1, |digits| digits as usize + 1).max(5));
        let name = |f: &mut fmt::Formatter<'_>, class: usize, width: usize| match names {
            Some(names) => write!(f, "{:>width$}", names[class]),
            None => write!(f, "{class:>width$}"),
        };

        write!(f, "{LABEL:>label$}")?;
        for class in 0..N {
            name(f, class, width)?;
        }
        if !all_predicted {
            write!(f, "{:>width$}", "none")?;
        }
        writeln!(f, "  recall %")?;
        for target in 0..N {
            name(f, target, label)?;
            for predicted in 0..N {
                write!(f, "{:>width$}", matrix.count(target, predicted))?;
            }
            if !all_predicted {
                write!(f, "{:>width$}", matrix.unpredicted(target))?;
            }
            percent(f, matrix.recall(target), 10)?;
            writeln!(f)?;
        }
        write!(f, "{:>label$}", "precision %")?;
        for class in 0..N {
            percent(f, matrix.precision(class), width)?;
        }
        if !all_predicted {
            write!(f, "{:>width$}", "")?;
        }
        percent(f, matrix.accuracy(), 10)
    }
}

/// A share as a percentage, or a dash for `None`.
fn percent(f: &mut fmt::Formatter<'_>, share: Option<f64>, width: usize) -> fmt::Result {
    match share {
        Some(share) => write!(f, "{:>width$.1}", 100.0 * share),
        None => write!(f, "{:>width$}", "–"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> ConfusionMatrix<3> {
        let mut matrix = ConfusionMatrix::new();
        for (target, predicted, times) in [(0, 0, 8), (0, 1, 2), (1, 1, 5), (1, 0, 3), (1, 2, 2), (7, 0, 1)] {
            (0..times).for_each(|_| matrix.record(target, predicted));
        }
        matrix
    }

    #[test]
    fn precision_and_recall_are_shares_of_columns_and_rows() {
        let matrix = matrix();
        assert_eq!(matrix.samples(), 20);
        assert_eq!(matrix.accuracy(), Some(13.0 / 20.0));
        assert_eq!([0, 1, 2].map(|class| matrix.precision(class)), [Some(8.0 / 11.0), Some(5.0 / 7.0), Some(0.0)]);
        assert_eq!([0, 1, 2].map(|class| matrix.recall(class)), [Some(0.8), Some(0.5), None]);
        assert_eq!(ConfusionMatrix::<3>::new().accuracy(), None);
    }

    #[test]
    fn samples_without_a_prediction_are_wrong() {
        let matrix = ConfusionMatrix::of(&[[f32::NAN, 5.0], [f32::NAN, 5.0], [1.0, 0.0]], &[0, 1, 0]);
        assert_eq!((matrix.samples(), matrix.support(0), matrix.unpredicted(0)), (3, 2, 1));
        assert_eq!(matrix.accuracy(), Some(1.0 / 3.0));
        assert_eq!((matrix.recall(0), matrix.recall(1), matrix.precision(0)), (Some(0.5), Some(0.0), Some(1.0)));
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn samples_without_a_prediction_have_a_column() {
        let mut matrix = ConfusionMatrix::<2>::new();
        matrix.record(0, 0);
        matrix.record(1, None);
        let table = "\
target \\ predicted      0      1   none  recall %
                 0      1      0      0     100.0
                 1      0      0      1       0.0
       precision %  100.0      –             50.0";
        assert_eq!(alloc::string::ToString::to_string(&matrix), table);
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn classes_have_their_names() {
        let table = "\
 target \\ predicted        Adélie  long-tailed tit           owl  recall %
            Adélie             8                2             0      80.0
   long-tailed tit             3                5             2      50.0
               owl             0                0             0         –
       precision %          72.7             71.4           0.0      65.0";
        let found = alloc::string::ToString::to_string(&matrix().named(&["Adélie", "long-tailed tit", "owl"]));
        let words =
            |text: &str| text.split_whitespace().map(alloc::string::String::from).collect::<alloc::vec::Vec<_>>();
        assert_eq!(words(&found), words(table));
        let widths: alloc::vec::Vec<_> = found.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [18 + 3 * 17 + 10; 5], "{found}");
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn the_table_reads_as_it_should() {
        let table = "\
target \\ predicted      0      1      2  recall %
                 0      8      2      0      80.0
                 1      3      5      2      50.0
                 2      0      0      0         –
       precision %   72.7   71.4    0.0      65.0";
        assert_eq!(alloc::string::ToString::to_string(&matrix()), table);
    }
}
