//! Weight decay without biases and normalization parameters.

use super::Optimizer;
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;

/// An optimizer whose weight decay excludes biases and the scales and shifts of normalization layers. Created by
/// [`Optimizer::decay_weights_only`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecayWeightsOnly<O> {
    /// The optimizer, with the weight decay for all other weights.
    pub optimizer: O,
}

impl<O: Optimizer<SLOTS>, const SLOTS: usize> Optimizer<SLOTS> for DecayWeightsOnly<O> {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(
        &self,
        simd: V,
        step: u64,
        weights: &mut [S],
        gradient: &[S],
        slots: [&mut [S]; SLOTS],
    ) {
        self.optimizer.update(simd, step, weights, gradient, slots);
    }

    fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate()
    }

    fn learning_rate_at(&self, step: u64) -> f64 {
        self.optimizer.learning_rate_at(step)
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { optimizer: self.optimizer.with_learning_rate(learning_rate) }
    }

    fn plain_rate(&self, step: u64) -> Option<f64> {
        self.optimizer.plain_rate(step)
    }

    fn without_weight_decay(&self) -> Self {
        Self { optimizer: self.optimizer.without_weight_decay() }
    }

    fn for_vectors(&self) -> Option<Self> {
        Some(self.without_weight_decay())
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        self.optimizer.validate::<S>()
    }
}
