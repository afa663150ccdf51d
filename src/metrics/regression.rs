//! Regression metrics.

use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::statistics::Spread;

/// R², the share of the targets' variance that the outputs explain: 1 is perfect, 0 is as good as always predicting
/// the mean, and negative is worse than that.
///
/// `1 − Σ(t − y)² / Σ(t − t̄)²` for each element of a sample, averaged over the elements. `None` where it is
/// undefined: without samples, if an element of the targets is constant up to rounding, or if a number or the result
/// is not finite.
///
/// ```
/// use fnn::metrics::r_squared;
///
/// let targets = [[3.0], [-0.5], [2.0], [7.0]];
/// let outputs = [[2.5], [0.0], [2.0], [8.0]];
/// assert!((r_squared(&outputs, &targets).unwrap() - 0.948_608_137).abs() < 1e-9);
/// assert_eq!(r_squared(&[[1.0], [2.0]], &[[5.0], [5.0]]), None);
/// ```
#[must_use]
pub fn r_squared<A: Sample<Element: Scalar>>(outputs: &[A], targets: &[A]) -> Option<f64> {
    let (outputs, targets) = paired(outputs, targets);
    let mut sum = 0.0;
    for element in 0..A::LENGTH {
        let spread = Spread::of(column(targets, element)).filter(Spread::varies)?;
        let pairs = column(outputs, element).zip(column(targets, element));
        let errors = pairs.map(|(y, t)| t * spread.scale - y * spread.scale);
        sum += 1.0 - errors.map(|error| error * error).sum::<f64>() / spread.squares;
    }
    Some(sum / A::LENGTH as f64).filter(|mean| mean.is_finite())
}

/// The mean of `|y − t|` over samples and elements, in the unit of the targets: 0 is perfect. `None` without samples,
/// or if it is not finite.
///
/// ```
/// use fnn::metrics::mean_absolute_error;
///
/// assert_eq!(mean_absolute_error(&[[2.5], [0.0], [2.0], [8.0]], &[[3.0], [-0.5], [2.0], [7.0]]), Some(0.5));
/// ```
#[must_use]
pub fn mean_absolute_error<A: Sample<Element: Scalar>>(outputs: &[A], targets: &[A]) -> Option<f64> {
    let (outputs, targets) = paired(outputs, targets);
    let numbers = (targets.len() * A::LENGTH) as f64;
    let sizes = (0..A::LENGTH).flat_map(|element| errors(outputs, targets, element)).map(f64::abs);
    (numbers > 0.0).then(|| sizes.map(|size| size / numbers).sum()).filter(|mean: &f64| mean.is_finite())
}

/// `√(Σ(y − t)² / n)` of each element of a sample, averaged over the elements, in the unit of the targets: 0 is
/// perfect. `None` without samples, or if it is not finite.
///
/// Large errors count more than in the [mean absolute error](mean_absolute_error).
///
/// ```
/// use fnn::metrics::root_mean_squared_error;
///
/// assert_eq!(root_mean_squared_error(&[[1.0], [2.0]], &[[1.0], [4.0]]), Some(2.0f64.sqrt()));
/// ```
#[must_use]
pub fn root_mean_squared_error<A: Sample<Element: Scalar>>(outputs: &[A], targets: &[A]) -> Option<f64> {
    let (outputs, targets) = paired(outputs, targets);
    let (samples, elements) = (targets.len() as f64, A::LENGTH as f64);
    let root = |element| {
        let errors = errors(outputs, targets, element);
        // The square of a large number may overflow, and that of a small one underflow.
        let largest = errors.clone().map(f64::abs).fold(f64::MIN_POSITIVE, f64::max);
        let squares: f64 = errors.map(|error| (error / largest) * (error / largest)).sum();
        libm::sqrt(squares / samples) * largest
    };
    let mean = || (0..A::LENGTH).map(|element| root(element) / elements).sum();
    (samples * elements > 0.0).then(mean).filter(|mean: &f64| mean.is_finite())
}

