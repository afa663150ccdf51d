//! Functions whose derivatives need their inputs.

use super::from_output::parameter;
use super::{Function, HardSigmoid};
use crate::graph::Attribute;
use crate::real::Real;

/// `x·Φ(x)`, where Φ is the normal distribution: `x/2 · (1 + erf(x/√2))`. Declared as `Gelu`.
///
/// f′(x) = Φ(x) + x·φ(x), where φ is its density.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Hendrycks and Gimpel, "Gaussian error linear units", 2016.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Gelu}};
///
/// let gelu = Activation::<Gelu, [f32; 1]>::new();
/// assert!((gelu.forward(&[1.0])[0] - 0.841345).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gelu;

/// The tanh approximation of [`Gelu`], `x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))`. Declared as `Gelu(tanh)`.
///
/// f′(x) = ½·(1 + t) + ½·x·(1 − t²)·u′, where t = tanh u is the tanh above.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Hendrycks and Gimpel, "Gaussian error linear units", 2016.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::GeluTanh}};
///
/// let gelu_tanh = Activation::<GeluTanh, [f32; 1]>::new();
/// assert!((gelu_tanh.forward(&[1.0])[0] - 0.841192).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeluTanh;

/// `x·σ(x)`, where σ is the sigmoid; also called swish. Declared as `Silu`.
///
/// f′(x) = σ(x)·(1 + x·(1 − σ(x))).
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
/// reinforcement learning", Neural Networks 107, 2018.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Silu}};
///
/// let silu = Activation::<Silu, [f32; 1]>::new();
/// assert!((silu.forward(&[1.0])[0] - 0.731059).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silu;

/// `x·min(max(0, x + 3), 6) / 6`, a [`Silu`] without an exponential. Declared as `HardSwish`.
///
/// f′(x) is 0 below −3, 1 above 3, and x/3 + ½ between.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Howard, Sandler, Chu and others, "Searching for MobileNetV3", ICCV 2019.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::HardSwish}};
///
/// let hard_swish = Activation::<HardSwish, [f32; 1]>::new();
/// assert!((hard_swish.forward(&[1.5])[0] - 1.125).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardSwish;

/// `x·tanh(ln(1 + eˣ))`. Declared as `Mish`.
///
/// f′(x) = t + x·σ(x)·(1 − t²), where t = tanh(ln(1 + eˣ)).
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Mish}};
///
/// let mish = Activation::<Mish, [f32; 1]>::new();
/// assert!((mish.forward(&[1.0])[0] - 0.865098).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mish;

/// `x` above THRESHOLD, elsewhere VALUE. Declared as `Threshold(threshold)` or `Threshold(threshold, value)`, by default with the
/// value 0: a [`Relu`](super::Relu) that starts at the threshold.
///
/// f′(x) is 1 above the threshold, and 0 elsewhere. In int8, x is rounded before it is compared.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Konda, Memisevic and Krueger, "Zero-bias autoencoders and the benefits of co-adapting features", ICLR 2015.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Threshold}};
///
/// let threshold = Activation::<Threshold<{ f64::to_bits(1.0) }>, [f32; 3]>::new();
/// assert_eq!(threshold.forward(&[-2.0, 1.0, 1.5]), [0.0, 0.0, 1.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold<const THRESHOLD: u64, const VALUE: u64 = { f64::to_bits(0.0) }>;

impl<const THRESHOLD: u64, const VALUE: u64> Function for Threshold<THRESHOLD, VALUE> {
    const KIND: &'static str = "Threshold";
    const ATTRIBUTES: Option<&'static [Attribute]> =
        Some(const { &[Attribute::bits("threshold", THRESHOLD), Attribute::bits("value", VALUE)] });

    #[inline(always)]
    fn value<R: Real>(x: R) -> R {
        let (excess, value) = (x - parameter(x, THRESHOLD), parameter(x, VALUE));
        // NaN stays NaN.
        excess.if_positive(x, (-excess).if_positive(value, value + excess))
    }

