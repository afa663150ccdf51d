//! Pictures as SVG (feature `plot`): of a training, of the mistakes of a network, and of its weights.
//!
//! ```
//! use fnn::prelude::*;
//!
//! fnn::network! {
//!     struct Sides: [1] -> [2] { Dense(2) }
//! }
//!
//! let points: DataSet<[f32; 1], usize> = (0..40).map(|x| ([x as f32 / 20.0 - 1.0], usize::from(x > 19))).collect();
//! let trainer = Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(0.5)).epochs(10).progress(Progress::Silent);
//! let trained = trainer.validate(&points).fit(&points)?;
//! let picture = fnn::plot::learning_curve(&trained.history);
//! assert!(picture.svg().starts_with("<svg"));
//! // picture.save("learning.svg")?;
//! # Ok::<(), fnn::Error>(())
//! ```

mod chart;
mod grid;

use std::io;
use std::path::Path;

use crate::atomic_file::write_atomically;
use crate::error::Error;
use crate::metrics::{CalibrationCurve, ConfusionMatrix, PrecisionRecallCurve, RocCurve};
use crate::scalar::Scalar;
use crate::train::{Epoch, Evaluation, History, LearningRateCurve};
use chart::Chart;

/// A picture, as SVG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture(String);

impl Picture {
    /// The text of the picture, to write to a file or to embed in a page.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.0
    }

    /// Write the picture to a file, atomically.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path.as_ref(), &mut |file| io::Write::write_all(file, self.0.as_bytes()))
    }

    /// What was drawn. Drawing into memory does not fail; if it did, the picture would be empty.
    fn of(svg: Result<String, Box<dyn std::error::Error>>) -> Self {
        Self(svg.unwrap_or_else(|_| r#"<svg xmlns="http://www.w3.org/2000/svg"/>"#.into()))
    }
}

/// The losses of a training by epoch, on a logarithmic axis, with a mark at the best epoch.
#[must_use]
pub fn learning_curve(history: &History) -> Picture {
    let curve = |evaluation: fn(&Epoch) -> Option<Evaluation>| {
        let loss = move |epoch: &Epoch| Some((epoch.number as f64, evaluation(epoch)?.loss));
        history.epochs.iter().filter_map(loss)
    };
    let mut chart = Chart::new("Loss", "epoch", "loss").logarithmic();
    chart = chart.line("training set, during the epoch", curve(|epoch| Some(epoch.training)));
    if history.epochs.iter().any(|epoch| epoch.validation.is_some()) {
        chart = chart.line("validation set, after the epoch", curve(|epoch| epoch.validation));
    }
    if let Some(best) = history.best() {
        let loss = best.validation.unwrap_or(best.training).loss;
        chart = chart.dots(&format!("best epoch, {}", best.number), [(best.number as f64, loss)]);
    }
    Picture::of(chart.svg())
}

/// The smoothed loss of a learning-rate range test against the power of ten of the rate, with a mark at the suggestion.
#[must_use]
pub fn learning_rates(curve: &LearningRateCurve) -> Picture {
    let points = || curve.points.iter().map(|(rate, loss)| (rate.log10(), *loss));
    let mut chart =
        Chart::new("Loss by learning rate", "learning rate, as a power of ten", "loss").line("loss", points());
    if let Some(rate) = curve.suggestion() {
        let there = points().find(|(power, _)| *power >= rate.log10());
        chart = chart.dots(&format!("suggestion, {rate:.2e}"), there);
    }
    Picture::of(chart.svg())
}

/// A [`RocCurve`], with its area.
#[must_use]
pub fn roc(curve: &RocCurve) -> Picture {
    let points = curve.points.iter().map(|point| (point.false_positive_rate, point.true_positive_rate));
    let chart = Chart::new("Receiver operating characteristic", "false positive rate", "true positive rate");
    let chart = chart.line(&format!("area {:.4}", curve.area()), points);
    Picture::of(chart.line("chance", [(0.0, 0.0), (1.0, 1.0)]).svg())
}

/// A [`PrecisionRecallCurve`], with its average precision.
#[must_use]
pub fn precision_recall(curve: &PrecisionRecallCurve) -> Picture {
    let points = curve.points.iter().map(|point| (point.recall, point.precision));
    let chart = Chart::new("Precision and recall", "recall", "precision");
    Picture::of(chart.line(&format!("average precision {:.4}", curve.average_precision()), points).svg())
}

/// A [`CalibrationCurve`], with its expected calibration error.
#[must_use]
pub fn calibration(curve: &CalibrationCurve) -> Picture {
    let points = curve.bins.iter().map(|bin| (bin.probability, bin.share));
    let chart = Chart::new("Calibration", "predicted probability", "share of positive samples");
    let chart = chart.line(&format!("expected calibration error {:.4}", curve.expected_calibration_error()), points);
    Picture::of(chart.line("perfect", [(0.0, 0.0), (1.0, 1.0)]).svg())
}

/// Predictions of a number against the true values.
#[must_use]
pub fn predictions<S: Scalar>(outputs: &[[S; 1]], targets: &[[S; 1]]) -> Picture {
    let points = || targets.iter().zip(outputs).map(|([target], [output])| (target.to_f64(), output.to_f64()));
    let finite = || points().map(|(target, _)| target).filter(|target| target.is_finite());
    let ends = [finite().min_by(f64::total_cmp), finite().max_by(f64::total_cmp)];
    let chart = Chart::new("Predictions", "true value", "prediction").dots("samples", points());
    Picture::of(chart.line("perfect", ends.into_iter().flatten().map(|end| (end, end))).svg())
}

/// A confusion matrix as a table of shades, by the share of each row. `names` are those of the classes; numbers without.
#[must_use]
pub fn confusion<const N: usize>(matrix: &ConfusionMatrix<N>, names: Option<&[&str; N]>) -> Picture {
    Picture::of(grid::confusion(matrix, names))
}

/// The filters of a convolution, such as `&network.conv1.weight`: a row per filter, a column per channel, black where a weight
/// is 0, and blue or orange where it is negative or positive.
///
/// ```
/// use fnn::prelude::*;
///
/// fnn::network! {
///     struct Edges: [1, 8, 8] -> [4, 6, 6] { conv: Conv2d(4, kernel = 3) }
/// }
///
/// let picture = fnn::plot::filters(&Edges::seeded(1).conv.weight);
/// assert_eq!(picture.svg().matches("<rect").count(), 4 * 9 + 1);
/// ```
#[must_use]
pub fn filters<S: Scalar, const F: usize, const C: usize, const R: usize, const K: usize>(
    weights: &[[[[S; K]; R]; C]; F],
) -> Picture {
    let size =
        |filter: usize, channel: usize, row: usize, column: usize| weights[filter][channel][row][column].to_f64();
    Picture::of(grid::filters([F, C, R, K], &size))
}
