//! Weight penalties: L1, L2 and elastic net.

use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, NOT_NEGATIVE};
use crate::shape::within;
use crate::weights::parameters::{Parameters, Role, visit_trained};

/// A penalty on large weights, added to the loss: `λ₁·Σ|w| + λ₂/2·Σw²`.
///
/// L1 drives many weights to zero (lasso), L2 keeps all of them small (ridge), and both together are the elastic net:
/// Zou and Hastie, "Regularization and variable selection via the elastic net", 2005. The gradient is
/// `λ₁·sign(w) + λ₂·w`, with `sign(0) = 0`. L2 is therefore the same as the weight decay of [`Sgd`](super::Sgd) and
/// [`Adam`](super::Adam), but not as that of [`AdamW`](super::AdamW).
///
/// Set it in the trainer with `Trainer::penalty`. In a custom loop, add its gradient before the optimizer's step:
///
/// ```
/// use fnn::{layers::Dense, optimizers::{Optimizer, Penalty, Sgd, State}};
///
/// let mut network = Dense::<1, 1> { weight: [[-2.0]], bias: [1.0] };
/// let mut gradient = Dense { weight: [[0.0]], bias: [0.0] };
/// let penalty = Penalty::l1(0.5).weights_only();
/// assert_eq!(penalty.value(&network), 1.0);
/// penalty.add_gradient(&network, &mut gradient);
/// Sgd::new(1.0).step(&mut network, &gradient, &mut State::new());
/// assert_eq!(network, Dense { weight: [[-1.5]], bias: [1.0] });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Penalty {
    /// λ₁, for the sum of absolute values.
    pub l1: f64,
    /// λ₂, for half the sum of squares.
    pub l2: f64,
    /// Whether to exclude biases and the scales and shifts of normalization layers: all weights that are
    /// [`Role::Vector`].
    pub weights_only: bool,
}

impl Penalty {
    /// `l1 · Σ|w|`
    #[must_use]
    pub const fn l1(l1: f64) -> Self {
        Self::elastic(l1, 0.0)
    }

    /// `l2 / 2 · Σw²`
    #[must_use]
    pub const fn l2(l2: f64) -> Self {
        Self::elastic(0.0, l2)
    }

    /// Both together: the elastic net.
    #[must_use]
    pub const fn elastic(l1: f64, l2: f64) -> Self {
        Self { l1, l2, weights_only: false }
    }

    /// Exclude biases and the scales and shifts of normalization layers.
    #[must_use]
    pub const fn weights_only(self) -> Self {
        Self { weights_only: true, ..self }
    }

    /// The penalty of the weights of `network`, summed in `f64`.
    pub fn value<P: Parameters>(&self, network: &P) -> f64 {
        let (mut absolute, mut squares) = (0.0, 0.0);
        visit_trained::<P>(self.weights_only, &mut |role, range| {
            if self.counts(role) {
                for weight in network.parameters().get(range).unwrap_or_default() {
                    let weight = weight.to_f64();
                    absolute += weight.abs();
                    squares += weight * weight;
                }
            }
        });
        self.l1 * absolute + self.l2 / 2.0 * squares
    }

    /// Add the penalty's gradient to the gradient of the loss. Does not allocate.
    pub fn add_gradient<P: Parameters>(&self, network: &P, gradient: &mut P) {
        visit_trained::<P>(self.weights_only, &mut |role, range| {
            if self.counts(role) {
                let weights = network.parameters().get(range.clone()).unwrap_or_default();
                self.add(weights, within(gradient.parameters_mut(), &range));
            }
        });
    }

    /// Whether weights of this role are penalized.
    pub(crate) fn counts(&self, role: Role) -> bool {
        !(self.weights_only && role == Role::Vector)
    }

    /// `g ← g + λ₁·sign(w) + λ₂·w`
    #[inline(always)]
    pub(crate) fn add<S: Scalar>(&self, weights: &[S], gradient: &mut [S]) {
        let (l1, l2) = (S::from_f64(self.l1), S::from_f64(self.l2));
        for (g, &w) in gradient.iter_mut().zip(weights) {
            let up = if w > S::ZERO { l1 } else { S::ZERO };
            let down = if w < S::ZERO { l1 } else { S::ZERO };
            *g += l2 * w + (up - down);
        }
    }

    /// Check that λ₁ and λ₂ are not negative in `S`.
    ///
    /// # Errors
    /// The first invalid one.
    pub fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        NOT_NEGATIVE.check::<S>("L1 penalty", self.l1)?;
        NOT_NEGATIVE.check::<S>("L2 penalty", self.l2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::BatchNorm;

    #[test]
    fn the_gradient_is_the_sign_and_the_weight_and_nothing_at_0() {
        let penalty = Penalty::elastic(0.5, 0.25);
        let (weights, mut gradient) = ([-2.0f64, 0.0, 4.0], [1.0, 1.0, -1.0]);
        penalty.add_gradient(&weights, &mut gradient);
        assert_eq!(gradient, [1.0 - 0.5 - 0.5, 1.0, -1.0 + 0.5 + 1.0]);
        assert_eq!(penalty.value(&weights), 0.5 * 6.0 + 0.25 / 2.0 * 20.0);
    }

    #[test]
    fn running_statistics_are_not_penalized() {
        let mut norm = BatchNorm::<[f32; 1]>::zeroed();
        norm.parameters_mut().copy_from_slice(&[1.0, -1.0, 5.0, 5.0, 5.0]);
        let mut gradient = BatchNorm::zeroed();
        Penalty::l1(1.0).add_gradient(&norm, &mut gradient);
        assert_eq!(gradient.parameters(), [1.0, -1.0, 0.0, 0.0, 0.0]);
        assert_eq!(Penalty::l1(1.0).value(&norm), 2.0);
        assert_eq!(Penalty::l1(1.0).weights_only().value(&norm), 0.0);
    }
}
