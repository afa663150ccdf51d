//! Adagrad.

use super::Optimizer;
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::{InvalidSetting, NOT_NEGATIVE, POSITIVE};

/// Adagrad: a learning rate per weight, which shrinks as squared gradients accumulate.
///
/// `s ← s + g²`, `w ← w − η / (1 + (t − 1)·δ) · g / (√s + ε)` in step t, counted from 1. Stores one number per weight.
/// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12,
/// 2011.
///
/// ```
/// use fnn::optimizers::{Adagrad, Optimizer, State};
///
/// let (mut weight, mut state) = (1.0f64, State::new());
/// Adagrad::new(0.5).step(&mut weight, &7.0, &mut state);
/// assert!((weight - 0.5).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Adagrad {
    /// The learning rate η.
    pub learning_rate: f64,
    /// δ, the decay of the learning rate. 0 by default.
    pub learning_rate_decay: f64,
    /// The weight decay λ: `λ·w` is added to the gradient. 0 by default.
    pub weight_decay: f64,
    /// ε, which keeps the quotient finite. 10⁻¹⁰ by default.
    pub epsilon: f64,
}

impl Adagrad {
    /// Adagrad with PyTorch's defaults.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, learning_rate_decay: 0.0, weight_decay: 0.0, epsilon: 1e-10 }
    }

    /// Set the decay of the learning rate.
    #[must_use]
    pub const fn learning_rate_decay(self, learning_rate_decay: f64) -> Self {
        Self { learning_rate_decay, ..self }
    }

    /// Add `weight_decay · w` to the gradient of every weight, including biases. [`Optimizer::decay_weights_only`]
    /// excludes those.
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Set ε, which is added to the root.
    #[must_use]
    pub const fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }
}

impl Optimizer<1> for Adagrad {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(&self, _: V, step: u64, weights: &mut [S], gradient: &[S], [sum]: [&mut [S]; 1]) {
        let slower = 1.0 + step.saturating_sub(1) as f64 * self.learning_rate_decay;
        let rate = S::from_f64(self.learning_rate / slower);
        let decay = S::from_f64(self.weight_decay);
        let epsilon = S::from_f64(self.epsilon);
        for ((w, &g), sum) in weights.iter_mut().zip(gradient).zip(sum) {
            let g = g + decay * *w;
            *sum += g * g;
            *w -= rate * g / (sum.sqrt() + epsilon);
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
        NOT_NEGATIVE.check::<f64>("learning rate decay", self.learning_rate_decay)?;
        NOT_NEGATIVE.check::<S>("weight decay", self.weight_decay)?;
        POSITIVE.check::<S>("epsilon", self.epsilon)
    }
}
