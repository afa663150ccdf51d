//! Scalars and vectors behind one trait, so that a formula is written once.

use core::ops::{Add, Div, Mul, Neg, Sub};

/// A real number, or a vector of them.
///
/// An activation function is written once, over this trait, and serves both. Scalars use the functions of `libm`,
/// as do vectors of `f64`, lane by lane; vectors of `f32` have their own. The largest errors over all finite x, as
/// tested, in units in the last place:
///
/// | | vectors of `f32` | `libm`, `f32` |
/// |---|---|---|
/// | `exp` | 1.1 | 1 |
/// | `exp_m1` | 1.6 | 1 |
/// | `tanh` | 5 | 2.5 |
/// | `sigmoid` | 2.5 | 2.5 |
/// | `softplus` | 4 | 2 |
/// | `normal_distribution` | 7 | 200 in its lower tail |
/// | SiLU, GELU in both forms | 2.5 of the last place of x | 2.5 of the last place of x |
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// `value` in every lane.
    #[must_use]
    fn constant(self, value: f64) -> Self;
    /// `self · factor + summand`, rounded once on instruction sets with a fused multiply-add.
    #[must_use]
    fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// |x|.
    #[must_use]
    fn abs(self) -> Self;
    /// The larger of two; `self` if one is NaN.
    #[must_use]
    fn max(self, other: Self) -> Self;
    /// `yes` where x > 0, `no` elsewhere.
    #[must_use]
    fn if_positive(self, yes: Self, no: Self) -> Self;
    /// The correctly rounded square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// eˣ.
    #[must_use]
    fn exp(self) -> Self;
    /// eˣ − 1, accurate near 0.
    #[must_use]
    fn exp_m1(self) -> Self;
    /// The hyperbolic tangent, never beyond ±1.
    #[must_use]
    fn tanh(self) -> Self;
    /// The normal distribution function, `Φ(x) = ½·(1 + erf(x/√2))`, accurate in its lower tail too.
    #[must_use]
    fn normal_distribution(self) -> Self;

    /// 1 / (1 + e^(−x)), without overflow at either end.
    #[must_use]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn sigmoid(self) -> Self {
        // e^(−|x|) never overflows.
        let tail = (-self.abs()).exp();
        let one = self.constant(1.0);
        self.if_positive(one, tail) / (one + tail)
    }

    /// ln(1 + eˣ), without overflow.
    #[must_use]
    fn softplus(self) -> Self;
}
