//! Normalization of inputs to mean 0 and standard deviation 1.

use crate::error::Error;
use crate::metrics::column;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::statistics::Spread;

/// Scales each element of a sample to mean 0 and standard deviation 1 over the samples that it was fitted to:
/// `(x − mean) / deviation`.
///
/// Columns of a table have different units, and without scaling the largest numbers dominate training. Fit to the
/// training set only: a normalizer that has seen the test set leaks information from it.
///
/// ```
/// use fnn::data::Normalizer;
///
/// let normalizer = Normalizer::fit(&[[1.0, 500.0], [3.0, 900.0]])?;
/// assert_eq!((normalizer.mean, normalizer.deviation), ([2.0, 700.0], [1.0, 200.0]));
/// assert_eq!(normalizer.transform(&[2.0, 1100.0]), [0.0, 2.0]);
/// assert_eq!(normalizer.inverse(&[0.0, 2.0]), [2.0, 1100.0]);
/// # Ok::<(), fnn::Error>(())
/// ```
///
/// Inference must apply the same scaling: print both fields, and compile them into the firmware as constants.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalizer<A> {
    /// The mean of each element.
    pub mean: A,
    /// The population standard deviation of each element; 1 for a constant element, which becomes 0.
    pub deviation: A,
}

impl<A: Sample<Element: Scalar>> Normalizer<A> {
    /// Compute the mean and the deviation of each element over these samples, in `f64`. Without samples, the transform
    /// is the identity.
    ///
    /// An element is constant if its variance is no larger than the rounding error of a constant column:
    /// `n·ε·variance + (n·ε·mean)²` (scikit-learn, `StandardScaler`).
    ///
    /// ```
    /// use fnn::data::Normalizer;
    ///
    /// let error = Normalizer::fit(&[[1.0, 500.0], [3.0, f32::NAN]]).unwrap_err();
    /// assert_eq!(error.to_string(), "row 1, column 1: expected a finite number, found NaN");
    /// ```
    ///
    /// # Errors
    /// [`Error::Cell`] for the first number that is NaN or infinite.
    pub fn fit(samples: &[A]) -> Result<Self, Error> {
        if let Some(cell) = A::flat(samples).iter().position(|x| !x.is_finite()) {
            let found = A::flat(samples).get(cell).map_or(f64::NAN, |x| x.to_f64());
            return Err(Error::Cell { row: cell / A::LENGTH, column: cell % A::LENGTH, found });
        }
        let (mut mean, mut deviation) = (A::zeroed(), A::zeroed());
        flat_mut(&mut deviation).fill(A::Element::ONE);
        let fields = flat_mut(&mut mean).iter_mut().zip(flat_mut(&mut deviation));
        for (element, (mean, deviation)) in fields.enumerate() {
            let Some(spread) = Spread::of(column(samples, element)) else { continue };
            *mean = A::Element::from_f64(spread.mean / spread.scale);
            // A deviation that is too small for the element's type counts as 0.
            let found = A::Element::from_f64(spread.variance().sqrt() / spread.scale);
            if spread.varies() && found > A::Element::ZERO {
                *deviation = found;
            }
        }
        Ok(Self { mean, deviation })
    }

    /// `(x − mean) / deviation`, element by element.
    #[must_use]
    pub fn transform(&self, sample: &A) -> A {
        self.map(sample, |x, mean, deviation| (x - mean) / deviation)
    }

    /// Undo [`transform`](Self::transform): `x·deviation + mean`.
    #[must_use]
    pub fn inverse(&self, sample: &A) -> A {
        self.map(sample, |x, mean, deviation| x * deviation + mean)
    }

    /// The elements of a sample, each with its mean and deviation.
    fn map(&self, sample: &A, map: impl Fn(A::Element, A::Element, A::Element) -> A::Element) -> A {
        let mut mapped = *sample;
        for ((x, &mean), &deviation) in
            flat_mut(&mut mapped).iter_mut().zip(flat(&self.mean)).zip(flat(&self.deviation))
        {
            *x = map(*x, mean, deviation);
        }
        mapped
    }
}

