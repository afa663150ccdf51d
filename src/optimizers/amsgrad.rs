//! Adam that never forgets a large gradient.

use super::adam::Constants;
use super::{Adam, Optimizer};
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::InvalidSetting;

/// [`Adam`] that divides by the largest mean of squares so far: `v* ← max(v*, v)` replaces v.
///
/// Reddi, Kale and Kumar, "On the convergence of Adam and beyond", ICLR 2018, with Adam's bias correction of both
/// means, as in PyTorch. Stores three numbers per weight.
///
/// ```
/// use fnn::optimizers::{AmsGrad, Optimizer, State};
///
/// let (mut weight, mut state) = (1.0f64, State::new());
/// AmsGrad::new(0.1).step(&mut weight, &1e6, &mut state);
/// assert!((weight - 0.9).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AmsGrad {
    /// All constants.
    pub adam: Adam,
}

impl AmsGrad {
    /// Adam's defaults.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self { adam: Adam::new(learning_rate) }
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

    /// See [`Adam::weight_decay`].
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { adam: self.adam.weight_decay(weight_decay) }
    }
}

impl Optimizer<3> for AmsGrad {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(
        &self,
        _: V,
        step: u64,
        weights: &mut [S],
        gradient: &[S],
        [mean, square, largest]: [&mut [S]; 3],
    ) {
        let constants = Constants::new(&self.adam, step);
        let decay = S::from_f64(self.adam.weight_decay);
        for ((((w, &g), m), v), largest) in weights.iter_mut().zip(gradient).zip(mean).zip(square).zip(largest) {
            constants.remember(g + decay * *w, m, v);
            *largest = largest.max(*v);
            *w -= constants.step(*m, *largest);
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
