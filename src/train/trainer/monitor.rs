//! What decides which epoch is the best: the loss, the accuracy, or a metric.

use super::evaluate::Evaluation;
use super::history::Metric;
use super::log::COLUMNS;
use crate::error::Error;

/// What [early stopping](crate::Trainer::early_stopping), a [plateau](crate::Trainer::reduce_on_plateau) and the best
/// checkpoint monitor: [`Trainer::monitor`](crate::Trainer::monitor).
///
/// `Name` is the type of the metrics' names: `&'static str` in the settings of a trainer, `String` in its history.
/// Loss and accuracy are those after the epoch, on the validation set, or without one on the training set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Monitor<Name = &'static str> {
    /// The loss: smaller is better.
    #[default]
    Loss,
    /// The accuracy: larger is better. The loss must define it ([`Loss::correct`](crate::losses::Loss::correct)).
    Accuracy,
    /// A [metric](crate::Trainer::metric) that is better if it is larger, by name.
    Largest(Name),
    /// A [metric](crate::Trainer::metric) that is better if it is smaller, by name.
    Smallest(Name),
}

impl<Name> Monitor<Name> {
    /// Whether larger values are better.
    pub(crate) const fn is_larger_better(&self) -> bool {
        matches!(self, Self::Accuracy | Self::Largest(_))
    }

    /// The number to minimize.
    pub(crate) fn cost(&self, value: f64) -> f64 {
        if self.is_larger_better() { -value } else { value }
    }
}

impl Monitor {
    /// What the history keeps.
    pub(crate) fn to_owned(self) -> Monitor<String> {
        match self {
            Self::Loss => Monitor::Loss,
            Self::Accuracy => Monitor::Accuracy,
            Self::Largest(name) => Monitor::Largest(name.into()),
            Self::Smallest(name) => Monitor::Smallest(name.into()),
        }
    }

    /// The name of the metric, if it is one.
    pub(crate) fn metric(self) -> Option<&'static str> {
        match self {
            Self::Loss | Self::Accuracy => None,
            Self::Largest(name) | Self::Smallest(name) => Some(name),
        }
    }

    /// The monitored value after an epoch.
    pub(crate) fn value(self, after: Evaluation, metrics: &[Metric]) -> Option<f64> {
        match self {
            Self::Loss => Some(after.loss),
            Self::Accuracy => after.accuracy,
            Self::Largest(name) | Self::Smallest(name) => {
                metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value)
            }
        }
    }

    /// Check that the metric exists, and that names differ, also from those of the other columns of a log.
    pub(crate) fn check(self, names: &[&'static str]) -> Result<(), Error> {
        let again = |(index, name): &(usize, &&'static str)| names[..*index].contains(*name);
        if let Some((_, name)) = names.iter().enumerate().find(again) {
            let (expected, found) = ("metrics with different names", format!("`{name}` twice"));
            return Err(Error::Setting { name: "metric", expected, found });
        }
        if let Some(name) = names.iter().find(|name| COLUMNS.contains(*name)) {
            let (expected, found) = ("metrics with other names than the columns of a log", format!("`{name}`"));
            return Err(Error::Setting { name: "metric", expected, found });
        }
        match self.metric() {
            Some(name) if !names.contains(&name) => {
                let found = format!("`{name}`, among {names:?}");
                Err(Error::Setting { name: "monitored metric", expected: "the name of a metric of the trainer", found })
            }
            _ => Ok(()),
        }
    }
}
