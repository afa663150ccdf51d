//! Functions whose derivatives follow from their values.

use super::{FromOutput, Function};
use crate::graph::Attribute;
use crate::real::Real;

/// `max(0, x)`. The derivative at 0 is taken as 0. Declared as `Relu`.
///
/// f′(x) is 1 above 0.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Relu}};
///
/// let relu = Activation::<Relu, [f32; 1]>::new();
/// assert_eq!(relu.forward(&[-2.0]), [0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relu;

/// `x` above 0, `slope·x` elsewhere. Declared as `LeakyRelu(slope)`, by default 0.01; the slope is not negative.
///
/// f′(x) is 1 above 0, the slope elsewhere.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::LeakyRelu}};
///
/// let leaky_relu = Activation::<LeakyRelu<{ f64::to_bits(0.1) }>, [f32; 1]>::new();
/// assert!((leaky_relu.forward(&[-2.0])[0] + 0.2).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakyRelu<const SLOPE: u64>;

/// `x` above 0, `alpha·(eˣ − 1)` elsewhere. Declared as `Elu(alpha)`, by default 1; alpha is not negative.
///
/// f′(x) is 1 above 0, y + alpha elsewhere.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units", 2016.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Elu}};
///
/// let elu = Activation::<Elu<{ f64::to_bits(1.0) }>, [f32; 1]>::new();
/// assert!((elu.forward(&[-1.0])[0] + 0.632121).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elu<const ALPHA: u64>;

/// `1 / (1 + e^(−x))`. Declared as `Sigmoid`.
///
/// f′(x) = y·(1 − y).
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323, 1986.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Sigmoid}};
///
/// let sigmoid = Activation::<Sigmoid, [f32; 1]>::new();
/// assert!((sigmoid.forward(&[1.0])[0] - 0.731059).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sigmoid;

/// The hyperbolic tangent. Declared as `Tanh`.
///
/// f′(x) = 1 − y².
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Tanh}};
///
/// let tanh = Activation::<Tanh, [f32; 1]>::new();
/// assert!((tanh.forward(&[1.0])[0] - 0.761594).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tanh;

/// `ln(1 + e^(βx)) / β`. Declared as `Softplus` or `Softplus(beta)`, by default 1; beta is above 0.
///
/// f′(x) = σ(βx). (PyTorch's is x itself where βx > 20, which is up to 2e-9 / β less.)
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Dugas, Bengio and others, "Incorporating second-order functional knowledge for better option pricing", 2000.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Softplus}};
///
/// let softplus = Activation::<Softplus, [f32; 1]>::new();
/// assert!((softplus.forward(&[0.0])[0] - 0.693147).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softplus<const BETA: u64 = { f64::to_bits(1.0) }>;

/// `min(max(0, x), 6)`. The derivative at 0 and at 6 is taken as 0. Declared as `Relu6`.
///
/// f′(x) is 1 between 0 and 6.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Relu6}};
///
/// let relu6 = Activation::<Relu6, [f32; 1]>::new();
/// assert_eq!(relu6.forward(&[9.0]), [6.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relu6;

/// `min(max(0, x + 3), 6) / 6`, a [`Sigmoid`] of straight lines. Declared as `HardSigmoid`.
///
/// f′(x) is 1/6 between −3 and 3. (PyTorch's, in `f64` too, has 1/6 in the digits of `f32`: 5e-9 more.)
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Courbariaux, Bengio and David, "BinaryConnect", NeurIPS 2015; with PyTorch's constants.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::HardSigmoid}};
///
/// let hard_sigmoid = Activation::<HardSigmoid, [f32; 1]>::new();
/// assert!((hard_sigmoid.forward(&[1.5])[0] - 0.75).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardSigmoid;

