//! Adam with decoupled weight decay.

use super::adam::Constants;
use super::{Adam, Optimizer};
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;

/// [`Adam`] with weight decay that bypasses the running means: `w ← w − η·λ·w`, followed by Adam's step.
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019. Stores two numbers per weight.
///
/// ```
/// use fnn::optimizers::{AdamW, Optimizer, State};
///
/// // Without a gradient, a weight shrinks by η·λ of itself.
/// let mut weight = 2.0f64;
/// AdamW::new(0.1).weight_decay(0.5).step(&mut weight, &0.0, &mut State::new());
/// assert!((weight - 1.9).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AdamW {
    /// All constants; the weight decay λ is 0.01 by default.
    pub adam: Adam,
}

impl AdamW {
    /// Adam's defaults, and a weight decay of 0.01.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self { adam: Adam::new(learning_rate).weight_decay(0.01) }
    }

    /// See [`Adam::betas`].
    #[must_use]
    pub const fn betas(self, mean: f64, square: f64) -> Self {
        Self { adam: self.adam.betas(mean, square) }
    }

    /// See [`Adam::epsilon`].
    #[must_use]
    pub const fn epsilon(self, epsilon: f64) -> Self {
        Self { adam: self.adam.epsilon(epsilon) }
    }

    /// Set λ: each step subtracts `η·λ·w` from every weight, including biases. [`Optimizer::decay_weights_only`]
    /// excludes those.
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { adam: self.adam.weight_decay(weight_decay) }
    }
}

impl Optimizer<2> for AdamW {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(
        &self,
        _: V,
        step: u64,
        weights: &mut [S],
        gradient: &[S],
        [mean, square]: [&mut [S]; 2],
    ) {
        let constants = Constants::new(&self.adam, step);
        let kept = S::from_f64(1.0 - self.adam.learning_rate * self.adam.weight_decay);
        for (((w, &g), m), v) in weights.iter_mut().zip(gradient).zip(mean).zip(square) {
            constants.remember(g, m, v);
            *w = kept * *w - constants.step(*m, *v);
        }
    }

    fn learning_rate(&self) -> f64 {
        self.adam.learning_rate
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { adam: self.adam.with_learning_rate(learning_rate) }
    }

    fn without_weight_decay(&self) -> Self {
        self.weight_decay(0.0)
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        self.adam.validate::<S>()
    }
}
