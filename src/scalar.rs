//! The scalar types of a network, and the one place where mathematical functions come from.

use core::fmt::{Debug, Display, LowerExp};
use core::iter::Sum;
use core::ops::{AddAssign, DivAssign, MulAssign, SubAssign};

use crate::kernels::Simd;
use crate::kernels::vector::Vector;
use crate::real::Real;
use crate::shape::Sample;
use crate::weights::parameters::Parameters;

/// The element of weights and samples: `f32`, or `f64` where accuracy counts more than speed (gradient checks).
///
/// The functions come from `libm` with and without `std`, so that a network computes the same numbers on a workstation
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
    + Real
    + Sum
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
    /// The machine epsilon: the difference between 1 and the next larger value.
    const EPSILON: Self;
    /// 0, 1, 2, …: the index of each lane of a vector.
    #[doc(hidden)]
    const COUNT: [Self; 16];

    /// A vector of `V`'s width.
    #[doc(hidden)]
    type Vector<V: Simd>: Vector<Self, V>;

    /// The nearest value to `value`.
    fn from_f64(value: f64) -> Self;
    /// The nearest value to a whole number; on a processor without `f64`, faster than by way of that.
    fn from_usize(value: usize) -> Self;
    /// The same value in `f64`, exactly.
    fn to_f64(self) -> f64;
    /// Whether the value is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// The natural logarithm.
    #[must_use]
    fn ln(self) -> Self;
    /// ln(1 + x), accurate near 0.
    #[must_use]
    fn ln_1p(self) -> Self;
}

macro_rules! scalar {
    ($number:ident, $lanes:ident: $exp:ident $expm1:ident $log:ident $log1p:ident $sqrt:ident $tanh:ident $erfc:ident) => {
        impl sealed::Sealed for $number {}

        impl Scalar for $number {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const MAX: Self = $number::MAX;
            const EPSILON: Self = $number::EPSILON;
            const COUNT: [Self; 16] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];

            type Vector<V: Simd> = V::$lanes;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn from_usize(value: usize) -> Self {
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
            fn ln(self) -> Self {
                libm::$log(self)
            }

            #[inline(always)]
            fn ln_1p(self) -> Self {
                libm::$log1p(self)
            }
        }

        impl Real for $number {
            #[inline(always)]
            fn constant(self, value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn mul_add(self, factor: Self, summand: Self) -> Self {
                self * factor + summand
            }

            #[inline(always)]
            fn abs(self) -> Self {
                $number::abs(self)
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self < other { other } else { self }
            }

            #[inline(always)]
            fn if_positive(self, yes: Self, no: Self) -> Self {
                if self > 0.0 { yes } else { no }
            }

            /// Correctly rounded, so the same with and without `std`; with it, this is one instruction.
            #[inline(always)]
            fn sqrt(self) -> Self {
                #[cfg(feature = "std")]
                return $number::sqrt(self);
                #[cfg(not(feature = "std"))]
                libm::$sqrt(self)
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
            fn tanh(self) -> Self {
                libm::$tanh(self)
            }

            #[inline(always)]
            fn normal_distribution(self) -> Self {
                0.5 * libm::$erfc(self * -core::$number::consts::FRAC_1_SQRT_2)
            }

            #[inline(always)]
            fn softplus(self) -> Self {
                Real::max(self, 0.0) + libm::$log1p(libm::$exp(-$number::abs(self)))
            }
        }
    };
}
scalar!(f32, F32: expf expm1f logf log1pf sqrtf tanhf erfcf);
scalar!(f64, F64: exp expm1 log log1p sqrt tanh erfc);

mod sealed {
    pub trait Sealed {}
}