    #[inline(always)]
    fn derivative<R: Real>(x: R, _: R) -> R {
        (x - parameter(x, THRESHOLD)).if_positive(x.constant(1.0), x.constant(0.0))
    }
}

impl Function for HardSwish {
    const KIND: &'static str = "HardSwish";
    const ATTRIBUTES: Option<&'static [Attribute]> = Some(&[]);

    #[inline(always)]
    fn value<R: Real>(x: R) -> R {
        x * HardSigmoid::value(x)
    }

    #[inline(always)]
    fn derivative<R: Real>(x: R, _: R) -> R {
        let three = x.constant(3.0);
        let between = x / three + x.constant(0.5);
        (x + three).if_positive((three - x).if_positive(between, x.constant(1.0)), x.constant(0.0))
    }
}

impl Function for Mish {
    const KIND: &'static str = "Mish";
    const ATTRIBUTES: Option<&'static [Attribute]> = Some(&[]);

    #[inline(always)]
    fn value<R: Real>(x: R) -> R {
        x * x.softplus().tanh()
    }

    /// `t + x·σ(x)·(1 − t²)`, where t is the tanh in the formula.
    #[inline(always)]
    fn derivative<R: Real>(x: R, _: R) -> R {
        let bend = x.softplus().tanh();
        bend + x * x.sigmoid() * (x.constant(1.0) - bend * bend)
    }
}

impl Function for Gelu {
    const KIND: &'static str = "Gelu";
    const ATTRIBUTES: Option<&'static [Attribute]> = Some(&[Attribute::word("form", "exact")]);

    #[inline(always)]
    fn value<R: Real>(x: R) -> R {
        x * x.normal_distribution()
    }

    /// Φ(x) + x·φ(x)
    #[inline(always)]
    fn derivative<R: Real>(x: R, _: R) -> R {
        let density = (x * x * x.constant(-0.5)).exp() * x.constant(0.398_942_280_401_432_7);
        x.mul_add(density, x.normal_distribution())
    }
}

impl GeluTanh {
    /// 2·√(2/π)
    const SCALE: f64 = 1.595_769_121_605_730_7;
    const CUBE: f64 = 0.044_715;

    /// `σ(2z) = ½·(1 + tanh z)` of the formula's tanh z.
    #[inline(always)]
    fn share<R: Real>(x: R) -> R {
        (x * x.constant(Self::SCALE) * (x * x).mul_add(x.constant(Self::CUBE), x.constant(1.0))).sigmoid()
    }
}

impl Function for GeluTanh {
    const KIND: &'static str = "Gelu";
    const ATTRIBUTES: Option<&'static [Attribute]> = Some(&[Attribute::word("form", "tanh")]);

    #[inline(always)]
    fn value<R: Real>(x: R) -> R {
        x * Self::share(x)
    }

    /// s + x·s′, where `s = σ(2z)`.
    #[inline(always)]
    fn derivative<R: Real>(x: R, _: R) -> R {
        // Beyond ±40, s is 1 or 0 in any precision; x² would be infinite where s′ is 0.
        let x = x.max(x.constant(-40.0));
        let x = -(-x).max(x.constant(-40.0));
        let one = x.constant(1.0);
        let share = Self::share(x);
        let slope = x.constant(Self::SCALE) * (x * x).mul_add(x.constant(3.0 * Self::CUBE), one);
        (x * share * (one - share)).mul_add(slope, share)
    }
}

impl Function for Silu {
    const KIND: &'static str = "Silu";
    const ATTRIBUTES: Option<&'static [Attribute]> = Some(&[]);

    #[inline(always)]
    fn value<R: Real>(x: R) -> R {
        x * x.sigmoid()
    }

    /// σ(x)·(1 + x·(1 − σ(x)))
    #[inline(always)]
    fn derivative<R: Real>(x: R, _: R) -> R {
        let one = x.constant(1.0);
        let sigmoid = x.sigmoid();
        sigmoid * x.mul_add(one - sigmoid, one)
    }
}
