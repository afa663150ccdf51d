//! Validation of settings, in the scalar type in which they are used.

use core::fmt;

use crate::scalar::Scalar;

/// An invalid setting: its name, what was expected, and what was found.
///
/// Settings are given as `f64` and used in the network's scalar type. A setting that is valid as `f64` and invalid
/// once rounded is an error:
///
/// ```
/// use fnn::optimizers::{Adam, Optimizer};
///
/// let error = Adam::new(1e-3).epsilon(1e-50).validate::<f32>().unwrap_err();
/// assert_eq!(error.to_string(), "epsilon: expected a finite number above 0, found 1e-50, which is 0 in `f32`");
/// assert_eq!(Adam::new(1e-3).epsilon(1e-50).validate::<f64>(), Ok(()));
/// ```
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct InvalidSetting {
    /// The name of the setting.
    pub name: &'static str,
    /// What was expected.
    pub expected: &'static str,
    /// The value that was found.
    pub found: f64,
    /// The value rounded to `f32`, if the rounding is what makes it invalid.
    pub rounded: Option<f64>,
}

impl InvalidSetting {
    /// What was found, as text.
    pub(crate) fn found(&self) -> impl fmt::Display {
        struct Found(f64, Option<f64>);

        impl fmt::Display for Found {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Self(value, rounded) = *self;
                let size = value.abs();
                if size >= 1e16 || size > 0.0 && size < 1e-5 {
                    write!(f, "{value:e}")?
                } else {
                    write!(f, "{value}")?
                }
                rounded.map_or(Ok(()), |rounded| write!(f, ", which is {rounded} in `f32`"))
            }
        }

        Found(self.found, self.rounded)
    }
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.name, self.expected, self.found())
    }
}

/// The same text as `Display`, because `main` prints a returned error with `Debug`.
impl fmt::Debug for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for InvalidSetting {}

/// The valid range of a setting: its description, and a test, which NaN fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    expected: &'static str,
    contains: fn(f64) -> bool,
}

pub(crate) const NOT_NEGATIVE: Range =
    Range { expected: "a finite number that is not negative", contains: |value| value >= 0.0 && value.is_finite() };
pub(crate) const POSITIVE: Range =
    Range { expected: "a finite number above 0", contains: |value| value > 0.0 && value.is_finite() };
pub(crate) const AT_LEAST_ONE: Range =
    Range { expected: "a finite number of at least 1", contains: |value| value >= 1.0 && value.is_finite() };
pub(crate) const UP_TO_ONE: Range =
    Range { expected: "a number from 0 to 1", contains: |value| (0.0..=1.0).contains(&value) };
pub(crate) const BELOW_ONE: Range =
    Range { expected: "a number from 0 to below 1", contains: |value| (0.0..1.0).contains(&value) };
pub(crate) const SEVERAL: Range = Range { expected: "at least 2", contains: |value| value >= 2.0 };

impl Range {
    /// Check that a setting lies in the range, both as given and rounded to `S`.
    pub(crate) fn check<S: Scalar>(&self, name: &'static str, value: f64) -> Result<(), InvalidSetting> {
        let rounded = S::from_f64(value).to_f64();
        match ((self.contains)(value), (self.contains)(rounded)) {
            (true, true) => Ok(()),
            (given, _) => {
                let rounded = given.then_some(rounded);
                Err(InvalidSetting { name, expected: self.expected, found: value, rounded })
            }
        }
    }
}

/// The ε of a layer whose type carries its bits, in the scalar type in which it is used. It is a compile error unless
/// it is above 0 there.
#[inline(always)]
pub(crate) fn epsilon<S: Scalar, const BITS: u64>() -> S {
    const {
        let value = f64::from_bits(BITS);
        let used = if size_of::<S>() == size_of::<f32>() { value as f32 as f64 } else { value };
        assert!(used > 0.0 && used < f64::INFINITY, "epsilon must be above 0 in the layer's scalar");
    }
    S::from_f64(f64::from_bits(BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_checked_as_it_is_given_and_as_it_is_used() {
        assert_eq!(POSITIVE.check::<f32>("ε", 1e-45), Ok(()));
        assert_eq!(POSITIVE.check::<f32>("ε", 1e-50).unwrap_err().rounded, Some(0.0));
        assert_eq!(POSITIVE.check::<f64>("ε", 1e-50), Ok(()));
        assert_eq!(POSITIVE.check::<f32>("ε", 0.0).unwrap_err().rounded, None);
        assert_eq!(NOT_NEGATIVE.check::<f32>("η", 1e39).unwrap_err().rounded, Some(f64::INFINITY));
        assert_eq!(NOT_NEGATIVE.check::<f64>("η", 1e39), Ok(()));
        // 1 − 10⁻⁹ is 1 in `f32`, whose numbers below 1 are 6·10⁻⁸ apart.
        assert_eq!(BELOW_ONE.check::<f32>("β", 1.0 - 1e-9).unwrap_err().rounded, Some(1.0));
        assert_eq!(BELOW_ONE.check::<f64>("β", 1.0 - 1e-9), Ok(()));
        for range in [NOT_NEGATIVE, POSITIVE, UP_TO_ONE, BELOW_ONE] {
            assert!(range.check::<f64>("x", f64::NAN).is_err() && range.check::<f64>("x", -0.1).is_err());
        }
    }
}
