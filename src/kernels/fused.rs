//! Vectors of one lane with fused multiply-adds, and the functions of vectors: plain loops that compute the bits that vectors of
//! any width compute.
//!
//! With the feature `fused`, [`Portable`](super::Portable) has these, on any processor; its plain loops then are slower on most.

use core::ops::{Add, Div, Mul, Neg, Sub};

use super::functions::{Lanes, vector_functions};
use super::vector::{Simd, Vector};
#[cfg(test)]
use super::{InstructionSet, Operation};
use crate::real::Real;

/// A number whose multiply-adds are rounded once.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
#[cfg_attr(not(fnn_fused), allow(unreachable_pub, reason = "only with the feature `fused`, a public token has it"))]
pub struct Fused<S>(S);

macro_rules! fused {
    ($($scalar:ident $fma:ident { $($own:item)* }),*) => {$(
        fused!(@operators $scalar: Add add, Sub sub, Mul mul, Div div);

        impl Neg for Fused<$scalar> {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl Real for Fused<$scalar> {
            #[inline(always)]
            fn constant(self, value: f64) -> Self {
                Self(value as $scalar)
            }

            #[inline(always)]
            fn mul_add(self, factor: Self, summand: Self) -> Self {
                Self($fma(self.0, factor.0, summand.0))
            }

            #[inline(always)]
            fn abs(self) -> Self {
                Self(self.0.abs())
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self(Real::max(self.0, other.0))
            }

            #[inline(always)]
            fn if_positive(self, yes: Self, no: Self) -> Self {
                if self.0 > 0.0 { yes } else { no }
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(Real::sqrt(self.0))
            }

            vector_functions!($scalar, 1 of vectors);
        }

        impl<V: Simd> Vector<$scalar, V> for Fused<$scalar> {
            const LANES: usize = 1;
            const REGISTERS: usize = 16;

            #[inline(always)]
            fn splat(_: V, value: $scalar) -> Self {
                Self(value)
            }

            #[inline(always)]
            unsafe fn load(_: V, from: *const $scalar) -> Self {
                // SAFETY: the caller's promise.
                Self(unsafe { *from })
            }

            #[inline(always)]
            unsafe fn load_first(_: V, from: *const $scalar, count: usize) -> Self {
                // SAFETY: the caller's promise.
                Self(if count == 0 { 0.0 } else { unsafe { *from } })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                // SAFETY: the caller's promise.
                unsafe { *to = self.0 }
            }

            #[inline(always)]
            unsafe fn store_first(self, to: *mut $scalar, count: usize) {
                if count > 0 {
                    // SAFETY: the caller's promise.
                    unsafe { *to = self.0 }
                }
            }

            #[inline(always)]
            fn interleave(self, other: Self) -> (Self, Self) {
                (self, other)
            }

            #[inline(always)]
            fn separate(self, other: Self) -> (Self, Self) {
                (self, other)
            }

            #[inline(always)]
            fn if_equal(self, other: Self, yes: Self, no: Self) -> Self {
                if self.0 == other.0 { yes } else { no }
            }

            $($own)*
        }
    )*};
    (@operators $scalar:ident: $($operator:ident $method:ident),*) => {$(
        impl $operator for Fused<$scalar> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self($operator::$method(self.0, other.0))
            }
        }
    )*};
}
fused!(
    f32 multiply_add {
        #[cfg(all(fnn_vfma, fnn_fused))]
        #[inline(always)]
        fn add_tile(_: V, rows: [&[f32]; 4], inputs: &[[f32; 4]], sums: &mut [[f32; 4]; 4]) {
            super::vfp::add_tile_fused(rows, inputs, sums);
        }
    },
    f64 multiply_add_wide {}
);

/// `a · b + sum`, rounded once.
#[inline(always)]
fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
    #[cfg(all(fnn_vfma, fnn_fused))]
    return super::vfp::multiply_add(a, b, sum);
    #[cfg(feature = "std")]
    return a.mul_add(b, sum);
    #[allow(unreachable_code)]
    libm::fmaf(a, b, sum)
}

/// [`multiply_add`] in 64 bits.
#[inline(always)]
fn multiply_add_wide(a: f64, b: f64, sum: f64) -> f64 {
    #[cfg(feature = "std")]
    return a.mul_add(b, sum);
    #[allow(unreachable_code)]
    libm::fma(a, b, sum)
}

impl Lanes for Fused<f32> {
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(libm::rintf(self.0))
    }

    /// In two steps, since 2ⁿ itself may not be a normal number; the first one is exact.
    #[inline(always)]
    fn times_power_of_two(self, n: Self) -> Self {
        let n = n.0 as i32;
        let half = n >> 1;
        // 127 is the exponent of 1, stored above 23 bits of mantissa.
        let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
        Self(self.0 * power(half) * power(n.wrapping_sub(half)))
    }
}

/// The token of plain loops with fused multiply-adds, where tests compare them with others.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(super) struct FusedLoops;

#[cfg(test)]
impl super::vector::sealed::Sealed for FusedLoops {}
#[cfg(test)]
impl Simd for FusedLoops {
    type F32 = Fused<f32>;
    type F64 = Fused<f64>;

    const SET: InstructionSet = InstructionSet::Portable;
    const FUSED: bool = true;

    #[inline(always)]
    fn run<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }

    #[inline(always)]
    fn call<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
}
