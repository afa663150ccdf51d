//! Adam.

use super::Optimizer;
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::{BELOW_ONE, InvalidSetting, NOT_NEGATIVE, POSITIVE};

/// Adam: a step size per weight, from running means of its gradient and its squared gradient.
///
/// `m ← β₁·m + (1 − β₁)·g`, `v ← β₂·v + (1 − β₂)·g²`, and in step t, counted from 1,
/// `w ← w − η · m̂ / (√v̂ + ε)` with `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)`. Stores two numbers per weight.
///
/// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
///
/// ```
/// use fnn::optimizers::{Adam, Optimizer, State};
///
/// // The first step is as long as the learning rate, however large the gradient.
/// let (mut weight, mut state) = (1.0f64, State::new());
/// Adam::new(0.1).step(&mut weight, &1e6, &mut state);
/// assert!((weight - 0.9).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Adam {
    /// The learning rate η.
    pub learning_rate: f64,
    /// β₁ and β₂: the decay of the running means of the gradient and of its square. 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// ε, which keeps the quotient finite. 10⁻⁸ by default.
    pub epsilon: f64,
    /// The weight decay λ: `λ·w` is added to the gradient. 0 by default.
    pub weight_decay: f64,
}

impl Adam {
    /// Adam with the defaults of its paper.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, betas: (0.9, 0.999), epsilon: 1e-8, weight_decay: 0.0 }
    }

    /// Set β₁ and β₂: the decay of the running means of the gradient and of its square.
    #[must_use]
    pub const fn betas(self, mean: f64, square: f64) -> Self {
        Self { betas: (mean, square), ..self }
    }

    /// Set ε, which is added to the root.
    #[must_use]
    pub const fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Add `weight_decay · w` to the gradient of every weight, including biases, before the means are updated.
    /// [`Optimizer::decay_weights_only`] excludes those.
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

impl Optimizer<2> for Adam {
    #[inline(always)]
    fn update<V: Simd, S: Scalar>(
        &self,
        _: V,
        step: u64,
        weights: &mut [S],
        gradient: &[S],
        [mean, square]: [&mut [S]; 2],
    ) {
        let constants = Constants::new(self, step);
        let decay = S::from_f64(self.weight_decay);
        for (((w, &g), m), v) in weights.iter_mut().zip(gradient).zip(mean).zip(square) {
            constants.remember(g + decay * *w, m, v);
            *w -= constants.step(*m, *v);
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
        BELOW_ONE.check::<S>("second beta", self.betas.1)?;
        POSITIVE.check::<S>("epsilon", self.epsilon)
    }
}

/// The constants of one step of Adam and its variants.
#[derive(Clone, Copy)]
pub(super) struct Constants<S> {
    rate: S,
    scale: S,
    new_1: S,
    kept_2: S,
    new_2: S,
    epsilon: S,
}

impl<S: Scalar> Constants<S> {
    pub(super) fn new(adam: &Adam, step: u64) -> Self {
        let (beta_1, beta_2) = adam.betas;
        // Bias correction: the means started at 0.
        let missing = |beta: f64| 1.0 - power(beta, step);
        Self {
            rate: S::from_f64(adam.learning_rate / missing(beta_1)),
            scale: S::from_f64(1.0 / libm::sqrt(missing(beta_2))),
            new_1: S::from_f64(1.0 - beta_1),
            kept_2: S::from_f64(beta_2),
            new_2: S::from_f64(1.0 - beta_2),
            epsilon: S::from_f64(adam.epsilon),
        }
    }

    /// Add a gradient to the running means.
    #[inline(always)]
    pub(super) fn remember(&self, g: S, mean: &mut S, square: &mut S) {
        *mean += self.new_1 * (g - *mean);
        *square = self.kept_2 * *square + self.new_2 * g * g;
    }

