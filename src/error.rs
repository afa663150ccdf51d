//! What can go wrong while reading data or training: one type.

use std::fmt;
use std::path::PathBuf;

use crate::setting::InvalidSetting;

/// What went wrong, and where: the file or the setting, what was expected, what was found.
///
/// Its `Debug` is the sentence too, as that is what `main` prints of an error that it returns.
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    Format {
        /// The file.
        path: PathBuf,
        /// The part of the file that is wrong.
        field: Box<str>,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file is not one of this network's weights.
    Weights {
        /// The file.
        path: PathBuf,
        /// What differs: one thing after which nothing else can be told, or all tensors that differ, up to 32.
        mismatches: Vec<Mismatch>,
        /// How many more there are.
        more: usize,
    },
    /// A data set has inputs and targets of different number.
    Unpaired {
        /// How many inputs there are.
        inputs: usize,
        /// How many targets there are.
        targets: usize,
    },
    /// A data set to train or to validate on has no samples.
    Empty {
        /// Which of the sets: "training" or "validation".
        set: &'static str,
    },
    /// A number that must be finite isn't.
    Cell {
        /// The number of the sample, from 0.
        row: usize,
        /// The number of the element in the sample, from 0, the last dimension changing fastest.
        column: usize,
        /// The number: NaN or infinite.
        found: f64,
    },
    /// A sample of a data set can't be trained or validated on: an input that is NaN or infinite, or a target that the
    /// loss can't take.
    Sample {
        /// Which of the sets: "training" or "validation".
        set: &'static str,
        /// The number of the sample in it, from 0.
        sample: usize,
        /// Its row in the set before it was split, from 0: [`DataSet::row`](crate::DataSet::row).
        row: usize,
        /// What was expected, and what was found.
        problem: String,
    },
    /// A setting of the trainer, of the optimizer or of the loss is invalid.
    Setting {
        /// Its name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A loss or a gradient is infinite or NaN.
    NonFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The mini-batch in it, from 1.
        batch: usize,
        /// What is not finite: "the loss", or "the gradient of" the parameter of a dotted name.
        what: String,
    },
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
            Self::Unpaired { inputs, targets } => {
                write!(
                    f,
                    "a data set has one target for each input, but there are {inputs} inputs and {targets} targets"
                )
            }
            Self::Empty { set } => write!(f, "the {set} set has no samples"),
            Self::Cell { row, column, found } => {
                write!(f, "row {row}, column {column}: expected a finite number, found {found}")
            }
            Self::Sample { set, sample, row, problem } => {
                write!(f, "the {set} set, sample {sample}")?;
                if row != sample {
                    write!(f, " (row {row} of the data before it was split)")?;
                }
                write!(f, ": {problem}")
            }
            Self::Setting { name, expected, found } => write!(f, "{name}: expected {expected}, found {found}"),
            Self::NonFinite { epoch, batch, what } => {
                write!(f, "epoch {epoch}, mini-batch {batch}: {what} is not finite; the weights before it are kept")
            }
        }
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
            _ => None,
        }
    }
}

/// A difference between a file of weights and the network that it should be of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The part of the file: the name of a tensor, `header`, `data` or `file`.
    pub field: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.field, self.expected, self.found)
    }
}
