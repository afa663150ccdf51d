//! Initial weights.

use crate::random::Random;
use crate::scalar::Scalar;

/// The distribution of a layer's initial weights. Biases start at 0.
///
/// `fan in` is the number of inputs that each output sums over, `fan out` the number of outputs that each input
/// contributes to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Initializer {
    /// Normal, standard deviation √(2 / fan in): for ReLU and similar activations.
    ///
    /// He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.
    HeNormal,
    /// Uniform within ±√(6 / fan in).
    HeUniform,
    /// Normal, standard deviation √(2 / (fan in + fan out)): for tanh, sigmoid, softmax and linear outputs.
    ///
    /// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
    GlorotNormal,
    /// Uniform within ±√(6 / (fan in + fan out)).
    GlorotUniform,
    /// Normal, standard deviation √(1 / fan in): for self-normalizing activations.
    ///
    /// LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998.
    LeCunNormal,
    /// Uniform within ±√(3 / fan in).
    LeCunUniform,
    /// Every weight has this value. Unsuitable for hidden layers, whose units would all stay identical.
    Constant(f64),
}

impl Initializer {
    /// The default for a layer before ReLU or a similar activation (leaky ReLU, ELU, GELU, SiLU, softplus).
    pub const BEFORE_RECTIFIER: Self = Self::HeNormal;
    /// The default for any other layer.
    pub const DEFAULT: Self = Self::GlorotUniform;

    /// Fill `weights` with random values.
    ///
    /// ```
    /// use fnn::{Initializer, Random};
    ///
    /// let mut weights = [0.0f32; 6];
    /// Initializer::HeUniform.fill(&mut weights, 6, 1, &mut Random::new(1));
    /// assert!(weights.iter().all(|weight| weight.abs() <= 1.0));
    /// ```
    pub fn fill<S: Scalar>(self, weights: &mut [S], fan_in: usize, fan_out: usize, random: &mut Random) {
        let (fan_in, fan_out) = (fan_in.max(1) as f64, fan_out.max(1) as f64);
        let variance = match self {
            Self::HeNormal | Self::HeUniform => 2.0 / fan_in,
            Self::GlorotNormal | Self::GlorotUniform => 2.0 / (fan_in + fan_out),
            Self::LeCunNormal | Self::LeCunUniform => 1.0 / fan_in,
            Self::Constant(_) => 0.0,
        };
        let deviation = libm::sqrt(variance);
        // A uniform distribution within ±√3·d has the standard deviation d.
        let limit = libm::sqrt(3.0) * deviation;
        weights.fill_with(|| {
            S::from_f64(match self {
                Self::HeNormal | Self::GlorotNormal | Self::LeCunNormal => deviation * random.normal(),
                Self::HeUniform | Self::GlorotUniform | Self::LeCunUniform => limit * (2.0 * random.uniform() - 1.0),
                Self::Constant(value) => value,
            })
        });
    }
}
