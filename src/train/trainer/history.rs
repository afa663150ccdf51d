//! The history of a training: one line per epoch.

use std::fmt;

use super::evaluate::Evaluation;
use super::monitor::Monitor;

/// One pass over the training set.
///
/// Printed, it is a line like
/// `epoch 3/10  train loss 0.0712, 98.10 %  validation loss 0.0805, 97.62 %  rate 0.01  0.21 s`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Epoch {
    /// The number of the epoch, from 1.
    pub number: usize,
    /// The number of epochs that were requested.
    pub epochs: usize,
    /// The mean over the mini-batches of the epoch, *during training*: each with the weights before its step, and with
    /// dropout. It therefore lags behind, and can be worse than `validation`. No reported loss includes a
    /// [`Penalty`](crate::optimizers::Penalty).
    pub training: Evaluation,
    /// The result on the validation set after the epoch.
    pub validation: Option<Evaluation>,
    /// What early stopping and a plateau monitor: by default the validation loss, or without a validation set the loss
    /// on the training set after the epoch; otherwise what [`Trainer::monitor`](crate::Trainer::monitor) has chosen.
    pub monitored: Option<f64>,
    /// The learning rate in the last step of the epoch, including the effects of a
    /// [`Plateau`](crate::optimizers::Plateau) and a [`Schedule`](crate::optimizers::Schedule).
    pub learning_rate: f64,
    /// The duration of the pass over the training set in seconds, without the evaluation after it. `None` without a
    /// clock, as on `wasm32-unknown-unknown`.
    pub seconds: Option<f64>,
    /// The [metrics](crate::Trainer::metric) after the epoch.
    pub metrics: Vec<Metric>,
    /// What `monitored` is.
    pub monitor: Monitor<String>,
}

/// The value of a [metric](crate::Trainer::metric).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its value after an epoch.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_number"))]
    pub value: f64,
}

/// The argument of a callback after each epoch: [`Trainer::on_epoch`](crate::Trainer::on_epoch).
#[derive(Debug)]
#[non_exhaustive]
pub struct EpochEnd<'a, N> {
    /// The epoch that just ended, the last one of `history`.
    pub epoch: &'a Epoch,
    /// The network that is evaluated after the epoch: with a [`moving_average`](crate::Trainer::moving_average), the
    /// average.
    pub network: &'a N,
    /// All epochs so far.
    pub history: &'a History,
}

impl Epoch {
    /// The number that is smallest in the best epoch.
    pub(crate) fn cost(&self) -> f64 {
        let validation = self.validation.map(|validation| validation.loss);
        self.monitored.map(|value| self.monitor.cost(value)).or(validation).unwrap_or(self.training.loss)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}/{}  train loss {}", self.number, self.epochs, Loss(self.training.loss))?;
        // Without a validation set, the monitored loss comes from another evaluation on the training set.
        if let (Some(after), None, Monitor::Loss) = (self.monitored, self.validation, &self.monitor) {
            write!(f, " ({} after the epoch)", Loss(after))?;
        }
        write!(f, "{}", Accuracy(self.training))?;
        if let Some(validation) = self.validation {
            write!(f, "  validation loss {}{}", Loss(validation.loss), Accuracy(validation))?;
        }
        for Metric { name, value } in &self.metrics {
            write!(f, "  {name} {}", Loss(*value))?;
        }
        write!(f, "  rate {}", Rate(self.learning_rate))?;
        self.seconds.map_or(Ok(()), |seconds| write!(f, "  {seconds:.2} s"))
    }
}

/// The epochs of a training, in order. Printed, it is a table.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct History {
    /// The completed epochs.
    pub epochs: Vec<Epoch>,
    /// Why training stopped before the last epoch. `None` if it did not, or if it failed.
    pub stopped: Option<Stopped>,
    /// The number of the epoch whose weights early stopping restored. `None` without early stopping, where the network
    /// has the weights after the last step.
    pub kept: Option<usize>,
    /// The first failure to write a checkpoint, if there was one.
    pub checkpoint_failure: Option<String>,
    /// The first failure to write a [log](crate::Trainer::log), if there was one.
    pub log_failure: Option<String>,
}

/// Why a training stopped before its last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Stopped {
    /// What is monitored did not improve for the number of epochs given to
    /// [`Trainer::early_stopping`](crate::Trainer::early_stopping).
    EarlyStopping,
    /// A callback returned `ControlFlow::Break`.
    Callback,
    /// The flag of [`Trainer::stop_flag`](crate::Trainer::stop_flag) was set. The incomplete epoch is not in the history;
    /// a checkpoint contains its steps.
    Flag,
}

