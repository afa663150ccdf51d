//! Gradient clipping.

use crate::kernels::{dispatch, operation};
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, POSITIVE};
use crate::shape::within;
use crate::weights::parameters::Parameters;

/// A limit on the gradient of a step, so that a single unusual mini-batch cannot move the weights too far.
///
/// It applies between backpropagation and the optimizer: call [`apply`](Self::apply) in a custom loop, or set
/// `Trainer::clip`. Both forms match PyTorch's `clip_grad_value_` and `clip_grad_norm_`. Pascanu, Mikolov and Bengio,
/// "On the difficulty of training recurrent neural networks", ICML 2013.
///
/// ```
/// use fnn::{layers::Dense, optimizers::{Clip, gradient_norm}};
///
/// let mut gradient = Dense::<1, 1> { weight: [[3.0]], bias: [-4.0] };
/// assert_eq!(gradient_norm(&gradient), 5.0);
/// Clip::Norm(2.5).apply(&mut gradient);
/// assert!((gradient.weight[0][0] - 1.5).abs() < 1e-6 && (gradient.bias[0] + 2.0).abs() < 1e-6);
/// Clip::Value(1.75).apply(&mut gradient);
/// assert_eq!(gradient.bias, [-1.75]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Clip {
    /// Clamp each element of the gradient to ± this limit. This changes the gradient's direction.
    Value(f64),
    /// Scale the whole gradient to at most about this norm: `g ← g · min(1, limit / (‖g‖ + 10⁻⁶))`, where ‖g‖ is the
    /// square root of the sum of squares. Takes one more pass over the gradient.
    Norm(f64),
}

impl Clip {
    /// Clip the gradient of a network. Does not allocate.
    ///
    /// Clipping does not repair a gradient that is not finite: NaN stays NaN, and an infinite norm turns every element
    /// into 0 or NaN, as in PyTorch.
    pub fn apply<P: Parameters>(self, gradient: &mut P) {
        match self {
            Self::Value(limit) => P::trained(&mut |range| {
                clamp(P::Scalar::from_f64(limit), within(gradient.parameters_mut(), &range));
            }),
            Self::Norm(limit) => {
                let factor = P::Scalar::from_f64(shortening(limit, gradient_norm(gradient)));
                P::trained(&mut |range| {
                    for value in within(gradient.parameters_mut(), &range) {
                        *value *= factor;
                    }
                });
            }
        }
    }

    /// Check that the limit is above 0 in `S`.
    ///
    /// # Errors
    /// The limit, if it is invalid.
    pub fn validate<S: Scalar>(self) -> Result<(), InvalidSetting> {
        match self {
            Self::Value(limit) => POSITIVE.check::<S>("clip", limit),
            // The norm is computed and compared in `f64`.
            Self::Norm(limit) => POSITIVE.check::<f64>("clip", limit),
        }
    }
}

/// The norm of a gradient: the square root of the sum of squares, without running statistics.
///
/// Summed in `f64`, where no `f32` gradient overflows.
pub fn gradient_norm<P: Parameters>(gradient: &P) -> f64 {
    let mut sum = 0.0;
    P::trained(&mut |range| sum += squares(gradient.parameters().get(range).unwrap_or_default()));
    libm::sqrt(sum)
}

/// The factor that scales a gradient of length `norm` to at most `limit`.
pub(crate) fn shortening(limit: f64, norm: f64) -> f64 {
    let factor = limit / (norm + 1e-6);
    // NaN stays NaN.
    if factor > 1.0 { 1.0 } else { factor }
}

/// Clamp each of `values` to ±`limit`.
#[inline(always)]
pub(crate) fn clamp<S: Scalar>(limit: S, values: &mut [S]) {
    for value in values {
        let least = if *value < -limit { -limit } else { *value };
        *value = if least > limit { limit } else { least };
    }
}

/// The sum of squares of `values`, identical for every instruction set.
pub(crate) fn squares<S: Scalar>(values: &[S]) -> f64 {
    dispatch(Squares { values })
}

operation! {
    /// Sixteen partial sums, which fit vector registers.
    struct Squares<'a, S: Scalar;> {
        values: &'a [S],
    }
    fn run(self, _simd: V) -> f64 {
        let mut sums = [0.0; 16];
        let (whole, rest) = self.values.as_chunks::<16>();
        for values in whole {
            add_squares(values, &mut sums);
        }
        add_squares(rest, &mut sums);
        sums.into_iter().sum()
    }
}

#[inline(always)]
fn add_squares<S: Scalar>(values: &[S], sums: &mut [f64; 16]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        let value = value.to_f64();
        *sum += value * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{BatchNorm, Dense};

    #[test]
    fn a_norm_is_that_of_everything_together_but_running_statistics() {
        let values: [f32; 37] = core::array::from_fn(|index| index as f32);
        // 0² + 1² + … + 36² = 36·37·73/6
        assert_eq!(gradient_norm(&values), 16_206.0f64.sqrt());
        let dense = Dense::<2, 1, f64> { weight: [[1.0], [2.0]], bias: [2.0] };
        assert_eq!(gradient_norm(&dense), 3.0);
        let mut norm = BatchNorm::<[f32; 1]>::zeroed();
        norm.parameters_mut().copy_from_slice(&[3.0, 4.0, 100.0, 100.0, 1.0]);
        assert_eq!(gradient_norm(&norm), 5.0);
        Clip::Norm(0.5).apply(&mut norm);
        Clip::Value(0.35).apply(&mut norm);
        assert_eq!(norm.parameters()[1..], [0.35, 100.0, 100.0, 1.0]);
        assert!((norm.parameters()[0] - 0.3).abs() < 1e-6);
    }

    #[test]
    fn what_is_within_the_limit_stays_bit_for_bit() {
        let gradient = [0.1f32, -0.7, 1.3e-20];
        for clip in [Clip::Norm(1.0), Clip::Value(0.7)] {
            let mut clipped = gradient;
            clip.apply(&mut clipped);
            assert_eq!(clipped, gradient);
        }
    }

    #[test]
    fn large_numbers_do_not_overflow_and_undefined_ones_stay() {
        let mut large = [3e38f32, -3e38];
        Clip::Norm(2.0f64.sqrt()).apply(&mut large);
        assert!((large[0] - 1.0).abs() < 1e-6 && (large[1] + 1.0).abs() < 1e-6);
        let mut with_nan = [f64::NAN, 5.0];
        Clip::Value(1.0).apply(&mut with_nan);
        assert!(with_nan[0].is_nan() && with_nan[1] == 1.0);
        Clip::Norm(1.0).apply(&mut with_nan);
        assert!(with_nan[1].is_nan());
    }
}
