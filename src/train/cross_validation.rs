//! Cross-validation.

use std::fmt;

use super::trainer::Evaluation;
use crate::data::Split;
use crate::error::Error;
use crate::train::sweep::each;

/// Train once per fold and evaluate on the samples that were left out, one training per thread.
///
/// `train` gets the number of the fold, from 0, and its split; it trains on `train` and returns the evaluation on `test`. Set
/// [`Trainer::threads(1)`](crate::Trainer::threads) in it: many small trainings use the cores better than one. The result does
/// not depend on the number of threads. All splits are in memory at once.
///
/// ```
/// use fnn::prelude::*;
/// use fnn::train::cross_validate;
///
/// fnn::network! {
///     struct Sides: [1] -> [2] { Dense(2) }
/// }
///
/// let points: DataSet<[f32; 1], usize> = (0..60).map(|x| ([x as f32 / 30.0 - 1.0], usize::from(x > 29))).collect();
/// let result = cross_validate(points.folds_by_class(5, 1)?, |fold, split| {
///     let trainer = Trainer::new(Sides::seeded(fold as u64), CrossEntropy, Sgd::new(0.5)).epochs(30).threads(1);
///     let trained = trainer.progress(Progress::Silent).fit(&split.train)?;
///     Ok(evaluate(&trained.network, &CrossEntropy, &split.test))
/// })?;
/// assert!(result.accuracy() > Some(0.9));
/// println!("{result}");
/// # Ok::<(), fnn::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] without folds, and the error of the first fold that fails.
pub fn cross_validate<I: Send + Sync, T: Send + Sync>(
    folds: impl IntoIterator<Item = Split<I, T>>,
    train: impl Fn(usize, &Split<I, T>) -> Result<Evaluation, Error> + Sync,
) -> Result<CrossValidation, Error> {
    let splits: Vec<_> = folds.into_iter().collect();
    if splits.is_empty() {
        return Err(Error::Setting { name: "cross-validation", expected: "folds to train on", found: "none".into() });
    }
    let folds = each(&splits, |fold, split| train(fold, split)).into_iter().collect::<Result<_, _>>()?;
    Ok(CrossValidation { folds })
}

/// The evaluations of a cross-validation. Printed, it is a table.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CrossValidation {
    /// The evaluation of each fold, in order.
    pub folds: Vec<Evaluation>,
}

impl CrossValidation {
    /// The mean loss over the folds. NaN without folds.
    #[must_use]
    pub fn loss(&self) -> f64 {
        mean(self.folds.iter().map(|fold| fold.loss)).unwrap_or(f64::NAN)
    }

    /// The standard deviation of the loss over the folds, with n − 1 in the denominator. `None` for fewer than two.
    #[must_use]
    pub fn loss_deviation(&self) -> Option<f64> {
        deviation(&self.folds.iter().map(|fold| fold.loss).collect::<Vec<_>>())
    }

    /// The mean accuracy over the folds. `None` if the loss does not define it.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        self.accuracies().and_then(|accuracies| mean(accuracies.into_iter()))
    }

    /// The standard deviation of the accuracy over the folds, like [`loss_deviation`](Self::loss_deviation).
    #[must_use]
    pub fn accuracy_deviation(&self) -> Option<f64> {
        deviation(&self.accuracies()?)
    }

    fn accuracies(&self) -> Option<Vec<f64>> {
        self.folds.iter().map(|fold| fold.accuracy).collect()
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values.iter().copied())?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

impl fmt::Display for CrossValidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>9}  {:>10}  {:>9}", "fold", "loss", "accuracy")?;
        let mut row = |name: &dyn fmt::Display, loss: Option<f64>, accuracy: Option<f64>| {
            let loss = loss.map_or(String::new(), |loss| format!("{loss:.4}"));
            let accuracy = accuracy.map_or(String::new(), |accuracy| format!("{:.2} %", 100.0 * accuracy));
            writeln!(f, "{name:>9}  {loss:>10}  {accuracy:>9}")
        };
        for (number, fold) in self.folds.iter().enumerate() {
            row(&number, Some(fold.loss), fold.accuracy)?;
        }
        row(&"mean", Some(self.loss()), self.accuracy())?;
        row(&"deviation", self.loss_deviation(), self.accuracy_deviation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_deviations_are_those_of_a_sample() {
        let fold = |loss, accuracy| Evaluation { loss, accuracy: Some(accuracy) };
        let result = CrossValidation { folds: vec![fold(1.0, 0.5), fold(2.0, 0.75), fold(6.0, 1.0)] };
        assert_eq!((result.loss(), result.loss_deviation()), (3.0, Some(7.0_f64.sqrt())));
        assert_eq!((result.accuracy(), result.accuracy_deviation()), (Some(0.75), Some(0.25)));
        let expected = "     fold        loss   accuracy
        0      1.0000    50.00 %
        1      2.0000    75.00 %
        2      6.0000   100.00 %
     mean      3.0000    75.00 %
deviation      2.6458    25.00 %
";
        assert_eq!(result.to_string(), expected);
    }
}
