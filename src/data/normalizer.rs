//! The normalization of a set of samples to mean 0 and standard deviation 1.

use crate::error::Error;
use crate::image::Channels;
pub use crate::layers::Normalize as Normalizer;
use crate::pod::zeroed;
use crate::scalar::Scalar;
use crate::statistics::Spread;
use crate::weights::parameters::Parameters;

impl<S: Scalar, A: Channels<Element = S>> Normalizer<A> {
    /// Compute the mean and the deviation of each channel over these samples, in `f64`: of each column of a table, or of
    /// each colour of images.
    ///
    /// Columns of a table have different units, and without scaling the largest numbers dominate training. Fit to the
    /// training set only: a normalizer that has seen the test set leaks information from it.
    ///
    /// A channel is constant if its variance is no larger than the rounding error of a constant column:
    /// `n·ε·variance + (n·ε·mean)²` (scikit-learn, `StandardScaler`). It becomes 0.
    ///
    /// ```
    /// use fnn::{Network, data::Normalizer};
    ///
    /// let normalizer = Normalizer::fit(&[[1.0, 500.0], [3.0, 900.0]])?;
    /// assert_eq!((normalizer.mean, normalizer.deviation), ([2.0, 700.0], [1.0, 200.0]));
    /// assert_eq!(normalizer.transform(&[2.0, 1100.0]), [0.0, 2.0]);
    /// assert_eq!(normalizer.inverse(&[0.0, 2.0]), [2.0, 1100.0]);
    ///
    /// // As a layer, it is saved with the network, and can be saved alone too.
    /// let path = std::env::temp_dir().join(format!("fnn-doc-normalizer-{}.safetensors", std::process::id()));
    /// normalizer.save(&path)?;
    /// assert_eq!(*Normalizer::<[f64; 2]>::load(&path)?, normalizer);
    /// # std::fs::remove_file(&path).map_err(fnn::Error::other)?;
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Empty`] without samples, and [`Error::Cell`] for the first number that is NaN or infinite:
    ///
    /// ```
    /// use fnn::data::Normalizer;
    ///
    /// let error = Normalizer::fit(&[[1.0, 500.0], [3.0, f32::NAN]]).unwrap_err();
    /// assert_eq!(error.to_string(), "row 1, column 1: expected a finite number, found NaN");
    /// ```
    pub fn fit(samples: &[A]) -> Result<Self, Error> {
        if samples.is_empty() {
            return Err(Error::Empty { set: "training" });
        }
        if let Some(cell) = A::flat(samples).iter().position(|x| !x.is_finite()) {
            let found = A::flat(samples).get(cell).map_or(f64::NAN, |x| x.to_f64());
            return Err(Error::Cell { row: cell / A::LENGTH, column: cell % A::LENGTH, found });
        }
        let mut fitted = Self { mean: zeroed::<A::Each>(), deviation: zeroed::<A::Each>() };
        fitted.deviation.parameters_mut().fill(S::ONE);
        let fields = fitted.mean.parameters_mut().iter_mut().zip(fitted.deviation.parameters_mut());
        for (channel, (mean, deviation)) in fields.enumerate() {
            let numbers = A::flat(samples).chunks(A::SPACE.max(1)).skip(channel).step_by(A::CHANNELS.max(1)).flatten();
            let Some(spread) = Spread::of(numbers.map(|x| x.to_f64())) else { continue };
            *mean = S::from_f64(spread.mean / spread.scale);
            // A deviation that is too small for the element's type counts as 0.
            let found = S::from_f64(spread.variance().sqrt() / spread.scale);
            if spread.varies() && found > S::ZERO {
                *deviation = found;
            }
        }
        Ok(fitted)
    }
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
        assert_eq!((one.mean, one.deviation), ([7.0, -3.0], [1.0; 2]));
        let error = Normalizer::<[f32; 2]>::fit(&[]).unwrap_err().to_string();
        assert_eq!(error, "the training set has no samples");
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

    /// Each colour of an image has one mean and one deviation.
    #[test]
    fn channels_are_measured_over_all_their_numbers() {
        let images = [[[1.0f64, 3.0], [10.0, 10.0]], [[5.0, 7.0], [30.0, 30.0]]];
        let normalizer = Normalizer::fit(&images).unwrap();
        assert_eq!((normalizer.mean, normalizer.deviation), ([4.0, 20.0], [5.0f64.sqrt(), 10.0]));
        assert_eq!(normalizer.transform(&[[4.0, 4.0], [0.0, 40.0]]), [[0.0, 0.0], [-2.0, 2.0]]);
    }
}
