//! Stochastic gradient descent, plain and with momentum.

use super::Optimizer;
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::{BELOW_ONE, InvalidSetting, NOT_NEGATIVE, UP_TO_ONE};

/// Stochastic gradient descent: `w ← w − η·(g + λ·w)`, with learning rate η and weight decay λ.
///
/// It has no state, which makes it the optimizer for the smallest memories. Robbins and Monro, "A stochastic
/// approximation method", Annals of Mathematical Statistics 22, 1951. [`momentum`](Self::momentum) adds momentum.
///
/// ```
/// use fnn::optimizers::Sgd;
///
/// let plain = Sgd::new(0.1);
/// let usual = Sgd::new(0.1).weight_decay(1e-4).momentum(0.9).nesterov();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Sgd {
    /// The learning rate η.
    pub learning_rate: f64,
    /// The weight decay λ.
    pub weight_decay: f64,
}

impl Sgd {
    /// Gradient descent without weight decay.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, weight_decay: 0.0 }
    }

    /// Add `weight_decay · w` to the gradient of every weight, including biases. [`Optimizer::decay_weights_only`]
    /// excludes those.
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Use momentum: each step keeps a share of `momentum` of the previous direction.
    #[must_use]
    pub const fn momentum(self, momentum: f64) -> Momentum {
        Momentum { sgd: self, momentum, dampening: 0.0, nesterov: false }
    }
}

impl Optimizer<0> for Sgd {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(&self, _: V, _: u64, weights: &mut [S], gradient: &[S], _: [&mut [S]; 0]) {
        let rate = S::from_f64(self.learning_rate);
        let decay = S::from_f64(self.weight_decay);
        if decay == S::ZERO {
            return weights.iter_mut().zip(gradient).for_each(|(w, &g)| *w -= rate * g);
        }
        for (w, &g) in weights.iter_mut().zip(gradient) {
            *w -= rate * (g + decay * *w);
        }
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { learning_rate, ..*self }
    }

    fn plain_rate(&self, _: u64) -> Option<f64> {
        (self.weight_decay == 0.0).then_some(self.learning_rate)
    }

    fn without_weight_decay(&self) -> Self {
        self.weight_decay(0.0)
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        NOT_NEGATIVE.check::<S>("learning rate", self.learning_rate)?;
        NOT_NEGATIVE.check::<S>("weight decay", self.weight_decay)
    }
}

/// Gradient descent with momentum: `v ← μ·v + (1 − τ)·(g + λ·w)`, `w ← w − η·v`.
///
/// The dampening τ is 0 by default, and always 0 in the first step, as in PyTorch.
///
/// Nesterov's variant looks ahead: `w ← w − η·(g + λ·w + μ·v)`, with the new v. Created by [`Sgd::momentum`]. Stores
/// one number per weight. v starts at 0 and does not include η, so that η can change between steps. Polyak, "Some
/// methods of speeding up the convergence of iteration methods", 1964; Sutskever, Martens, Dahl and Hinton, "On the
/// importance of initialization and momentum in deep learning", ICML 2013.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Momentum {
    /// The learning rate η and the weight decay λ.
    pub sgd: Sgd,
    /// The momentum μ.
    pub momentum: f64,
    /// The dampening τ: gradients after the first are scaled by 1 − τ. 0 by default.
    pub dampening: f64,
    /// Whether to look ahead (Nesterov).
    pub nesterov: bool,
}

impl Momentum {
    /// Look ahead: Nesterov's variant.
    #[must_use]
    pub const fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }

    /// Scale each gradient after the first by `1 − dampening` before it is added to the direction.
    #[must_use]
    pub const fn dampening(self, dampening: f64) -> Self {
        Self { dampening, ..self }
    }

    /// See [`Sgd::weight_decay`].
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { sgd: self.sgd.weight_decay(weight_decay), ..self }
    }
}

impl Optimizer<1> for Momentum {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(
        &self,
        _: V,
        step: u64,
        weights: &mut [S],
        gradient: &[S],
        [velocity]: [&mut [S]; 1],
    ) {
        let rate = S::from_f64(self.sgd.learning_rate);
        let decay = S::from_f64(self.sgd.weight_decay);
        let kept = S::from_f64(self.momentum);
        let new = S::from_f64(if step > 1 { 1.0 - self.dampening } else { 1.0 });
        for ((w, &g), v) in weights.iter_mut().zip(gradient).zip(velocity) {
            let g = g + decay * *w;
            *v = kept * *v + new * g;
            let direction = if self.nesterov { g + kept * *v } else { *v };
            *w -= rate * direction;
        }
    }

