//! The activation functions and their derivatives.

use super::{FromOutput, Function};
use crate::scalar::Scalar;

/// `max(0, x)`. The derivative at 0 is taken as 0. Declared as `Relu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relu;

/// `x` above 0, `slope·x` elsewhere. Declared as `LeakyRelu(slope)`, by default 0.01; the slope is not negative.
///
/// Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakyRelu<const SLOPE: u64>;

/// `x` above 0, `alpha·(eˣ − 1)` elsewhere. Declared as `Elu(alpha)`, by default 1; alpha is not negative.
///
/// Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units", 2016.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elu<const ALPHA: u64>;

/// `x·Φ(x)`, Φ being the normal distribution: `x/2 · (1 + erf(x/√2))`. Declared as `Gelu`.
///
/// Hendrycks and Gimpel, "Gaussian error linear units", 2016.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gelu;

/// The near form of [`Gelu`], `x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))`. Declared as `Gelu(tanh)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeluTanh;

/// `x·σ(x)`, σ being the sigmoid; also called swish. Declared as `Silu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silu;

/// `1 / (1 + e^(−x))`. Declared as `Sigmoid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sigmoid;

/// The hyperbolic tangent. Declared as `Tanh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tanh;

/// `ln(1 + eˣ)`. Declared as `Softplus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softplus;

/// The function's parameter, which a constant generic carries as its bits.
#[inline(always)]
fn parameter<S: Scalar>(bits: u64) -> S {
    S::from_f64(f64::from_bits(bits))
}

/// A function whose derivative is written from its value, as all its users need it.
macro_rules! function_from_output {
    ($function:ident $(<const $parameter:ident: u64>)? $([probabilities = $probabilities:literal])?, $x:ident: $value:expr, $y:ident: $derivative:expr) => {
        impl $(<const $parameter: u64>)? Function for $function $(<$parameter>)? {
            const KIND: &'static str = stringify!($function);
            $(const PROBABILITIES: bool = $probabilities;)?

            #[inline(always)]
            fn value<S: Scalar>($x: S) -> S {
                $value
            }

            #[inline(always)]
            fn derivative<S: Scalar>(_: S, y: S) -> S {
                Self::derivative_from_output(y)
            }
        }

        impl $(<const $parameter: u64>)? FromOutput for $function $(<$parameter>)? {
            #[inline(always)]
            fn derivative_from_output<S: Scalar>($y: S) -> S {
                $derivative
            }
        }
    };
}

function_from_output!(Relu,
    x: if x > S::ZERO { x } else { x * S::ZERO },
    y: if y > S::ZERO { S::ONE } else { S::ZERO });
function_from_output!(LeakyRelu<const SLOPE: u64>,
    x: if x > S::ZERO { x } else { parameter::<S>(SLOPE) * x },
    y: if y > S::ZERO { S::ONE } else { parameter(SLOPE) });
function_from_output!(Elu<const ALPHA: u64>,
    x: if x > S::ZERO { x } else { parameter::<S>(ALPHA) * x.exp_m1() },
    y: if y > S::ZERO { S::ONE } else { y + parameter(ALPHA) });
function_from_output!(Sigmoid [probabilities = true], x: x.sigmoid(), y: y * (S::ONE - y));
function_from_output!(Tanh, x: x.tanh(), y: S::ONE - y * y);
// σ(x) = 1 − e^(−y)
function_from_output!(Softplus, x: x.softplus(), y: -(-y).exp_m1());

impl Function for Gelu {
    const KIND: &'static str = "Gelu";

    #[inline(always)]
    fn value<S: Scalar>(x: S) -> S {
        x * normal_distribution(x)
    }

    /// Φ(x) + x·φ(x)
    #[inline(always)]
    fn derivative<S: Scalar>(x: S, _: S) -> S {
        let density = (x * x * S::from_f64(-0.5)).exp() * S::from_f64(0.398_942_280_401_432_7);
        normal_distribution(x) + x * density
    }
}

/// Φ(x), the normal distribution.
#[inline(always)]
fn normal_distribution<S: Scalar>(x: S) -> S {
    S::from_f64(0.5) * (S::ONE + (x * S::from_f64(core::f64::consts::FRAC_1_SQRT_2)).erf())
}

impl GeluTanh {
    /// √(2/π)
    const SCALE: f64 = 0.797_884_560_802_865_4;
    const CUBE: f64 = 0.044_715;

    /// The tanh in the formula.
    #[inline(always)]
    fn bend<S: Scalar>(x: S) -> S {
        (S::from_f64(Self::SCALE) * (x + S::from_f64(Self::CUBE) * x * x * x)).tanh()
    }
}

impl Function for GeluTanh {
    const KIND: &'static str = "Gelu(tanh)";

    #[inline(always)]
    fn value<S: Scalar>(x: S) -> S {
        S::from_f64(0.5) * x * (S::ONE + Self::bend(x))
    }

    #[inline(always)]
    fn derivative<S: Scalar>(x: S, _: S) -> S {
        let half = S::from_f64(0.5);
        let bend = Self::bend(x);
        let slope = S::from_f64(Self::SCALE) * (S::ONE + S::from_f64(3.0 * Self::CUBE) * x * x);
        half * (S::ONE + bend) + half * x * (S::ONE - bend * bend) * slope
    }
}

impl Function for Silu {
    const KIND: &'static str = "Silu";

    #[inline(always)]
    fn value<S: Scalar>(x: S) -> S {
        x * x.sigmoid()
    }

    /// σ(x)·(1 + x·(1 − σ(x)))
    #[inline(always)]
    fn derivative<S: Scalar>(x: S, _: S) -> S {
        let sigmoid = x.sigmoid();
        sigmoid * (S::ONE + x * (S::ONE - sigmoid))
    }
}
