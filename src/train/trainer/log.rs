//! A file with a row per epoch.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use super::history::{Epoch, History};
use super::progress::Display;
use crate::atomic_file::write_atomically;
use crate::error::Error;
use crate::weights::safetensors::escape;

/// The formats of a log, chosen by the file's extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

/// The file of [`Trainer::log`](crate::Trainer::log).
#[derive(Clone, Debug)]
pub(crate) struct Log(pub(super) PathBuf);

impl Log {
    fn format(&self) -> Option<Format> {
        match self.0.extension()?.to_str()? {
            "csv" => Some(Format::Csv),
            "jsonl" => Some(Format::JsonLines),
            _ => None,
        }
    }

    /// Check the extension.
    pub(super) fn check(&self) -> Result<(), Error> {
        let invalid = || Error::Setting {
            name: "log",
            expected: "a file whose name ends in `.csv` or `.jsonl`",
            found: self.0.display().to_string(),
        };
        self.format().map(|_| ()).ok_or_else(invalid)
    }

    /// Write all rows, so that a resumed training has a complete log, and a row is never incomplete.
    pub(super) fn write(&self, history: &History) -> Result<(), Error> {
        let text = match self.format() {
            Some(Format::JsonLines) => history.to_json_lines(),
            Some(Format::Csv) | None => history.to_csv(),
        };
        create_folder(&self.0)?;
        write_atomically(&self.0, &mut |file| io::Write::write_all(file, text.as_bytes()))
    }
}

/// Create the folder of a file.
fn create_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), std::fs::create_dir_all).map_err(|source| Error::File { path: path.into(), source })
}

/// Check the files of all logs.
pub(super) fn check(logs: &[Log]) -> Result<(), Error> {
    logs.iter().try_for_each(Log::check)
}

/// Write all logs. The first failure is printed and recorded.
pub(super) fn write(logs: &[Log], history: &mut History, display: &Display) {
    for log in logs {
        if let Err(error) = log.write(history) {
            display.failed(&mut history.log_failure, &format_args!("the log could not be written, {error}"));
        }
    }
}

/// The columns that every epoch has.
pub(super) const COLUMNS: [&str; 8] = [
    "epoch",
    "training_loss",
    "training_accuracy",
    "validation_loss",
    "validation_accuracy",
    "monitored",
    "learning_rate",
    "seconds",
];

impl Epoch {
    /// The values of [`COLUMNS`], without the number.
    fn values(&self) -> [Option<f64>; 7] {
        let Self { training, validation, monitored, learning_rate, seconds, .. } = self;
        let accuracy = validation.and_then(|validation| validation.accuracy);
        let validation = validation.map(|validation| validation.loss);
        [Some(training.loss), training.accuracy, validation, accuracy, *monitored, Some(*learning_rate), *seconds]
    }
}

impl History {
    /// The epochs as a table: a line of column names, and a line per epoch, in CSV (RFC 4180, with `\n`). Numbers have
    /// all their digits; what an epoch doesn't have is empty. Metrics are the last columns.
    ///
    /// ```
    /// use fnn::train::History;
    ///
    /// assert!(History::default().to_csv().starts_with("epoch,training_loss,"));
    /// ```
    #[must_use]
    pub fn to_csv(&self) -> String {
        let names = self.epochs.first().map_or(&[][..], |epoch| &epoch.metrics);
        let names = names.iter().map(|metric| csv_field(&metric.name));
        let mut text = COLUMNS.map(String::from).into_iter().chain(names).collect::<Vec<_>>().join(",") + "\n";
        for epoch in &self.epochs {
            text += &epoch.number.to_string();
            let metrics = epoch.metrics.iter().map(|metric| Some(metric.value));
            for value in epoch.values().into_iter().chain(metrics) {
                text.push(',');
                if let Some(value) = value {
                    let _ = write!(text, "{value:?}");
                }
            }
            text.push('\n');
        }
        text
    }

    /// The epochs as JSON lines: an object per epoch, with the columns of [`to_csv`](Self::to_csv) as keys. What an
    /// epoch doesn't have is left out, as are values that JSON can't express (NaN, infinity).
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        let mut text = String::new();
        for epoch in &self.epochs {
            let _ = write!(text, "{{\"epoch\":{}", epoch.number);
            let columns = COLUMNS.into_iter().skip(1).map(String::from).zip(epoch.values());
            let metrics = epoch.metrics.iter().map(|metric| (metric.name.clone(), Some(metric.value)));
            for (name, value) in columns.chain(metrics) {
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    let _ = write!(text, ",\"{}\":{value:?}", escape(&name));
                }
            }
            text += "}\n";
        }
        text
    }
}

/// A field of a CSV file, quoted if necessary.
fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { csv_quoted(text) } else { text.into() }
}

/// A quoted field of a CSV file.
pub(crate) fn csv_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::trainer::evaluate::Evaluation;
    use crate::train::trainer::history::Metric;

    fn history() -> History {
        let epoch = Epoch {
            number: 1,
            epochs: 2,
            training: Evaluation { loss: 0.5, accuracy: None },
            validation: Some(Evaluation { loss: 0.25, accuracy: Some(0.75) }),
            monitored: None,
            learning_rate: 1e-3,
            seconds: Some(1.5),
            metrics: vec![Metric { name: "macro \"F1\", all".into(), value: f64::NAN }],
            monitor: Default::default(),
        };
        History { epochs: vec![epoch], ..History::default() }
    }

    #[test]
    fn csv_has_a_header_and_empty_cells() {
        let expected = "epoch,training_loss,training_accuracy,validation_loss,validation_accuracy,monitored,learning_rate,\
                        seconds,\"macro \"\"F1\"\", all\"\n1,0.5,,0.25,0.75,,0.001,1.5,NaN\n";
        assert_eq!(history().to_csv(), expected);
    }

    #[test]
    fn json_lines_leave_out_what_is_missing() {
        let mut history = history();
        history.epochs[0].metrics[0].value = 0.5;
        let expected = "{\"epoch\":1,\"training_loss\":0.5,\"validation_loss\":0.25,\"validation_accuracy\":0.75,\
                        \"learning_rate\":0.001,\"seconds\":1.5,\"macro \\\"F1\\\", all\":0.5}\n";
        assert_eq!(history.to_json_lines(), expected);
        history.epochs[0].metrics[0].value = f64::INFINITY;
        assert!(!history.to_json_lines().contains("macro"));
    }
}
