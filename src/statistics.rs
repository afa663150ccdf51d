//! The class of the highest score, and the spread of a column of numbers: shared by losses, metrics and data sets.

use crate::scalar::Scalar;

/// The index of the highest score, the first one on ties. `None` if a score is NaN, or if all are −∞.
///
/// ```
/// use fnn::metrics::highest;
///
/// assert_eq!(highest(&[0.1, 0.7, 0.2]), Some(1));
/// assert_eq!(highest(&[0.1, f32::NAN, 0.2]), None);
/// ```
#[must_use]
#[inline(always)]
pub fn highest<S: Scalar>(scores: &[S]) -> Option<usize> {
    let (mut class, mut highest, mut ordered) = (None, S::from_f64(f64::NEG_INFINITY), true);
    for (index, &score) in scores.iter().enumerate() {
        ordered &= score.partial_cmp(&score).is_some();
        if score > highest {
            (class, highest) = (Some(index), score);
        }
    }
    class.filter(|_| ordered)
}

/// The spread of numbers around their mean. All fields are in units of `1 / scale`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// A power of two that scales the largest number to about 1, so that no square overflows or underflows.
    pub(crate) scale: f64,
    /// How many numbers there are.
    pub(crate) count: f64,
    /// Their mean.
    pub(crate) mean: f64,
    /// The sum of squared deviations from the mean.
    pub(crate) squares: f64,
}

impl Spread {
    /// The spread of these numbers. `None` if there are none, or if one of them is not finite.
    pub(crate) fn of(numbers: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let (mut largest, mut count, mut finite) = (0.0f64, 0usize, true);
        for x in numbers.clone() {
            largest = largest.max(x.abs());
            finite &= x.is_finite();
            count += 1;
        }
        if count == 0 || !finite {
            return None;
        }
        // The reciprocal of the smallest numbers' power of two would overflow `f64`.
        let scale = libm::ldexp(1.0, -libm::frexp(largest).1.max(-1000));
        let count = count as f64;
        let mean = numbers.clone().map(|x| x * scale).sum::<f64>() / count;
        let squares = numbers.map(|x| x * scale - mean).map(|distance| distance * distance).sum();
        Some(Self { scale, count, mean, squares })
    }

    /// The population variance: divided by n, not n − 1.
    pub(crate) fn variance(&self) -> f64 {
        self.squares / self.count
    }

    /// Whether the numbers vary by more than the rounding error of a constant column, which is at most
    /// `n·ε·variance + (n·ε·mean)²` (scikit-learn, `StandardScaler`).
    pub(crate) fn varies(&self) -> bool {
        let rounding = self.count * f64::EPSILON;
        self.variance() > rounding * self.variance() + (rounding * self.mean) * (rounding * self.mean)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn scores_that_are_no_order_have_no_highest() {
        assert_eq!(highest(&[0.5, 0.5, 0.0]), Some(0));
        assert_eq!(highest(&[f32::NEG_INFINITY, f32::MIN]), Some(1));
        assert_eq!(highest(&[f32::INFINITY, 1.0]), Some(0));
        for scores in [[f32::NAN, 5.0], [5.0, f32::NAN], [f32::NEG_INFINITY; 2]] {
            assert_eq!(highest(&scores), None);
        }
        assert_eq!(highest::<f64>(&[]), None);
    }

    #[test]
    fn numbers_of_any_size_have_a_variance() {
        for size in [1.0, 1e200, 1.7e308, 1e-200, 1e-320] {
            let spread = Spread::of([size, -size, size, -size].into_iter()).unwrap();
            let deviation = spread.variance().sqrt() / spread.scale;
            assert!(spread.varies());
            assert_relative_eq!(deviation, size, max_relative = 1e-12);
            assert_eq!(spread.mean, 0.0);
        }
    }

    #[test]
    fn rounding_is_no_variance() {
        for constant in [0.1, 1e300, 1e-300, 0.0] {
            assert!(!Spread::of([constant; 3].into_iter()).unwrap().varies(), "{constant}");
        }
        assert!(Spread::of([1e6 - 1e-3, 1e6 + 1e-3].into_iter()).unwrap().varies());
    }

    #[test]
    fn nothing_and_nan_have_none() {
        assert!(Spread::of([].into_iter()).is_none());
        for wrong in [f64::NAN, f64::INFINITY] {
            assert!(Spread::of([1.0, wrong].into_iter()).is_none());
        }
    }
}
