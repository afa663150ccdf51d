//! Functions of vectors of `f32`: exponentials, the hyperbolic tangent, the normal distribution and softplus.
//!
//! Each is a polynomial, or a quotient of two, fitted for the smallest relative error on the range that its argument is
//! reduced to. `Real` lists the error bounds, and a test checks them against `f64`. NaN in, NaN out.

use crate::real::Real;

/// The operations that the functions need from a vector of `f32`, in addition to arithmetic.
pub(super) trait Lanes: Real {
    /// The nearest whole number.
    fn round(self) -> Self;

    /// `self · 2ⁿ`, for whole n from −252 to 254, rounded if the result is subnormal, or to infinity.
    fn times_power_of_two(self, n: Self) -> Self;

    /// The smaller of two; `self` if one is NaN.
    fn min(self, other: Self) -> Self;

    /// x clamped to `[low, high]`.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn clamp(self, low: f64, high: f64) -> Self {
        self.max(self.constant(low)).min(self.constant(high))
    }
}

/// `Σᵢ cᵢ·xⁱ`.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn polynomial<L: Lanes, const N: usize>(x: L, coefficients: [f64; N]) -> L {
    let mut sum = x.constant(0.0);
    for (index, &c) in coefficients.iter().rev().enumerate() {
        sum = if index == 0 { x.constant(c) } else { sum.mul_add(x, x.constant(c)) };
    }
    sum
}

/// x as (n, eʳ − 1), where `x = n·ln 2 + r`, n is whole and |r| ≤ ½·ln 2.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn reduced<L: Lanes>(x: L) -> (L, L) {
    let n = (x * x.constant(core::f64::consts::LOG2_E)).round();
    // ln 2 in two parts; the first has few enough digits that its product with n is exact.
    let r = n.mul_add(x.constant(-0.693_359_375), x);
    let r = n.mul_add(x.constant(2.121_944_400_546_905_8e-4), r);
    let coefficients = [0.5, 0.166_665_48, 0.041_666_84, 0.008_366_129, 0.001_389_967_6];
    (n, (r * r).mul_add(polynomial(r, coefficients), r))
}

/// eˣ.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn exp<L: Lanes>(x: L) -> L {
    let (n, rest) = reduced(x.clamp(-104.0, 89.0));
    (rest + x.constant(1.0)).times_power_of_two(n)
}

/// eˣ − 1.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn exp_m1<L: Lanes>(x: L) -> L {
    // 2ⁿ·eʳ − 1 = 2ⁿ·((1 − 2⁻ⁿ) + (eʳ − 1)); below −18 it is −1.
    let (n, rest) = reduced(x.clamp(-18.0, 89.0));
    let one = x.constant(1.0);
    ((one - one.times_power_of_two(-n)) + rest).times_power_of_two(n)
}

/// tanh x.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn tanh<L: Lanes>(x: L) -> L {
    // Beyond that, it rounds to 1.
    let x = x.clamp(-9.01, 9.01);
    let square = x * x;
    let over = [1.0, 0.136_815_18, 0.003_870_264, 2.804_245_2e-5, 3.065_540_4e-8, -1.224_639_6e-11];
    let under = [1.0, 0.470_148_5, 0.027_253_11, 3.941_895e-4, 1.289_616_3e-6];
    (x * polynomial(square, over) / polynomial(square, under)).clamp(-1.0, 1.0)
}

/// Φ(x).
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn normal_distribution<L: Lanes>(x: L) -> L {
    // The tail is the density e^(−x²/2) times a smooth function (Mills' ratio). Beyond 14.5 it is 0.
    let a = x.abs().min(x.constant(14.5));
    let over = [0.5, 0.437_596_7, 0.182_730_87, 0.040_466_93, 0.004_092_366_4];
    let under = [1.0, 1.673_078_3, 1.200_380_8, 0.468_141_7, 0.101_442_29, 0.010_257_915];
    let square = a * a;
    // The rounding error of the square matters, since the exponential amplifies it.
    let lost = a.mul_add(a, -square);
    let half = x.constant(-0.5);
    let (n, rest) = reduced(square * half);
    let rest = rest + (lost * half) * (rest + x.constant(1.0));
    let tail = (polynomial(a, over) / polynomial(a, under)) * (rest + x.constant(1.0));
    let tail = tail.times_power_of_two(n);
    x.if_positive(x.constant(1.0) - tail, tail)
}

/// ln(1 + eˣ).
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn softplus<L: Lanes>(x: L) -> L {
    // max(x, 0) + ln(1 + t), t = e^(−|x|); ln(1 + t) = 2·artanh(s), s = t / (2 + t) ≤ 1/3.
    let tail = (-x.abs()).exp();
    let s = tail / (tail + x.constant(2.0));
    let coefficients = [1.0, 0.333_332_1, 0.200_107_19, 0.140_015_14, 0.140_033_77];
    (s + s).mul_add(polynomial(s * s, coefficients), x.max(x.constant(0.0)))
}

/// The functions of [`Real`], lane by lane.
///
/// `of vectors`, those of `f32` are the ones above; `of lanes`, and those of `f64`, are those of scalars.
macro_rules! vector_functions {
    ($scalar:ident, $lanes:literal of $kind:ident) => {
        crate::kernels::functions::vector_functions!(
            $scalar, $lanes of $kind: exp, exp_m1, tanh, normal_distribution, softplus
        );
    };
    (f32, $lanes:literal of vectors: $($function:ident),*) => {$(
        #[cfg_attr(debug_assertions, inline)]
        #[cfg_attr(not(debug_assertions), inline(always))]
        fn $function(self) -> Self {
            crate::kernels::functions::$function(self)
        }
    )*};
    ($scalar:ident, $lanes:literal of $kind:ident: $($function:ident),*) => {$(
        #[cfg_attr(debug_assertions, inline)]
        #[cfg_attr(not(debug_assertions), inline(always))]
        fn $function(self) -> Self {
            // SAFETY: a vector's bits are those of its lanes.
            let mut lanes = unsafe { core::mem::transmute::<Self, [$scalar; $lanes]>(self) };
            for lane in &mut lanes {
                *lane = crate::real::Real::$function(*lane);
            }
            // SAFETY: as above.
            unsafe { core::mem::transmute::<[$scalar; $lanes], Self>(lanes) }
        }
    )*};
}
pub(super) use vector_functions;