    /// The step: `η · m̂ / (√v̂ + ε)`.
    #[inline(always)]
    pub(super) fn step(&self, mean: S, square: S) -> S {
        self.rate * mean / (square.sqrt() * self.scale + self.epsilon)
    }
}

/// `baseⁿ`, by squaring. An update computes it for every few thousand weights, for which `pow` takes several times as long.
fn power(base: f64, mut n: u64) -> f64 {
    let (mut power, mut square) = (1.0, base);
    while n > 0 {
        if n & 1 == 1 {
            power *= square;
        }
        square *= square;
        n >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::optimizers::State;

    /// The weight after each of `STEPS` steps, starting at 1.
    fn path<const STEPS: usize>(adam: &Adam, gradients: [f64; STEPS]) -> [f64; STEPS] {
        let (mut weight, mut state) = (1.0, State::new());
        gradients.map(|gradient| {
            adam.step(&mut weight, &gradient, &mut state);
            weight
        })
    }

    #[test]
    fn under_a_constant_gradient_each_step_is_the_learning_rate() {
        let weights = path(&Adam::new(0.125), [-3e4; 4]);
        assert_relative_eq!(weights[..], [1.125, 1.25, 1.375, 1.5], max_relative = 1e-12);
    }

    #[test]
    fn the_second_step_weighs_both_gradients() {
        // β₁ = ½, β₂ = ¾: m̂ = (½·½·4 + ½·0) / ¾ = 4/3 and v̂ = (¾·¼·16 + 0) / (1 − 9/16) = 48/7.
        let [_, second] = path(&Adam::new(1.0).betas(0.5, 0.75).epsilon(1.0), [4.0, 0.0]);
        let first = 1.0 - 4.0 / 5.0;
        assert_relative_eq!(second, first - 4.0 / 3.0 / ((48.0f64 / 7.0).sqrt() + 1.0), max_relative = 1e-14);
    }

    #[test]
    fn weight_decay_goes_through_the_means() {
        // With a zero gradient, the direction is constant: that of the weight.
        let [weight] = path(&Adam::new(0.25).weight_decay(0.1), [0.0]);
        assert_relative_eq!(weight, 0.75, max_relative = 1e-6);
    }

    #[test]
    fn powers_are_those_of_the_mathematical_library() {
        for n in (0..100).chain([1000, 12_345, 1 << 20, (1 << 52) + 1]) {
            for base in [0.0, 0.5, 0.9, 0.999, 1.0 - 1e-12] {
                let expected = libm::pow(base, n as f64);
                assert!((power(base, n) - expected).abs() <= 1e-12, "{base}^{n}: {}, {expected}", power(base, n));
            }
        }
    }

    #[test]
    fn no_gradient_is_no_step() {
        assert_eq!(path(&Adam::new(0.1), [0.0; 3]), [1.0; 3]);
    }

    #[test]
    fn after_very_many_steps_the_correction_is_gone() {
        let (mut weight, mut state) = (1.0f32, State::<f32, 2> { steps: u64::MAX - 1, slots: [2.0, 4.0] });
        Adam::new(0.5).step(&mut weight, &2.0, &mut state);
        assert_relative_eq!(weight, 0.5);
    }

    #[test]
    fn invalid_settings_are_named() {
        let adam = Adam::new(1e-3);
        let name = |adam: Adam| adam.validate::<f32>().map_err(|error| error.name);
        assert_eq!(name(adam), Ok(()));
        assert_eq!(name(adam.betas(0.0, 0.0)), Ok(()));
        assert_eq!(name(Adam::new(-1e-3)), Err("learning rate"));
        assert_eq!(name(adam.weight_decay(f64::NAN)), Err("weight decay"));
        assert_eq!(name(adam.betas(1.0, 0.999)), Err("first beta"));
        assert_eq!(name(adam.betas(0.9, -0.1)), Err("second beta"));
        assert_eq!(name(adam.epsilon(0.0)), Err("epsilon"));
    }

    /// Each is valid in `f64`, and 0, 1 or infinite in `f32`. Lion and momentum have no ε, Adagrad has no β.
    #[test]
    fn settings_of_all_optimizers_are_checked_as_f32_rounds_them() {
        use crate::optimizers::{Adagrad, AdamW, AmsGrad, Lion, RmsProp};

        fn invalid<const SLOTS: usize>(optimizer: &impl Optimizer<SLOTS>, name: &str) {
            assert_eq!(optimizer.validate::<f64>(), Ok(()), "{name}");
            let error = optimizer.validate::<f32>().unwrap_err();
            assert!(error.name == name && error.rounded.is_some(), "{error}");
        }
        let nearly_one = 1.0 - 1e-9;
        invalid(&Adam::new(0.1).epsilon(1e-50), "epsilon");
        invalid(&Adam::new(0.1).betas(0.9, nearly_one), "second beta");
        invalid(&AdamW::new(0.1).epsilon(1e-50), "epsilon");
        invalid(&AmsGrad::new(0.1).epsilon(1e-50), "epsilon");
        invalid(&Adagrad::new(0.1).epsilon(1e-50), "epsilon");
        invalid(&RmsProp::new(0.1).epsilon(1e-50), "epsilon");
        invalid(&RmsProp::new(0.1).alpha(nearly_one), "alpha");
        invalid(&Lion::new(0.1).betas(nearly_one, 0.9), "first beta");
        invalid(&Adam::new(1e39), "learning rate");
        invalid(&Adagrad::new(1e39), "learning rate");
        invalid(&Lion::new(1e39), "learning rate");
        invalid(&RmsProp::new(1e39).decay_weights_only(), "learning rate");
    }
}
