//! RMSprop.

use super::Optimizer;
use crate::kernels::Simd;
use crate::scalar::Scalar;
use crate::setting::{BELOW_ONE, InvalidSetting, NOT_NEGATIVE, POSITIVE};

/// RMSprop: each gradient divided by the root of the running mean of its square.
///
/// `v ← α·v + (1 − α)·g²`, `w ← w − η·g / (√v + ε)`. The centred variant divides by the standard deviation:
/// `a ← α·a + (1 − α)·g`, and `v − a²` replaces v. With momentum, `u ← μ·u + g / (√v + ε)` and `w ← w − η·u`. Stores
/// one number per weight, and another one each for centring and for momentum, as part of its type.
///
/// Hinton, Srivastava and Swersky, "Neural networks for machine learning", lecture 6e, 2012; centred: Graves,
/// "Generating sequences with recurrent neural networks", 2013. ε is added to the root, as in PyTorch.
///
/// ```
/// use fnn::optimizers::{Optimizer, RmsProp, State};
///
/// let mut weight = 1.0f64;
/// RmsProp::new(0.1).alpha(0.75).step(&mut weight, &3.0, &mut State::new());
/// assert!((weight - 0.8).abs() < 1e-6);
/// let centred = RmsProp::new(0.1).centred().momentum(0.9);
/// centred.step(&mut weight, &3.0, &mut State::new());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct RmsProp<const CENTRED: bool = false, const MOMENTUM: bool = false> {
    /// The learning rate η.
    pub learning_rate: f64,
    /// α, the decay of the running means. 0.99 by default.
    pub alpha: f64,
    /// ε, which keeps the quotient finite. 10⁻⁸ by default.
    pub epsilon: f64,
    /// The weight decay λ: `λ·w` is added to the gradient. 0 by default.
    pub weight_decay: f64,
    /// The momentum μ. 0 by default.
    pub momentum: f64,
}

impl RmsProp {
    /// RMSprop with PyTorch's defaults.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, alpha: 0.99, epsilon: 1e-8, weight_decay: 0.0, momentum: 0.0 }
    }
}

impl<const CENTRED: bool, const MOMENTUM: bool> RmsProp<CENTRED, MOMENTUM> {
    /// Set α, the decay of the running means.
    #[must_use]
    pub const fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Set ε, which is added to the root.
    #[must_use]
    pub const fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Add `weight_decay · w` to the gradient of every weight, including biases. [`Optimizer::decay_weights_only`]
    /// excludes those.
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Divide by the standard deviation instead of the root mean square.
    #[must_use]
    #[doc(alias = "centered")]
    pub const fn centred(self) -> RmsProp<true, MOMENTUM> {
        let Self { learning_rate, alpha, epsilon, weight_decay, momentum } = self;
        RmsProp { learning_rate, alpha, epsilon, weight_decay, momentum }
    }

    /// Use momentum: each step keeps a share of `momentum` of the previous direction.
    #[must_use]
    pub const fn momentum(self, momentum: f64) -> RmsProp<CENTRED, true> {
        let Self { learning_rate, alpha, epsilon, weight_decay, .. } = self;
        RmsProp { learning_rate, alpha, epsilon, weight_decay, momentum }
    }

    /// The update of one weight. Slots that are not stored are 0.
    #[inline(always)]
    fn step_of<S: Scalar>(&self) -> impl Fn(&mut S, S, &mut S, &mut S, &mut S) + use<S, CENTRED, MOMENTUM> {
        let rate = S::from_f64(self.learning_rate);
        let (old, new) = (S::from_f64(self.alpha), S::from_f64(1.0 - self.alpha));
        let epsilon = S::from_f64(self.epsilon);
        let decay = S::from_f64(self.weight_decay);
        let kept = S::from_f64(self.momentum);
        move |w, g, square, mean, direction| {
            let g = g + decay * *w;
            *square = old * *square + new * g * g;
            let mut spread = *square;
            if CENTRED {
                *mean += new * (g - *mean);
                // Rounding can make the difference negative.
                spread = (spread - *mean * *mean).max(S::ZERO);
            }
            let step = g / (spread.sqrt() + epsilon);
            *direction = if MOMENTUM { kept * *direction + step } else { step };
            *w -= rate * *direction;
        }
    }

    fn validate_constants<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        NOT_NEGATIVE.check::<S>("learning rate", self.learning_rate)?;
        BELOW_ONE.check::<S>("alpha", self.alpha)?;
        POSITIVE.check::<S>("epsilon", self.epsilon)?;
        NOT_NEGATIVE.check::<S>("weight decay", self.weight_decay)?;
        BELOW_ONE.check::<S>("momentum", self.momentum)
    }
}

/// The four variants differ in the slots that they store.
macro_rules! form {
    ($centred:literal, $momentum:literal, $slots:literal: |$square:ident $(, $mean:ident)? $(; $direction:ident)?|) => {
        impl Optimizer<$slots> for RmsProp<$centred, $momentum> {
            #[inline(always)]
            fn update<V: Simd, S: Scalar>(
                &self,
                _: V,
                _: u64,
                weights: &mut [S],
                gradient: &[S],
                [$square $(, $mean)? $(, $direction)?]: [&mut [S]; $slots],
            ) {
                let step = self.step_of::<S>();
                $(let mut $mean = $mean.iter_mut();)?
                $(let mut $direction = $direction.iter_mut();)?
                for ((w, &g), square) in weights.iter_mut().zip(gradient).zip($square) {
                    let (mut no_mean, mut no_direction) = (S::ZERO, S::ZERO);
                    let mean = &mut no_mean;
                    $(let mean = $mean.next().unwrap_or(mean);)?
                    let direction = &mut no_direction;
                    $(let direction = $direction.next().unwrap_or(direction);)?
                    step(w, g, square, mean, direction);
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
                self.validate_constants::<S>()
            }
        }
    };
}
form!(false, false, 1: |squares|);
form!(true, false, 2: |squares, means|);
form!(false, true, 2: |squares; directions|);
form!(true, true, 3: |squares, means; directions|);
