//! The position of a training: its state, except weights and the state for each weight.

use std::fmt::{Debug, Write};
use std::str::FromStr;

use crate::error::Mismatch;
use crate::losses::Term;
use crate::train::gradient_buffers::Tally;
use crate::train::trainer::checkpoint::resume::Monitored;
use crate::train::trainer::evaluate::{Evaluation, Totals};
use crate::train::trainer::history::{Epoch, Metric, Stopped};

/// The position of a training. The steps beyond those of `epochs` belong to the current, incomplete epoch.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) steps: u64,
    pub(crate) average_steps: u64,
    /// The totals of the current epoch.
    pub(crate) totals: Totals,
    pub(crate) seconds: Option<f64>,
    /// As lowered by a plateau.
    pub(crate) learning_rate: f64,
    pub(crate) plateau: Option<(Option<f64>, u64, u64)>,
    /// The state of early stopping: the best epoch and its loss, and the number of epochs since.
    pub(crate) best: Option<(Option<(usize, f64)>, usize)>,
    /// Why no further epoch follows.
    pub(crate) stopped: Option<Stopped>,
    pub(crate) epochs: Vec<Epoch>,
}

const KEYS: [&str; 9] = [
    "step",
    "moving_average_steps",
    "epoch_totals",
    "epoch_seconds",
    "learning_rate",
    "plateau",
    "early_stopping",
    "stopped",
    "history",
];

impl Position {
    /// The metadata of a checkpoint: JSON arrays and numbers with all digits. An epoch is
    /// `[number, training loss, accuracy, validation loss, accuracy, monitored value, learning rate, seconds]`,
    /// with its metrics at the end.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = (String, String)> {
        let Self { steps, average_steps, totals, seconds, learning_rate, plateau, best, stopped, epochs } = self;
        let Totals(Tally { term: Term { loss, weight }, correct, scored }) = totals;
        let plateau = plateau.map_or("null".into(), |(best, waited, cooling)| {
            format!("[{},{waited},{cooling}]", cell(best)) //
        });
        let best = best.map_or("null".into(), |(best, waited)| {
            let (epoch, loss) = best.unzip();
            format!("[{},{},{waited}]", cell(epoch), cell(loss))
        });
        let stopped = match stopped {
            Some(Stopped::EarlyStopping) => "early stopping",
            Some(Stopped::Callback) => "callback",
            Some(Stopped::Flag) | None => "null",
        };
        let values = [
            steps.to_string(),
            average_steps.to_string(),
            format!("[{loss:?},{weight:?},{correct},{scored}]"),
            cell(*seconds),
            format!("{learning_rate:?}"),
            plateau,
            best,
            stopped.into(),
            history(epochs),
        ];
        KEYS.into_iter().map(key).zip(values)
    }

    /// Parse the metadata that `get` looks up. `epochs` is the number of epochs of the resumed training.
    pub(crate) fn parse<'a>(
        get: &dyn Fn(&str) -> Option<&'a str>,
        epochs: usize,
        monitored: Monitored<'_>,
    ) -> Result<Self, Mismatch> {
        let [steps, average_steps, totals, seconds, learning_rate, plateau, best, stopped, history] =
            KEYS.map(|name| (name, get(&key(name)).unwrap_or_default()));
        let [loss, weight, correct, scored] = parsed(totals, "four numbers", array)?.map(|cell| (totals.0, cell));
        let term = Term { loss: number(loss)?, weight: number(weight)? };
        let plateau = parsed(plateau, "null, or three numbers", |text| {
            nullable(text, |text| {
                let [best, waited, cooling] = array(text)?;
                Some((nullable(best, value)?, value(waited)?, value(cooling)?))
            })
        });
        let best = parsed(best, "null, or three numbers", |text| {
            nullable(text, |text| {
                let [epoch, loss, waited] = array(text)?;
                Some((nullable(epoch, value)?.zip(nullable(loss, value)?), value(waited)?))
            })
        });
        let stopped = parsed(stopped, "null, `callback` or `early stopping`", |text| match text {
            "null" => Some(None),
            "callback" => Some(Some(Stopped::Callback)),
            "early stopping" => Some(Some(Stopped::EarlyStopping)),
            _ => None,
        });
        Ok(Self {
            steps: number(steps)?,
            average_steps: number(average_steps)?,
            totals: Totals(Tally { term, correct: number(correct)?, scored: number(scored)? }),
            seconds: parsed(seconds, "null, or a number", |text| nullable(text, value))?,
            learning_rate: number(learning_rate)?,
            plateau: plateau?,
            best: best?,
            stopped: stopped?,
            epochs: parsed(history, "an array of eight numbers and all metrics for each epoch", |text| {
                parse_history(text, epochs, monitored)
            })?,
        })
    }
}

