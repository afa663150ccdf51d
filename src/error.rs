//! The error type of everything that reads data or trains.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::setting::InvalidSetting;

/// What went wrong, and where: the file or the setting, what was expected, and what was found.
///
/// Its `Debug` output is the same sentence, because `main` prints a returned error with `Debug`.
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A file's content is invalid.
    Format {
        /// The file.
        path: PathBuf,
        /// The part of the file that is invalid.
        field: Box<str>,
        /// What was expected there.
        expected: String,
        /// What was found there.
        found: String,
    },
    /// A file does not contain this network's weights.
    Weights {
        /// The file.
        path: PathBuf,
        /// The mismatches: a single one where the file could not be read any further, or every tensor that differs, up
        /// to 32.
        mismatches: Vec<Mismatch>,
        /// How many further mismatches there are.
        more: usize,
    },
    /// A checkpoint belongs to another training, or has another format.
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The differences: settings, data or tensors.
        mismatches: Vec<Mismatch>,
    },
    /// A data set has a different number of inputs and targets.
    Unpaired {
        /// The number of inputs.
        inputs: usize,
        /// The number of targets.
        targets: usize,
    },
    /// A training, validation or calibration set is empty.
    Empty {
        /// Which set: "training", "validation" or "calibration".
        set: &'static str,
    },
    /// A number that must be finite is NaN or infinite.
    Cell {
        /// The index of the sample, from 0.
        row: usize,
        /// The index of the element in the sample, from 0, in row-major order.
        column: usize,
        /// The number: NaN or infinite.
        found: f64,
    },
    /// A sample cannot be used for training, validation or calibration: its input, or what is computed from it in a
    /// calibration, is NaN or infinite, or its target is invalid for the loss.
    Sample {
        /// Which set: "training", "validation" or "calibration".
        set: &'static str,
        /// The index of the sample in that set, from 0.
        sample: usize,
        /// Its row in the file or the data set that it comes from, from 0:
        /// [`Source::row`](crate::data::Source::row).
        row: usize,
        /// What was expected, and what was found.
        problem: String,
    },
    /// A sample could not be read.
    Read {
        /// Which set: "training" or "validation".
        set: &'static str,
        /// The index of the sample in that set, from 0.
        sample: usize,
        /// Why it could not be read.
        source: Box<Self>,
    },
    /// Code that the training called panicked: a callback, or a layer, a loss, an optimizer or a source of your own.
    Panic {
        /// The message of the panic.
        message: String,
    },
    /// A rank of a training on several computers cannot go on, so neither can this one.
    Rank {
        /// Its number.
        rank: usize,
        /// Why it cannot.
        reason: String,
    },
    /// The ranks of a training on several computers do not train the same network with the same settings and data.
    Ranks {
        /// The first rank that differs from rank 0.
        rank: usize,
        /// The differences: rank 0's network, settings and data are those that are expected.
        mismatches: Vec<Mismatch>,
    },
    /// An error of another type, for example from a [`Source`](crate::data::Source): [`Error::other`].
    Other(Box<dyn std::error::Error + Send + Sync>),
    /// A setting of the trainer, of the optimizer or of the loss is invalid.
    Setting {
        /// The name of the setting.
        name: &'static str,
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A loss or a gradient is infinite or NaN.
    NonFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The mini-batch in it, from 1.
        batch: usize,
        /// What is not finite: "the loss", or "the gradient of" a parameter, by its dotted name.
        what: String,
    },
}

/// The most characters of what was found in a file.
const LONGEST: usize = 1000;

impl Error {
    /// An error of another type, or a text: for a [`Source`](crate::data::Source) that can fail.
    ///
    /// ```
    /// let error = fnn::Error::other("the sensor is not connected");
    /// assert_eq!(error.to_string(), "the sensor is not connected");
    /// ```
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// The error about a part of a file that is invalid.
    pub(crate) fn format(path: &Path, field: impl Into<Box<str>>, expected: impl Display, found: impl Display) -> Self {
        let (expected, mut found) = (expected.to_string(), found.to_string());
        // A file may have megabytes where a number is expected.
        if let Some((end, _)) = found.char_indices().nth(LONGEST) {
            found.truncate(end);
            found.push('…');
        }
        Self::Format { path: path.into(), field: field.into(), expected, found }
    }

    /// The error about an index that is not below the number of samples.
    pub(crate) fn index(index: usize, samples: usize) -> Self {
        Self::Setting {
            name: "index of a sample",
            expected: "an index below the number of samples",
            found: format!("{index} of {samples}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Format { path, field, expected, found } => {
                write!(f, "{}: {field}: expected {expected}, found {found}", path.display())
            }
            Self::Weights { path, mismatches, more } => {
                write!(f, "{}: ", path.display())?;
                if let [mismatch] = &mismatches[..] {
                    return mismatch.fmt(f);
                }
                write!(f, "{} tensors differ from the network's", mismatches.len() + more)?;
                mismatches.iter().try_for_each(|mismatch| write!(f, "\n  {mismatch}"))?;
                if *more > 0 { write!(f, "\n  and {more} more") } else { Ok(()) }
            }
            Self::Checkpoint { path, mismatches } => {
                write!(f, "{}: the checkpoint differs from this training", path.display())?;
                differences(f, mismatches)
            }
            Self::Unpaired { inputs, targets } => {
                write!(
                    f,
                    "the data set: expected one target for each input, found {inputs} inputs and {targets} targets"
                )
            }
            Self::Empty { set } => write!(f, "the {set} set has no samples"),
            Self::Cell { row, column, found } => {
                write!(f, "row {row}, column {column}: expected a finite number, found {found}")
            }
            Self::Sample { set, sample, row, problem } => {
                write!(f, "the {set} set, sample {sample}")?;
                if row != sample {
                    write!(f, " (row {row} of the original data)")?;
                }
                write!(f, ": {problem}")
            }
            Self::Read { set, sample, source } => write!(f, "the {set} set, sample {sample}: {source}"),
            Self::Panic { message } => write!(f, "the training panicked: {message}"),
            Self::Rank { rank, reason } => write!(f, "rank {rank} cannot go on: {reason}"),
            Self::Ranks { rank, mismatches } => {
                write!(f, "rank {rank} differs from rank 0")?;
                differences(f, mismatches)
            }
            Self::Other(error) => error.fmt(f),
            Self::Setting { name, expected, found } => write!(f, "{name}: expected {expected}, found {found}"),
            Self::NonFinite { epoch, batch, what } => {
                write!(f, "epoch {epoch}, mini-batch {batch}: {what} is not finite; the previous weights are kept")
            }
        }
    }
}

/// One difference on the same line, or each on its own.
fn differences(f: &mut fmt::Formatter<'_>, mismatches: &[Mismatch]) -> fmt::Result {
    match mismatches {
        [mismatch] => write!(f, ": {mismatch}"),
        mismatches => mismatches.iter().try_for_each(|mismatch| write!(f, "\n  {mismatch}")),
    }
}

impl From<InvalidSetting> for Error {
    fn from(setting: InvalidSetting) -> Self {
        Self::Setting { name: setting.name, expected: setting.expected, found: setting.found().to_string() }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Read { source, .. } => Some(source),
            Self::Other(error) => error.source(),
            _ => None,
        }
    }
}

/// A difference between a file of weights and the network that loads it, between a checkpoint and the training that it
/// is to resume, or between two ranks of a training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The part of the file: the name of a tensor or of a setting, `header`, `data` or `file`.
    pub field: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.field, self.expected, self.found)
    }
}
