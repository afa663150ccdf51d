//! The error of a calibration.

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::setting::InvalidSetting;
use crate::weights::parameters::{Parameters, first_non_finite};

/// Why a network could not be calibrated: see [`Quantize`](super::Quantize).
///
/// Its `Debug` output is the same sentence as that of `Display`, because `main` prints a returned error with `Debug`. The
/// question mark converts it into [`Error`](crate::Error).
///
/// ```
/// use fnn::prelude::*;
///
/// fnn::network! {
///     #[quantizable]
///     struct Small: [2] -> [1] { score: Dense(1) }
/// }
///
/// let error = Small::seeded(1).quantize(&[[0.5, 1.0], [0.25, f32::NAN]]).unwrap_err();
/// assert_eq!(error.to_string(), "the calibration set, sample 1: the input: expected finite numbers, found NaN at element 1");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum CalibrationError {
    /// There are no samples, so that the ranges of the activations are unknown.
    Empty,
    /// A number in a sample, or in what the network computes from it, is NaN or infinite.
    Sample {
        /// The index of the sample, from 0.
        sample: usize,
        /// The layer whose output it is, after the names of the enclosing blocks and networks; `None` for the input.
        layer: Option<String>,
        /// The index of the element, from 0, in row-major order.
        element: usize,
        /// The number: NaN or infinite.
        found: f32,
    },
    /// A weight is NaN or infinite.
    Weight {
        /// The dotted name of its array.
        name: String,
        /// The number: NaN or infinite.
        found: f32,
    },
    /// The [`Calibration`](super::Calibration) has an invalid setting.
    Setting(InvalidSetting),
}

impl CalibrationError {
    /// The error about the first weight that is not finite.
    pub(super) fn of_weights<P: Parameters<Scalar = f32>>(weights: &P) -> Option<Self> {
        first_non_finite(weights).map(|(name, found)| Self::Weight { name, found })
    }

    /// What is wrong with a sample.
    fn problem(layer: Option<&str>, element: usize, found: f32) -> String {
        let of = layer.map_or_else(|| "the input".into(), |layer| format!("the output of `{layer}`"));
        format!("{of}: expected finite numbers, found {found} at element {element}")
    }
}

impl fmt::Display for CalibrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the calibration set has no samples"),
            Self::Sample { sample, layer, element, found } => {
                let problem = Self::problem(layer.as_deref(), *element, *found);
                write!(f, "the calibration set, sample {sample}: {problem}")
            }
            Self::Weight { name, found } => write!(f, "network: expected finite weights, found {found} in `{name}`"),
            Self::Setting(setting) => setting.fmt(f),
        }
    }
}

impl fmt::Debug for CalibrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for CalibrationError {}

impl From<InvalidSetting> for CalibrationError {
    fn from(setting: InvalidSetting) -> Self {
        Self::Setting(setting)
    }
}

#[cfg(feature = "std")]
impl From<CalibrationError> for crate::Error {
    fn from(error: CalibrationError) -> Self {
        let set = "calibration";
        match error {
            CalibrationError::Empty => Self::Empty { set },
            CalibrationError::Sample { sample, layer, element, found } => {
                let problem = CalibrationError::problem(layer.as_deref(), element, found);
                Self::Sample { set, sample, row: sample, problem }
            }
            CalibrationError::Weight { name, found } => {
                Self::Setting { name: "network", expected: "finite weights", found: format!("{found} in `{name}`") }
            }
            CalibrationError::Setting(setting) => setting.into(),
        }
    }
}