/// The key of a value in the metadata.
fn key(name: &str) -> String {
    format!("fnn.state.{name}")
}

/// A number that may be absent.
fn cell(number: Option<impl Debug>) -> String {
    number.map_or("null".into(), |number| format!("{number:?}"))
}

fn history(epochs: &[Epoch]) -> String {
    let mut text = String::from("[");
    for (index, epoch) in epochs.iter().enumerate() {
        let Epoch { number, epochs: _, training, validation, monitored, learning_rate, seconds, metrics, monitor: _ } =
            epoch;
        let (loss, accuracy) = (training.loss, cell(training.accuracy));
        let validation_loss = cell(validation.map(|validation| validation.loss));
        let validation_accuracy = cell(validation.and_then(|validation| validation.accuracy));
        let (monitored, seconds) = (cell(*monitored), cell(*seconds));
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(text, "{comma}[{number},{loss:?},{accuracy},{validation_loss},{validation_accuracy},");
        let _ = write!(text, "{monitored},{learning_rate:?},{seconds}");
        for Metric { value, .. } in metrics {
            let _ = write!(text, ",{value:?}");
        }
        text.push(']');
    }
    text + "]"
}

/// Parse what [`history`] has written. The epochs are numbered from 1.
fn parse_history(text: &str, epochs: usize, (monitor, names): Monitored<'_>) -> Option<Vec<Epoch>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let rows = inner.strip_prefix('[')?.strip_suffix(']')?.split("],[");
    let epoch = |(index, row): (usize, &str)| {
        let cells: Vec<_> = row.split(',').collect();
        let (
            &[number, loss, accuracy, validation_loss, validation_accuracy, monitored, learning_rate, seconds],
            metrics,
        ) = cells.split_first_chunk()?;
        let metric = |(name, text): (&&str, &&str)| Some(Metric { name: (*name).into(), value: value(text)? });
        let metrics = (metrics.len() == names.len())
            .then(|| names.iter().zip(metrics).map(metric).collect::<Option<Vec<_>>>())
            .flatten()?;
        let (accuracy, validation_accuracy) = (nullable(accuracy, value)?, nullable(validation_accuracy, value)?);
        let validation = |loss| Evaluation { loss, accuracy: validation_accuracy };
        let number: usize = value(number)?;
        (number == index + 1).then_some(Epoch {
            number,
            epochs,
            training: Evaluation { loss: value(loss)?, accuracy },
            validation: nullable(validation_loss, value)?.map(validation),
            monitored: nullable(monitored, value)?,
            learning_rate: value(learning_rate)?,
            seconds: nullable(seconds, value)?,
            metrics,
            monitor: monitor.to_owned(),
        })
    };
    rows.enumerate().map(epoch).collect()
}

/// Parse a named value of the metadata, or report what was expected.
fn parsed<'a, T>(
    (name, text): (&str, &'a str),
    expected: &str,
    parse: impl FnOnce(&'a str) -> Option<T>,
) -> Result<T, Mismatch> {
    let wrong = || Mismatch { field: name.into(), expected: expected.into(), found: format!("`{text}`") };
    parse(text).ok_or_else(wrong)
}

fn number<T: FromStr>(named: (&str, &str)) -> Result<T, Mismatch> {
    parsed(named, "a number", value)
}

fn value<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn nullable<'a, T>(text: &'a str, parse: impl FnOnce(&'a str) -> Option<T>) -> Option<Option<T>> {
    if text == "null" { Some(None) } else { parse(text).map(Some) }
}

/// The elements of an array.
fn array<const COUNT: usize>(text: &str) -> Option<[&str; COUNT]> {
    text.strip_prefix('[')?.strip_suffix(']')?.split(',').collect::<Vec<_>>().try_into().ok()
}
