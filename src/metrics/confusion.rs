//! The confusion matrix.

use core::fmt;

use super::{highest, ratio};
use crate::scalar::Scalar;

/// Which classes are taken for which: `count(target, answer)` samples of the one were answered with the other.
///
/// Printed, it is a table with a row for each class that was right and a column for each class that was answered, with
/// the recall of each class at the end of its row and its precision below its column.
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
}

impl<const N: usize> ConfusionMatrix<N> {
    /// Of no samples.
    #[must_use]
    pub const fn new() -> Self {
        Self { counts: [[0; N]; N] }
    }

    /// Of outputs, whose answer is the class of the highest score, and the classes that were right.
    #[must_use]
    pub fn of<S: Scalar>(outputs: &[[S; N]], targets: &[usize]) -> Self {
        let mut matrix = Self::new();
        for (scores, &target) in outputs.iter().zip(targets) {
            matrix.record(target, highest(scores));
        }
        matrix
    }

    /// Count one more sample. One of a class that isn't there is left out.
    pub fn record(&mut self, target: usize, answer: usize) {
        if let Some(count) = self.counts.get_mut(target).and_then(|row| row.get_mut(answer)) {
            *count += 1;
        }
    }

    /// How many samples of the class `target` were answered with `answer`.
    #[must_use]
    pub fn count(&self, target: usize, answer: usize) -> usize {
        self.counts.get(target).and_then(|row| row.get(answer)).copied().unwrap_or(0)
    }

    /// How many samples there are.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.counts.as_flattened().iter().sum()
    }

    /// The share of samples that were answered rightly. `None` of no samples.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio((0..N).map(|class| self.count(class, class)).sum(), self.samples())
    }

    /// Of the samples that were answered with `class`, the share that are of it. `None` where there are none.
    #[must_use]
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), (0..N).map(|target| self.count(target, class)).sum())
    }

    /// Of the samples of `class`, the share that were answered with it. `None` where there are none.
    #[must_use]
    pub fn recall(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), (0..N).map(|answer| self.count(class, answer)).sum())
    }
}

impl<const N: usize> Default for ConfusionMatrix<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Display for ConfusionMatrix<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LABEL: &str = "target \\ answer";
        let largest = self.counts.as_flattened().iter().max().copied().unwrap_or(0);
        // A column has room for the largest count, and for a percentage.
        let width = 2 + largest.checked_ilog10().map_or(1, |digits| digits as usize + 1).max(5);

        f.write_str(LABEL)?;
        for class in 0..N {
            write!(f, "{class:>width$}")?;
        }
        writeln!(f, "  recall %")?;
        for target in 0..N {
            write!(f, "{target:>label$}", label = LABEL.len())?;
            for answer in 0..N {
                write!(f, "{:>width$}", self.count(target, answer))?;
            }
            percent(f, self.recall(target), 10)?;
            writeln!(f)?;
        }
        write!(f, "{:>label$}", "precision %", label = LABEL.len())?;
        for class in 0..N {
            percent(f, self.precision(class), width)?;
        }
        percent(f, self.accuracy(), 10)
    }
}

/// A share as a percentage, or a dash where there is none.
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
        for (target, answer, times) in [(0, 0, 8), (0, 1, 2), (1, 1, 5), (1, 0, 3), (1, 2, 2), (7, 0, 1), (0, 7, 1)] {
            (0..times).for_each(|_| matrix.record(target, answer));
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
    #[cfg(feature = "alloc")]
    fn the_table_reads_as_it_should() {
        let table = "\
target \\ answer      0      1      2  recall %
              0      8      2      0      80.0
              1      3      5      2      50.0
              2      0      0      0         –
    precision %   72.7   71.4    0.0      65.0";
        assert_eq!(alloc::string::ToString::to_string(&matrix()), table);
    }
}
