//! Lion.

use super::Optimizer;
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::{BELOW_ONE, InvalidSetting, NOT_NEGATIVE};

/// Lion: steps of constant size, in the direction of the sign of momentum and gradient combined.
///
/// `w ← w − η·λ·w − η·sign(β₁·m + (1 − β₁)·g)`, then `m ← β₂·m + (1 − β₂)·g`. Stores one number per weight. Its
/// learning rate is about ten times smaller than Adam's. Chen et al., "Symbolic discovery of optimization algorithms",
/// NeurIPS 2023.
///
/// ```
/// use fnn::optimizers::{Lion, Optimizer, State};
///
/// let mut weight = 1.0f64;
/// Lion::new(0.25).step(&mut weight, &1e-3, &mut State::new());
/// assert_eq!(weight, 0.75);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Lion {
    /// The learning rate η: how far each weight moves in a step.
    pub learning_rate: f64,
    /// β₁, the weight of the momentum in the direction, and β₂, the decay of the momentum. 0.9 and 0.99 by default.
    pub betas: (f64, f64),
    /// The weight decay λ: each step subtracts `η·λ·w`. 0 by default.
    pub weight_decay: f64,
}

impl Lion {
    /// Lion with the defaults of its paper.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, betas: (0.9, 0.99), weight_decay: 0.0 }
    }

    /// Set β₁, the weight of the momentum in the direction, and β₂, the decay of the momentum.
    #[must_use]
    pub const fn betas(self, direction: f64, kept: f64) -> Self {
        Self { betas: (direction, kept), ..self }
    }

    /// Set λ: each step subtracts `η·λ·w` from every weight, including biases. [`Optimizer::decay_weights_only`]
    /// excludes those.
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

impl Optimizer<1> for Lion {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(&self, _: V, _: u64, weights: &mut [S], gradient: &[S], [mean]: [&mut [S]; 1]) {
        let rate = S::from_f64(self.learning_rate);
        let kept = S::from_f64(1.0 - self.learning_rate * self.weight_decay);
        let (old_1, new_1) = (S::from_f64(self.betas.0), S::from_f64(1.0 - self.betas.0));
        let (old_2, new_2) = (S::from_f64(self.betas.1), S::from_f64(1.0 - self.betas.1));
        for ((w, &g), m) in weights.iter_mut().zip(gradient).zip(mean) {
            let direction = old_1 * *m + new_1 * g;
            // The sign of 0 is 0.
            let up = if direction > S::ZERO { rate } else { S::ZERO };
            let down = if direction < S::ZERO { rate } else { S::ZERO };
            *w = kept * *w - up + down;
            *m = old_2 * *m + new_2 * g;
        }
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { learning_rate, ..*self }
    }

    fn without_weight_decay(&self) -> Self {
        self.weight_decay(0.0)
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        NOT_NEGATIVE.check::<S>("learning rate", self.learning_rate)?;
        NOT_NEGATIVE.check::<S>("weight decay", self.weight_decay)?;
        BELOW_ONE.check::<S>("first beta", self.betas.0)?;
        BELOW_ONE.check::<S>("second beta", self.betas.1)
    }
}
