//! What happened in training: a line an epoch.

use std::fmt;

use super::evaluate::Evaluation;

/// One pass over the training set.
///
/// Printed, it is a line like `epoch 3/10  loss 0.0712  train 98.10 %  test 97.62 %  0.21 s`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// Its number, from 1.
    pub number: usize,
    /// How many epochs the training was to have.
    pub epochs: usize,
    /// The mean over the epoch, *measured while it ran*: each mini-batch by the weights before its step, and with
    /// dropout on. So it lags behind, and can be worse than `validation`. A [`Penalty`](crate::optimizers::Penalty) for large weights
    /// is in no loss that is reported.
    pub training: Evaluation,
    /// Measured after the epoch, on the validation set.
    pub validation: Option<Evaluation>,
    /// The loss that early stopping and a plateau went by: the validation loss, or the training loss measured after the
    /// epoch.
    pub monitored: Option<f64>,
    /// The optimizer's learning rate in this epoch, as a [`Plateau`](crate::optimizers::Plateau) has left it; in each step a
    /// schedule multiplies it.
    pub learning_rate: f64,
    /// How long the pass over the training set took, in seconds, without what was measured after it.
    pub seconds: f64,
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}/{}  loss {}", self.number, self.epochs, Loss(self.training.loss))?;
        if let Some(accuracy) = self.training.accuracy {
            write!(f, "  train {}", Percent(accuracy))?;
        }
        match self.validation {
            Some(Evaluation { accuracy: Some(accuracy), .. }) => write!(f, "  test {}", Percent(accuracy))?,
            Some(Evaluation { loss, .. }) => write!(f, "  test loss {}", Loss(loss))?,
            None => {}
        }
        write!(f, "  {:.2} s", self.seconds)
    }
}

/// A training's epochs, in order. Printed, it is a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The epochs that were run to their end.
    pub epochs: Vec<Epoch>,
}

impl History {
    /// The epoch with the smallest loss: the one early stopping or a plateau went by, or else the validation loss, or else the
    /// training loss.
    #[must_use]
    pub fn best(&self) -> Option<&Epoch> {
        let loss = |epoch: &Epoch| {
            let validation = epoch.validation.map(|validation| validation.loss);
            epoch.monitored.or(validation).unwrap_or(epoch.training.loss)
        };
        self.epochs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)))
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cell = |evaluation: Option<Evaluation>| {
            let accuracy = evaluation.and_then(|evaluation| evaluation.accuracy);
            (
                evaluation.map_or(String::new(), |evaluation| Loss(evaluation.loss).to_string()),
                accuracy.map_or(String::new(), |accuracy| Percent(accuracy).to_string()),
            )
        };
        writeln!(f, "{:>6}  {:>10}  {:>9}  {:>10}  {:>9}  {:>8}", "epoch", "loss", "train", "test loss", "test", "s")?;
        for epoch in &self.epochs {
            let (loss, accuracy) = cell(Some(epoch.training));
            let (test_loss, test_accuracy) = cell(epoch.validation);
            let Epoch { number, seconds, .. } = epoch;
            writeln!(f, "{number:>6}  {loss:>10}  {accuracy:>9}  {test_loss:>10}  {test_accuracy:>9}  {seconds:>8.2}")?;
        }
        Ok(())
    }
}

/// A loss, to four places, or in powers of ten where those would show nothing.
struct Loss(f64);

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            0.0 | 1e-3..1e5 => write!(f, "{:.4}", self.0),
            _ => write!(f, "{:.2e}", self.0),
        }
    }
}

/// A share, as a percentage.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} %", 100.0 * self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> Epoch {
        let training = Evaluation { loss: 0.0712, accuracy: Some(0.981) };
        let validation = Some(Evaluation { loss: 0.0805, accuracy: Some(0.97616) });
        Epoch { number: 3, epochs: 10, training, validation, monitored: None, learning_rate: 0.1, seconds: 0.2149 }
    }

    #[test]
    fn a_line_shows_percentages_where_there_are_any() {
        assert_eq!(epoch().to_string(), "epoch 3/10  loss 0.0712  train 98.10 %  test 97.62 %  0.21 s");
        let line = Epoch { validation: None, ..epoch() }.to_string();
        assert_eq!(line, "epoch 3/10  loss 0.0712  train 98.10 %  0.21 s");
    }

    #[test]
    fn a_line_shows_losses_where_nothing_is_right_or_wrong() {
        let training = Evaluation { loss: 0.000_071_2, accuracy: None };
        let validation = Some(Evaluation { loss: 0.0805, accuracy: None });
        let line = Epoch { training, validation, ..epoch() }.to_string();
        assert_eq!(line, "epoch 3/10  loss 7.12e-5  test loss 0.0805  0.21 s");
    }

    #[test]
    fn the_table_has_a_line_an_epoch_of_one_width() {
        let training = Evaluation { loss: 12.5, accuracy: None };
        let other = Epoch { number: 4, training, validation: None, ..epoch() };
        let table = History { epochs: vec![epoch(), other] }.to_string();
        let widths: Vec<_> = table.lines().map(str::len).collect();
        assert_eq!(widths, [62; 3], "{table}");
    }

    #[test]
    fn the_best_epoch_goes_by_what_was_monitored() {
        let with = |number, monitored, loss| {
            let validation = Some(Evaluation { loss, accuracy: None });
            Epoch { number, validation, monitored, ..epoch() }
        };
        let history = History { epochs: vec![with(1, None, 3.0), with(2, None, 1.0), with(3, None, 2.0)] };
        assert_eq!(history.best().map(|epoch| epoch.number), Some(2));
        let history = History { epochs: vec![with(1, Some(0.5), 3.0), with(2, Some(0.7), 1.0)] };
        assert_eq!(history.best().map(|epoch| epoch.number), Some(1));
        assert_eq!(History::default().best(), None);
    }
}
