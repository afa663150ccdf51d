//! The numbers that a network is made of, and the one place that its mathematics comes from.

use core::fmt::{Debug, Display, LowerExp};
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::kernels::Simd;
use crate::kernels::vector::Vector;
use crate::parameters::Parameters;
use crate::shape::Sample;

/// The element of weights and samples: `f32`, or `f64` where accuracy counts more than speed (gradient checks).
///
/// The functions come from `libm` with and without `std`, so that a network gives the same numbers on a workstation
/// and on a chip. The trait is sealed.
pub trait Scalar:
    sealed::Sealed
    + Sample<Element = Self>
    + Parameters<Scalar = Self>
    + Default
    + PartialOrd
    + Debug
    + Display
    + LowerExp
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The largest finite value.
    const MAX: Self;
    /// How much larger than 1 the next value is.
    const EPSILON: Self;

    /// As many of these as one instruction of `V` handles.
    #[doc(hidden)]
    type Vector<V: Simd>: Vector<Self, V>;

    /// The nearest value to `value`.
    fn from_f64(value: f64) -> Self;
    /// The same value in `f64`, exactly.
    fn to_f64(self) -> f64;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// |x|.
    #[must_use]
    fn abs(self) -> Self;
    /// The larger of two, the other one where one is NaN.
    #[must_use]
    fn max(self, other: Self) -> Self;
    /// eˣ.
    #[must_use]
    fn exp(self) -> Self;
    /// eˣ − 1, accurate near 0.
    #[must_use]
    fn exp_m1(self) -> Self;
    /// The natural logarithm.
    #[must_use]
    fn ln(self) -> Self;
    /// ln(1 + x), accurate near 0.
    #[must_use]
    fn ln_1p(self) -> Self;
    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// The hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;
    /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
    #[must_use]
    fn erf(self) -> Self;

    /// 1 / (1 + e^(−x)), without overflow at either end.
    #[must_use]
    #[inline(always)]
    fn sigmoid(self) -> Self {
        // e^(−|x|) never overflows.
        let tail = (-self.abs()).exp();
        let smaller = tail / (Self::ONE + tail);
        if self >= Self::ZERO { Self::ONE - smaller } else { smaller }
    }

    /// ln(1 + eˣ), without overflow.
    #[must_use]
    #[inline(always)]
    fn softplus(self) -> Self {
        self.max(Self::ZERO) + (-self.abs()).exp().ln_1p()
    }
}

macro_rules! scalar {
    ($number:ident, $lanes:ident: $exp:ident $expm1:ident $log:ident $log1p:ident $sqrt:ident $tanh:ident $erf:ident) => {
        impl sealed::Sealed for $number {}

        impl Scalar for $number {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const MAX: Self = $number::MAX;
            const EPSILON: Self = $number::EPSILON;

            type Vector<V: Simd> = V::$lanes;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn is_finite(self) -> bool {
                $number::is_finite(self)
            }

            #[inline(always)]
            fn abs(self) -> Self {
                $number::abs(self)
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $number::max(self, other)
            }

            #[inline(always)]
            fn exp(self) -> Self {
                libm::$exp(self)
            }

            #[inline(always)]
            fn exp_m1(self) -> Self {
                libm::$expm1(self)
            }

            #[inline(always)]
            fn ln(self) -> Self {
                libm::$log(self)
            }

            #[inline(always)]
            fn ln_1p(self) -> Self {
                libm::$log1p(self)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                // Every root is rounded correctly, so both give the same bits; the compiler vectorises the one of `std`.
                #[cfg(feature = "std")]
                return $number::sqrt(self);
                #[cfg(not(feature = "std"))]
                return libm::$sqrt(self);
            }

            #[inline(always)]
            fn tanh(self) -> Self {
                libm::$tanh(self)
            }

            #[inline(always)]
            fn erf(self) -> Self {
                libm::$erf(self)
            }
        }
    };
}
scalar!(f32, F32: expf expm1f logf log1pf sqrtf tanhf erff);
scalar!(f64, F64: exp expm1 log log1p sqrt tanh erf);

mod sealed {
    pub trait Sealed {}
}