/// `λ·x` above 0, `λ·α·(eˣ − 1)` elsewhere, with λ ≈ 1.0507 and α ≈ 1.6733, which keep mean 0 and variance 1
/// from layer to layer. Declared as `Selu`; the layers before it take `init = LeCunNormal`.
///
/// f′(x) is λ above 0, y + λ·α elsewhere.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", NeurIPS 2017.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Selu}};
///
/// let selu = Activation::<Selu, [f32; 1]>::new();
/// assert!((selu.forward(&[1.0])[0] - 1.050701).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selu;

/// `min(max(x, MIN), MAX)`. Declared as `Clip(min, max)`, or with one bound, as `Clip(max = 1.0)`.
///
/// f′(x) is 1 between the bounds, and 0 elsewhere. `Clip(-1.0, 1.0)` is also called hard tanh.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// `MIN` and `MAX` are the bits of the bounds, of which either may be infinite.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Clip}};
///
/// let clip = Activation::<Clip<{ f64::to_bits(-1.0) }, { f64::to_bits(1.0) }>, [f32; 3]>::new();
/// assert_eq!(clip.forward(&[-2.5, 0.5, 7.0]), [-1.0, 0.5, 1.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip<const MIN: u64, const MAX: u64>;

/// `x / (1 + |x|)`, a [`Tanh`] that approaches ±1 slowly. Declared as `Softsign`.
///
/// f′(x) = (1 − |y|)².
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Softsign}};
///
/// let softsign = Activation::<Softsign, [f32; 1]>::new();
/// assert_eq!(softsign.forward(&[-3.0]), [-0.75]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softsign;

/// `x` where |x| is above LAMBDA, elsewhere 0. Declared as `HardShrink` or `HardShrink(lambda)`, by default 0.5; lambda is not
/// negative.
///
/// f′(x) is 1 where |x| is above lambda, and 0 elsewhere. In int8, x is rounded before it is compared.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81, 1994.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::HardShrink}};
///
/// let shrink = Activation::<HardShrink, [f32; 3]>::new();
/// assert_eq!(shrink.forward(&[-2.0, 0.25, 0.75]), [-2.0, 0.0, 0.75]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardShrink<const LAMBDA: u64 = { f64::to_bits(0.5) }>;

/// `x` nearer to 0 by LAMBDA, and 0 where |x| is below it. Declared as `SoftShrink` or `SoftShrink(lambda)`, by default 0.5;
/// lambda is not negative.
///
/// f′(x) is 1 where |x| is above lambda, and 0 elsewhere.
/// Applied to samples of any shape, element by element; no weights, no multiply-accumulates.
///
/// Donoho, "De-noising by soft-thresholding", IEEE Transactions on Information Theory 41, 1995.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::SoftShrink}};
///
/// let shrink = Activation::<SoftShrink, [f32; 3]>::new();
/// assert_eq!(shrink.forward(&[-2.0, 0.25, 0.75]), [-1.5, 0.0, 0.25]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftShrink<const LAMBDA: u64 = { f64::to_bits(0.5) }>;

/// The function's parameter, passed as bits in a const generic.
#[inline(always)]
pub(super) fn parameter<R: Real>(like: R, bits: u64) -> R {
    like.constant(f64::from_bits(bits))
}

/// A function whose derivative is a formula of its value.
macro_rules! function_from_output {
    ($function:ident $(<$(const $parameter:ident: u64 = $argument:literal),+>)? $([$constant:ident = $constant_value:literal])?, $x:ident: $value:expr, $y:ident: $derivative:expr) => {
        impl $(<$(const $parameter: u64),+>)? Function for $function $(<$($parameter),+>)? {
            const KIND: &'static str = stringify!($function);
            const ATTRIBUTES: Option<&'static [Attribute]> =
                Some(const { &[$($(Attribute::bits($argument, $parameter)),+)?] });
            $(const $constant: bool = $constant_value;)?

            #[inline(always)]
            fn value<R: Real>($x: R) -> R {
                $value
            }

            #[inline(always)]
            fn derivative<R: Real>(_: R, y: R) -> R {
                Self::derivative_from_output(y)
            }
        }

        impl $(<$(const $parameter: u64),+>)? FromOutput for $function $(<$($parameter),+>)? {
            #[inline(always)]
            fn derivative_from_output<R: Real>($y: R) -> R {
                $derivative
            }
        }
    };
}

