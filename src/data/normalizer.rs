//! Inputs brought to a mean of 0 and a deviation of 1.

use crate::scalar::Scalar;
use crate::shape::Sample;

/// Brings each element of a sample to a mean of 0 and a standard deviation of 1 over the samples that it was fitted to:
/// `(x − mean) / deviation`.
///
/// Columns of a table come in units of their own, of which a network would take the one with the largest numbers for
/// the most important. Fit to the training part only: what is known of the test part, be it a mean, is known before the
/// test.
///
/// ```
/// use fnn::data::Normalizer;
///
/// let normalizer = Normalizer::fit(&[[1.0, 500.0], [3.0, 900.0]]);
/// assert_eq!((normalizer.mean, normalizer.deviation), ([2.0, 700.0], [1.0, 200.0]));
/// assert_eq!(normalizer.transform(&[2.0, 1100.0]), [0.0, 2.0]);
/// assert_eq!(normalizer.inverse(&[0.0, 2.0]), [2.0, 1100.0]);
/// ```
///
/// The same numbers have to be taken away and divided by where the network is used: print both fields, and they are
/// constants of a firmware.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalizer<A> {
    /// The mean of each element.
    pub mean: A,
    /// The standard deviation of each element, by the number of samples (not by one less); 1 of an element that is always
    /// the same, which so becomes 0.
    pub deviation: A,
}

impl<A: Sample<Element: Scalar>> Normalizer<A> {
    /// The mean and the deviation of each element of these samples, in `f64`. Of no samples, what changes nothing.
    ///
    /// An element is always the same where its variance is no larger than what rounding makes of such a one: as much as
    /// `n·ε·variance + (n·ε·mean)²` (scikit-learn, `StandardScaler`).
    #[must_use]
    pub fn fit(samples: &[A]) -> Self {
        let (mut mean, mut deviation) = (A::zeroed(), A::zeroed());
        let count = samples.len() as f64;
        let fields = flat_mut(&mut mean).iter_mut().zip(flat_mut(&mut deviation));
        for (element, (mean, deviation)) in fields.enumerate() {
            let column = || A::flat(samples).iter().skip(element).step_by(A::LENGTH).map(|x| x.to_f64());
            let centre = if samples.is_empty() { 0.0 } else { column().sum::<f64>() / count };
            let variance = column().map(|x| (x - centre) * (x - centre)).sum::<f64>() / count;
            let rounding = count * f64::EPSILON;
            let varies = variance > rounding * variance + (rounding * centre).powi(2);
            *mean = A::Element::from_f64(centre);
            *deviation = A::Element::from_f64(if varies { variance.sqrt() } else { 1.0 });
        }
        Self { mean, deviation }
    }

    /// `(x − mean) / deviation`, element by element.
    #[must_use]
    pub fn transform(&self, sample: &A) -> A {
        self.map(sample, |x, mean, deviation| (x - mean) / deviation)
    }

    /// Back from what [`transform`](Self::transform) gave: `x·deviation + mean`.
    #[must_use]
    pub fn inverse(&self, sample: &A) -> A {
        self.map(sample, |x, mean, deviation| x * deviation + mean)
    }

    /// A sample's elements, each with its mean and its deviation.
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
        let normalizer = Normalizer::fit(&samples);
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
        // 0.1 is not a number of f32, and ten times it, divided by 10, not 0.1.
        let normalizer = Normalizer::fit(&[[0.1f64, 1e9, 0.0]; 10]);
        assert_eq!(normalizer.deviation, [1.0; 3]);
        for (x, tolerance) in normalizer.transform(&[0.1, 1e9, 0.0]).iter().zip([1e-16, 1e-6, 0.0]) {
            assert!(x.abs() <= tolerance, "{x}");
        }
        let one = Normalizer::fit(&[[[7.0f32], [-3.0]]]);
        assert_eq!((one.mean, one.deviation), ([[7.0], [-3.0]], [[1.0]; 2]));
        let none = Normalizer::<[f32; 2]>::fit(&[]);
        assert_eq!(none.transform(&[5.0, -6.0]), [5.0, -6.0]);
    }

    #[test]
    fn small_deviations_beside_large_means_count() {
        let normalizer = Normalizer::fit(&[[1e6f64 - 1e-3], [1e6 + 1e-3]]);
        assert_relative_eq!(normalizer.deviation[0], 1e-3, max_relative = 1e-6);
    }
}