fn flat<A: Sample>(sample: &A) -> &[A::Element] {
    A::flat(std::slice::from_ref(sample))
}

fn flat_mut<A: Sample>(sample: &mut A) -> &mut [A::Element] {
    A::flat_mut(std::slice::from_mut(sample))
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    /// The values of scikit-learn's `StandardScaler` for the same numbers.
    #[test]
    fn as_scikit_learn() {
        let samples = [[1.0f64, -1.0, 2.0], [2.0, 0.0, 0.0], [0.0, 1.0, -1.0]];
        let normalizer = Normalizer::fit(&samples).unwrap();
        let expected = [
            [0.0, -1.224_744_871_391_589, 1.336_306_209_562_121_7],
            [1.224_744_871_391_589, 0.0, -0.267_261_241_912_424_3],
            [-1.224_744_871_391_589, 1.224_744_871_391_589, -1.069_044_967_649_697_6],
        ];
        for (sample, expected) in samples.iter().zip(expected) {
            let transformed = normalizer.transform(sample);
            for (found, expected) in transformed.iter().zip(expected) {
                assert_relative_eq!(*found, expected, max_relative = 1e-14, epsilon = 1e-15);
            }
            for (found, expected) in normalizer.inverse(&transformed).iter().zip(sample) {
                assert_relative_eq!(*found, *expected, max_relative = 1e-14, epsilon = 1e-15);
            }
        }
    }

    #[test]
    fn what_never_varies_becomes_zero() {
        // 0.1 is not representable in `f32`, and ten times it divided by 10 is not 0.1.
        let normalizer = Normalizer::fit(&[[0.1f64, 1e9, 0.0]; 10]).unwrap();
        assert_eq!(normalizer.deviation, [1.0; 3]);
        for (x, tolerance) in normalizer.transform(&[0.1, 1e9, 0.0]).iter().zip([1e-16, 1e-6, 0.0]) {
            assert!(x.abs() <= tolerance, "{x}");
        }
        let one = Normalizer::fit(&[[[7.0f32], [-3.0]]]).unwrap();
        assert_eq!((one.mean, one.deviation), ([[7.0], [-3.0]], [[1.0]; 2]));
        let none = Normalizer::<[f32; 2]>::fit(&[]).unwrap();
        assert_eq!(none.transform(&[5.0, -6.0]), [5.0, -6.0]);
    }

    #[test]
    fn small_deviations_beside_large_means_count() {
        let normalizer = Normalizer::fit(&[[1e6f64 - 1e-3], [1e6 + 1e-3]]).unwrap();
        assert_relative_eq!(normalizer.deviation[0], 1e-3, max_relative = 1e-6);
    }

    #[test]
    fn a_cell_that_is_not_finite_is_named() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = Normalizer::fit(&[[[1.0], [2.0]], [[1.0], [2.0]], [[wrong], [2.0]]]).unwrap_err();
            assert!(
                matches!(error, Error::Cell { row: 2, column: 0, found } if found.to_bits() == f64::from(wrong).to_bits())
            );
        }
    }

    #[test]
    fn the_largest_and_the_smallest_numbers_have_a_deviation() {
        for size in [f64::MAX, 1e200, 1e-200] {
            let normalizer = Normalizer::fit(&[[size], [-size]]).unwrap();
            assert_relative_eq!(normalizer.deviation[0], size, max_relative = 1e-12);
            assert_relative_eq!(normalizer.transform(&[size])[0], 1.0, max_relative = 1e-12);
        }
        assert_relative_eq!(Normalizer::fit(&[[f32::MAX], [-f32::MAX]]).unwrap().deviation[0], f32::MAX);
        // One in a thousand samples has the smallest positive number, and the deviation is less than that.
        let mut samples = [[0.0f32]; 1000];
        samples[0] = [f32::from_bits(1)];
        assert_eq!(Normalizer::fit(&samples).unwrap().deviation, [1.0]);
    }
}
