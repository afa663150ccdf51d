//! Errors of loading weights from a file.

mod wrong;

use core::fmt;

use super::check::{Comparison, Mismatches};
pub(super) use wrong::{Description, Wrong};

/// The most mismatches in a message.
pub(super) const MAX_LISTED: usize = 32;

/// A file of weights is invalid: which part of it, what was expected, and what was found.
///
/// Needs no heap, because it borrows from the file. If tensors differ from the network's, it reports all differences
/// at once; printed, there is a line for each, up to 32, and the number of further ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WeightsError<'a> {
    reason: Reason<'a>,
}

/// Why a file is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason<'a> {
    /// A problem after which nothing else can be checked.
    File(Wrong<'a>),
    /// The tensors differ from the network's. The comparison is repeated to list the differences.
    Tensors(Comparison<'a>),
}

impl<'a> WeightsError<'a> {
    pub(super) const fn new(reason: Reason<'a>) -> Self {
        Self { reason }
    }

    pub(super) const fn problems(&self) -> Problems<'a> {
        match self.reason {
            Reason::File(wrong) => Problems { single: Some(wrong), mismatches: None },
            Reason::Tensors(comparison) => Problems { single: None, mismatches: Some(comparison.mismatches()) },
        }
    }

    /// All mismatches: those that can still be found after the first one.
    pub fn mismatches(&self) -> impl Iterator<Item = WeightsMismatch<'a>> {
        let mut problems = self.problems();
        core::iter::from_fn(move || problems.next()).map(|wrong| WeightsMismatch { wrong })
    }
}

/// The mismatches of an error, one after the other.
pub(super) struct Problems<'a> {
    single: Option<Wrong<'a>>,
    mismatches: Option<Mismatches<'a>>,
}

impl<'a> Problems<'a> {
    pub(super) const fn next(&mut self) -> Option<Wrong<'a>> {
        match &mut self.mismatches {
            Some(mismatches) => mismatches.next(),
            None => self.single.take(),
        }
    }
}

impl fmt::Display for WeightsError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut count = 0;
        for mismatch in self.mismatches() {
            match count {
                0 => mismatch.fmt(f)?,
                1..MAX_LISTED => write!(f, "\n{mismatch}")?,
                _ => {}
            }
            count += 1;
        }
        if count > MAX_LISTED { write!(f, "\nand {} more", count - MAX_LISTED) } else { Ok(()) }
    }
}

/// The same text as `Display`, so that `unwrap` and a `main` that returns the error print it.
impl fmt::Debug for WeightsError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for WeightsError<'_> {}

/// One difference between a file of weights and the network that loads it: part of a [`WeightsError`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WeightsMismatch<'a> {
    wrong: Wrong<'a>,
}

impl WeightsMismatch<'_> {
    /// The part of the file: the name of a tensor, `header`, `data` or `file`.
    pub fn field(&self) -> impl fmt::Display {
        self.wrong.describe().field
    }

    /// What was expected.
    pub fn expected(&self) -> impl fmt::Display {
        self.wrong.describe().expected
    }

    /// What was found.
    pub fn found(&self) -> impl fmt::Display {
        self.wrong.describe().found
    }
}

impl fmt::Display for WeightsMismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Description { field, expected, found } = self.wrong.describe();
        write!(f, "{field}: expected {expected}, found {found}")
    }
}

impl fmt::Debug for WeightsMismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
