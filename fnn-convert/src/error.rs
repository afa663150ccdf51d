//! What can be wrong with a model.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a model could not be converted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file is damaged, or of another format.
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The model is valid, but parts of it can't be declared: all of these.
    Refused {
        /// The file.
        path: PathBuf,
        /// In the order of the model's nodes.
        refusals: Vec<Refusal>,
    },
    /// An invalid option.
    Option {
        /// What is wrong with it.
        reason: String,
    },
}

/// A part of a model that can't be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The name of the node in the model, or of its output if it has none.
    pub node: String,
    /// Its operator, as the model's format calls it.
    pub operator: String,
    /// Why it can't be declared.
    pub reason: String,
}

impl Error {
    /// The parts of the model that can't be declared.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        match self {
            Self::Refused { refusals, .. } => refusals,
            _ => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`: {}", self.operator, self.node, self.reason)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Format { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Refused { path, refusals } => {
                let count = refusals.len();
                let parts = if count == 1 { "part" } else { "parts" };
                write!(f, "{}: {count} {parts} of the model can't be declared", path.display())?;
                refusals.iter().try_for_each(|refusal| write!(f, "\n  {refusal}"))
            }
            Self::Option { reason } => f.write_str(reason),
        }
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