/// Both slices, cut to the length of the shorter one.
fn paired<'a, A>(outputs: &'a [A], targets: &'a [A]) -> (&'a [A], &'a [A]) {
    let samples = outputs.len().min(targets.len());
    (&outputs[..samples], &targets[..samples])
}

/// `y − t` of one element of each sample.
fn errors<A: Sample<Element: Scalar>>(
    outputs: &[A],
    targets: &[A],
    element: usize,
) -> impl Iterator<Item = f64> + Clone {
    column(outputs, element).zip(column(targets, element)).map(|(y, t)| y - t)
}

/// One element of each sample.
fn column<A: Sample<Element: Scalar>>(samples: &[A], element: usize) -> impl Iterator<Item = f64> + Clone + use<'_, A> {
    A::flat(samples).iter().skip(element).step_by(A::LENGTH.max(1)).map(|value| value.to_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of scikit-learn's `r2_score`, from its documentation.
    #[test]
    fn r_squared_of_several_outputs_is_their_mean() {
        let targets = [[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]];
        let outputs = [[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]];
        let expected = (0.965_438_8 + 0.908_163_3) / 2.0;
        assert!((r_squared(&outputs, &targets).unwrap() - expected).abs() < 1e-6);
        assert_eq!(r_squared(&targets, &targets), Some(1.0));
    }

    #[test]
    fn r_squared_is_a_number_that_means_something_or_none() {
        // The mean of three times 0.1 is not 0.1.
        assert_eq!(r_squared(&[[0.2]; 3], &[[0.1]; 3]), None);
        let (targets, halves) = ([[1e200], [-1e200]], [[0.5e200], [-0.5e200]]);
        assert_eq!(r_squared(&targets, &targets), Some(1.0));
        assert_eq!(r_squared(&halves, &targets), Some(0.75));
        assert_eq!(r_squared(&[[5e-320], [-5e-320]], &[[1e-319], [-1e-319]]), Some(0.75));
        for wrong in [f64::NAN, f64::INFINITY] {
            assert_eq!(r_squared(&[[wrong], [1.0]], &[[0.0], [1.0]]), None);
            assert_eq!(r_squared(&[[0.0], [1.0]], &[[wrong], [1.0]]), None);
        }
        assert_eq!(r_squared(&[[1e300], [1.0]], &[[0.0], [1.0]]), None);
        assert_eq!(r_squared::<[f64; 0]>(&[[]], &[[]]), None);
    }

    /// The values of scikit-learn's `mean_absolute_error` and `root_mean_squared_error` for the same numbers.
    #[test]
    fn errors_are_those_of_scikit_learn() {
        let targets = [[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]];
        let outputs = [[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]];
        assert!((mean_absolute_error(&outputs, &targets).unwrap() - 0.75).abs() < 1e-15);
        assert!((root_mean_squared_error(&outputs, &targets).unwrap() - 0.822_748_612_183_951_3).abs() < 1e-15);
        assert_eq!(root_mean_squared_error(&targets, &targets), Some(0.0));
    }

    #[test]
    fn errors_of_any_size_are_a_number_or_none() {
        for size in [1e-200, 1e200, 1e308] {
            let (outputs, targets) = ([[size], [0.0]], [[0.0], [size]]);
            assert!((mean_absolute_error(&outputs, &targets).unwrap() / size - 1.0).abs() < 1e-12);
            assert!((root_mean_squared_error(&outputs, &targets).unwrap() / size - 1.0).abs() < 1e-12);
        }
        for wrong in [f64::NAN, f64::INFINITY] {
            assert_eq!(mean_absolute_error(&[[wrong], [0.0]], &[[0.0], [0.0]]), None);
            assert_eq!(root_mean_squared_error(&[[0.0], [wrong]], &[[0.0], [0.0]]), None);
        }
        assert_eq!(
            (mean_absolute_error::<[f32; 1]>(&[], &[]), root_mean_squared_error::<[f32; 1]>(&[], &[])),
            (None, None)
        );
        assert_eq!(mean_absolute_error::<[f32; 0]>(&[[]], &[[]]), None);
    }
}
