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

/// `ln(1 + e^(βx)) / β`. Declared as `Softplus` or `Softplus(beta)`, by default 1; beta is above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softplus<const BETA: u64 = { f64::to_bits(1.0) }>;

/// `min(max(0, x), 6)`. The derivative at 0 and at 6 is taken as 0. Declared as `Relu6`.
///
/// Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relu6;

/// `min(max(0, x + 3), 6) / 6`, a [`Sigmoid`] of straight lines. Declared as `HardSigmoid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardSigmoid;

/// `x·min(max(0, x + 3), 6) / 6`, a [`Silu`] without an exponential. Declared as `HardSwish`.
///
/// Howard, Sandler, Chu and others, "Searching for MobileNetV3", ICCV 2019.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardSwish;

/// `x·tanh(ln(1 + eˣ))`. Declared as `Mish`.
///
/// Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mish;

/// `λ·x` above 0, `λ·α·(eˣ − 1)` elsewhere, with λ ≈ 1.0507 and α ≈ 1.6733, which keep a mean of 0 and a variance of 1
/// from layer to layer. Declared as `Selu`; the layers before it take `init = LeCunNormal`.
///
/// Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", NeurIPS 2017.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selu;

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
// σ(βx) = 1 − e^(−βy)
function_from_output!(Softplus<const BETA: u64>,
    x: (parameter::<S>(BETA) * x).softplus() / parameter(BETA),
    y: -(-parameter::<S>(BETA) * y).exp_m1());
function_from_output!(Relu6,
    x: clamp(x, S::ZERO, S::from_f64(6.0)),
    y: if y > S::ZERO && y < S::from_f64(6.0) { S::ONE } else { S::ZERO });
function_from_output!(HardSigmoid,
    x: clamp((x + S::from_f64(3.0)) / S::from_f64(6.0), S::ZERO, S::ONE),
    y: if y > S::ZERO && y < S::ONE { S::ONE / S::from_f64(6.0) } else { S::ZERO });
function_from_output!(Selu,
    x: S::from_f64(SELU_SCALE) * if x > S::ZERO { x } else { S::from_f64(SELU_ALPHA) * x.exp_m1() },
    y: if y > S::ZERO { S::from_f64(SELU_SCALE) } else { y + S::from_f64(SELU_SCALE * SELU_ALPHA) });

/// λ and α of [`Selu`].
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;

/// `x` brought into a range. NaN stays what it is.
#[inline(always)]
fn clamp<S: Scalar>(x: S, low: S, high: S) -> S {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

impl Function for HardSwish {
    const KIND: &'static str = "HardSwish";

    #[inline(always)]
    fn value<S: Scalar>(x: S) -> S {
        x * HardSigmoid::value(x)
    }

    #[inline(always)]
    fn derivative<S: Scalar>(x: S, _: S) -> S {
        let three = S::from_f64(3.0);
        if x <= -three {
            S::ZERO
        } else if x < three {
            x / three + S::from_f64(0.5)
        } else {
            S::ONE
        }
    }
}

impl Function for Mish {
    const KIND: &'static str = "Mish";

    #[inline(always)]
    fn value<S: Scalar>(x: S) -> S {
        x * x.softplus().tanh()
    }

    /// `t + x·σ(x)·(1 − t²)`, t being the tanh in the formula.
    #[inline(always)]
    fn derivative<S: Scalar>(x: S, _: S) -> S {
        let bend = x.softplus().tanh();
        bend + x * x.sigmoid() * (S::ONE - bend * bend)
    }
}

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