impl History {
    /// The best epoch: of what is monitored if something is, or else the one with the smallest validation loss, or else
    /// training loss.
    #[must_use]
    pub fn best(&self) -> Option<&Epoch> {
        self.epochs.iter().min_by(|a, b| a.cost().total_cmp(&b.cost()))
    }

    /// A sentence about the end of training: whether it stopped early, and which epoch's weights were kept. `None` if
    /// all epochs ran and the network has the last epoch's weights.
    #[must_use]
    pub fn ending(&self) -> Option<String> {
        let (last, best) = (self.epochs.last()?, self.kept.and_then(|kept| self.epochs.get(kept.checked_sub(1)?)));
        let how = match self.stopped {
            Some(Stopped::EarlyStopping) => "early stopping after",
            Some(Stopped::Callback) => "stopped by a callback after",
            Some(Stopped::Flag) => "stopped by the flag after",
            None if best.is_none() => return None,
            None => "after",
        };
        let mut ending = format!("{how} epoch {}", last.number);
        if let Some(Epoch { number, monitored: Some(value), validation, monitor, .. }) = best {
            let set = if validation.is_some() { "validation" } else { "training" };
            let what = match monitor {
                Monitor::Loss => format!("smallest {set} loss, {}", Loss(*value)),
                Monitor::Accuracy => format!("highest {set} accuracy, {}", Percent(*value)),
                Monitor::Largest(name) => format!("largest {name}, {}", Loss(*value)),
                Monitor::Smallest(name) => format!("smallest {name}, {}", Loss(*value)),
            };
            ending += &format!(": the weights of epoch {number} are kept, with the {what}");
        }
        Some(ending)
    }
}

impl<'a, N> EpochEnd<'a, N> {
    /// The history up to these epochs.
    pub(crate) fn new(network: &'a N, history: &'a History) -> Option<Self> {
        history.epochs.last().map(|epoch| Self { epoch, network, history })
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
        let [number, train, validation, seconds] = ["epoch", "train loss", "validation loss", "s"];
        writeln!(f, "{number:>6}  {train:>10}  {:>9}  {validation:>15}  {:>9}  {seconds:>8}", "", "")?;
        for epoch in &self.epochs {
            let (loss, accuracy) = cell(Some(epoch.training));
            let (other_loss, other_accuracy) = cell(epoch.validation);
            let (number, seconds) =
                (epoch.number, epoch.seconds.map_or(String::new(), |seconds| format!("{seconds:.2}")));
            writeln!(f, "{number:>6}  {loss:>10}  {accuracy:>9}  {other_loss:>15}  {other_accuracy:>9}  {seconds:>8}")?;
        }
        Ok(())
    }
}

/// A loss with four decimal places, or in scientific notation if those are not enough.
struct Loss(f64);

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            0.0 | 1e-3..1e5 => write!(f, "{:.4}", self.0),
            _ => write!(f, "{:.2e}", self.0),
        }
    }
}

/// A learning rate with three digits.
struct Rate(f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded: f64 = format!("{:.2e}", self.0).parse().unwrap_or(self.0);
        if rounded == 0.0 || rounded.abs() >= 1e-3 { write!(f, "{rounded}") } else { write!(f, "{rounded:e}") }
    }
}