    fn learning_rate(&self) -> f64 {
        self.sgd.learning_rate
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { sgd: self.sgd.with_learning_rate(learning_rate), ..*self }
    }

    fn without_weight_decay(&self) -> Self {
        self.weight_decay(0.0)
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        self.sgd.validate::<S>()?;
        BELOW_ONE.check::<S>("momentum", self.momentum)?;
        UP_TO_ONE.check::<S>("dampening", self.dampening)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::optimizers::State;

    /// The weight after each of three steps, starting at 1.
    fn path<const SLOTS: usize>(optimizer: &impl Optimizer<SLOTS>, gradients: [f64; 3]) -> [f64; 3] {
        let (mut weight, mut state) = (1.0, State::new());
        gradients.map(|gradient| {
            optimizer.step(&mut weight, &gradient, &mut state);
            weight
        })
    }

    #[test]
    fn a_plain_step_is_the_rate_times_the_gradient() {
        assert_eq!(path(&Sgd::new(0.5), [1.0, -2.0, 0.0]), [0.5, 1.5, 1.5]);
    }

    #[test]
    fn weight_decay_shrinks_the_weight() {
        // 1 − 0.5·(1 + 0.5·1) = 0.25; 0.25 − 0.5·(0 + 0.5·0.25) = 0.1875; …
        assert_eq!(path(&Sgd::new(0.5).weight_decay(0.5), [1.0, 0.0, 0.0]), [0.25, 0.1875, 0.140_625]);
    }

    #[test]
    fn momentum_starts_with_the_gradient_and_adds_up() {
        // v = 1, 1.5, 1.75
        assert_eq!(path(&Sgd::new(1.0).momentum(0.5), [1.0; 3]), [0.0, -1.5, -3.25]);
    }

    #[test]
    fn nesterov_looks_ahead() {
        // v = 1, 0.5, 0.25 and g + v/2 = 1.5, 0.25, 0.125
        assert_eq!(path(&Sgd::new(1.0).momentum(0.5).nesterov(), [1.0, 0.0, 0.0]), [-0.5, -0.75, -0.875]);
    }

    #[test]
    fn weight_decay_is_part_of_the_momentum() {
        // v = 0 + 0.5·1 = 0.5, w = 0.5; v = 0.25 + 0.25 = 0.5, w = 0; v = 0.25, w = −0.25
        let momentum = Sgd::new(1.0).momentum(0.5).weight_decay(0.5);
        assert_eq!(momentum, Sgd::new(1.0).weight_decay(0.5).momentum(0.5));
        let [a, b, c] = path(&momentum, [0.0; 3]);
        assert_relative_eq!([a, b, c][..], [0.5, 0.0, -0.25], max_relative = 1e-15);
    }

    #[test]
    fn invalid_settings_are_named() {
        assert_eq!(Sgd::new(0.1).momentum(0.9).validate::<f32>(), Ok(()));
        let error = Sgd::new(-0.1).validate::<f32>().unwrap_err();
        assert_eq!((error.name, error.expected), ("learning rate", "a finite number that is not negative"));
        assert_eq!((error.found, error.rounded), (-0.1, None));
        let name = |momentum: Momentum| momentum.validate::<f32>().unwrap_err().name;
        for wrong in [f64::NAN, f64::INFINITY, 1e39] {
            assert_eq!(name(Sgd::new(wrong).momentum(0.9)), "learning rate");
        }
        for wrong in [-1.0, 1e39] {
            assert_eq!(name(Sgd::new(0.1).momentum(0.9).weight_decay(wrong)), "weight decay");
        }
        for wrong in [-0.1, 1.0, f64::NAN, 1.0 - 1e-9] {
            assert_eq!(name(Sgd::new(0.1).momentum(wrong)), "momentum");
        }
        assert_eq!(Sgd::new(1e39).momentum(1.0 - 1e-9).validate::<f64>(), Ok(()));
    }
}