function_from_output!(Relu [IS_RELU = true],
    x: x.max(x.constant(0.0)),
    y: y.if_positive(y.constant(1.0), y.constant(0.0)));
function_from_output!(LeakyRelu<const SLOPE: u64 = "slope">,
    x: x.if_positive(x, parameter(x, SLOPE) * x),
    y: y.if_positive(y.constant(1.0), parameter(y, SLOPE)));
function_from_output!(Elu<const ALPHA: u64 = "alpha">,
    x: x.if_positive(x, parameter(x, ALPHA) * x.exp_m1()),
    y: y.if_positive(y.constant(1.0), y + parameter(y, ALPHA)));
function_from_output!(Sigmoid [PROBABILITIES = true], x: x.sigmoid(), y: y * (y.constant(1.0) - y));
function_from_output!(Tanh, x: x.tanh(), y: y.constant(1.0) - y * y);
function_from_output!(Softsign,
    x: x / (x.constant(1.0) + x.abs()),
    y: (y.constant(1.0) - y.abs()) * (y.constant(1.0) - y.abs()));
// σ(βx) = 1 − e^(−βy)
function_from_output!(Softplus<const BETA: u64 = "beta">,
    // Not softplus(βx) / β, as βx may be infinite where y isn't.
    x: x.max(x.constant(0.0)) + (-(parameter(x, BETA) * x).abs()).softplus() / parameter(x, BETA),
    y: -(-parameter(y, BETA) * y).exp_m1());
function_from_output!(Relu6,
    x: clamp(x, (0.0, 6.0)),
    y: within(y, (0.0, 6.0), 1.0));
function_from_output!(HardSigmoid [PROBABILITIES = true],
    x: clamp((x + x.constant(3.0)) / x.constant(6.0), (0.0, 1.0)),
    y: within(y, (0.0, 1.0), 1.0 / 6.0));
function_from_output!(Clip<const MIN: u64 = "min", const MAX: u64 = "max">,
    x: clamp(x, (f64::from_bits(MIN), f64::from_bits(MAX))),
    y: within(y, (f64::from_bits(MIN), f64::from_bits(MAX)), 1.0));
function_from_output!(HardShrink<const LAMBDA: u64 = "lambda">,
    // NaN stays NaN.
    x: (x.abs() - parameter(x, LAMBDA)).if_positive(x, x * x.constant(0.0)),
    y: y.abs().if_positive(y.constant(1.0), y.constant(0.0)));
function_from_output!(SoftShrink<const LAMBDA: u64 = "lambda">,
    x: x - clamp(x, (-f64::from_bits(LAMBDA), f64::from_bits(LAMBDA))),
    y: y.abs().if_positive(y.constant(1.0), y.constant(0.0)));
function_from_output!(Selu,
    x: x.constant(SELU_SCALE) * x.if_positive(x, x.constant(SELU_ALPHA) * x.exp_m1()),
    y: y.if_positive(y.constant(SELU_SCALE), y + y.constant(SELU_SCALE * SELU_ALPHA)));

/// λ and α of [`Selu`].
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;

/// `x` clamped to the range from `low` to `high`. NaN stays NaN.
#[inline(always)]
fn clamp<R: Real>(x: R, (low, high): (f64, f64)) -> R {
    let high = x.constant(high);
    (x - high).if_positive(high, x.max(x.constant(low)))
}

/// `slope` where x lies between `low` and `high`, elsewhere 0.
#[inline(always)]
fn within<R: Real>(x: R, (low, high): (f64, f64), slope: f64) -> R {
    let outside = x.constant(0.0);
    let below_high = (x.constant(high) - x).if_positive(x.constant(slope), outside);
    (x - x.constant(low)).if_positive(below_high, outside)
}