/// ", 98.10 %", or nothing without an accuracy.
struct Accuracy(Evaluation);

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.accuracy.map_or(Ok(()), |accuracy| write!(f, ", {}", Percent(accuracy)))
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
        let (learning_rate, seconds) = (0.1, Some(0.2149));
        let (metrics, monitor) = (Vec::new(), Monitor::Loss);
        Epoch { number: 3, epochs: 10, training, validation, monitored: None, learning_rate, seconds, metrics, monitor }
    }

    fn history(epochs: Vec<Epoch>) -> History {
        History { epochs, ..History::default() }
    }

    #[test]
    fn a_line_shows_percentages_where_there_are_any() {
        let train = "epoch 3/10  train loss 0.0712, 98.10 %";
        assert_eq!(epoch().to_string(), format!("{train}  validation loss 0.0805, 97.62 %  rate 0.1  0.21 s"));
        assert_eq!(Epoch { validation: None, ..epoch() }.to_string(), format!("{train}  rate 0.1  0.21 s"));
        assert_eq!(Epoch { validation: None, seconds: None, ..epoch() }.to_string(), format!("{train}  rate 0.1"));
    }

    #[test]
    fn a_line_shows_losses_where_nothing_is_right_or_wrong() {
        let training = Evaluation { loss: 0.000_071_2, accuracy: None };
        let validation = Some(Evaluation { loss: 0.0805, accuracy: None });
        let line = Epoch { training, validation, ..epoch() }.to_string();
        assert_eq!(line, "epoch 3/10  train loss 7.12e-5  validation loss 0.0805  rate 0.1  0.21 s");
    }

    #[test]
    fn a_line_shows_the_loss_that_decides() {
        let line = Epoch { validation: None, monitored: Some(0.07), ..epoch() }.to_string();
        assert_eq!(line, "epoch 3/10  train loss 0.0712 (0.0700 after the epoch), 98.10 %  rate 0.1  0.21 s");
    }

    #[test]
    fn a_line_shows_metrics_and_a_small_learning_rate() {
        let metrics = vec![Metric { name: "macro F1".into(), value: 0.91 }];
        let line = Epoch { metrics, learning_rate: 1.234_56e-5, validation: None, ..epoch() }.to_string();
        assert_eq!(line, "epoch 3/10  train loss 0.0712, 98.10 %  macro F1 0.9100  rate 1.23e-5  0.21 s");
    }

    #[test]
    fn the_best_epoch_can_have_the_largest_value() {
        let with = |number, value, monitor: Monitor| {
            let monitor = monitor.to_owned();
            Epoch { number, monitored: Some(value), monitor, ..epoch() }
        };
        let monitors = |monitor| history(vec![with(1, 0.5, monitor), with(2, 0.9, monitor), with(3, 0.7, monitor)]);
        for (monitor, best, says) in [
            (Monitor::Loss, 1, "smallest validation loss, 0.5000"),
            (Monitor::Accuracy, 2, "highest validation accuracy, 90.00 %"),
            (Monitor::Largest("F1"), 2, "largest F1, 0.9000"),
            (Monitor::Smallest("cost"), 1, "smallest cost, 0.5000"),
        ] {
            let mut history = monitors(monitor);
            assert_eq!(history.best().map(|epoch| epoch.number), Some(best));
            history.kept = Some(best);
            let ending = format!("after epoch 3: the weights of epoch {best} are kept, with the {says}");
            assert_eq!(history.ending(), Some(ending));
        }
    }

    #[test]
    fn the_ending_says_why_and_what_is_kept() {
        let with = |number, monitored| Epoch { number, monitored: Some(monitored), ..epoch() };
        let mut history = history(vec![with(1, 3.0), with(2, 0.5), with(3, 2.0)]);
        assert_eq!(history.ending(), None);
        history.stopped = Some(Stopped::Callback);
        assert_eq!(history.ending().unwrap(), "stopped by a callback after epoch 3");
        history.kept = Some(2);
        history.stopped = Some(Stopped::EarlyStopping);
        let kept = "epoch 3: the weights of epoch 2 are kept, with the smallest validation loss, 0.5000";
        assert_eq!(history.ending().unwrap(), format!("early stopping after {kept}"));
        history.stopped = None;
        assert_eq!(history.ending().unwrap(), format!("after {kept}"));
        history.epochs.iter_mut().for_each(|epoch| epoch.validation = None);
        assert_eq!(history.ending().unwrap(), format!("after {}", kept.replace("validation", "training")));
        assert_eq!(History::default().ending(), None);
    }

    #[test]
    fn the_table_has_a_line_an_epoch_of_one_width() {
        let training = Evaluation { loss: 12.5, accuracy: None };
        let other = Epoch { number: 4, training, validation: None, seconds: None, ..epoch() };
        let table = history(vec![epoch(), other]).to_string();
        let widths: Vec<_> = table.lines().map(str::len).collect();
        assert_eq!(widths, [67; 3], "{table}");
    }

    #[test]
    fn the_best_epoch_has_the_smallest_monitored_loss() {
        let with = |number, monitored, loss| {
            let validation = Some(Evaluation { loss, accuracy: None });
            Epoch { number, validation, monitored, ..epoch() }
        };
        let epochs = history(vec![with(1, None, 3.0), with(2, None, 1.0), with(3, None, 2.0)]);
        assert_eq!(epochs.best().map(|epoch| epoch.number), Some(2));
        let epochs = history(vec![with(1, Some(0.5), 3.0), with(2, Some(0.7), 1.0)]);
        assert_eq!(epochs.best().map(|epoch| epoch.number), Some(1));
        assert_eq!(History::default().best(), None);
    }
}
