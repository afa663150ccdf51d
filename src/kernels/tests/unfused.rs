//! Vectors without fused multiply-adds, as WebAssembly has them, on any processor: arrays of lanes, each of which is a number of plain
//! loops.

use core::ops::{Add, Div, Mul, Neg, Sub};

use crate::kernels::vector::{Vector, sealed};
use crate::kernels::{InstructionSet, Operation, Simd};
use crate::real::Real;
use crate::scalar::Scalar;

/// The token of vectors of 4 `f32`, or 2 `f64`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfused;

impl sealed::Sealed for Unfused {}
impl Simd for Unfused {
    type F32 = Lanes<f32, 4>;
    type F64 = Lanes<f64, 2>;

    const SET: InstructionSet = InstructionSet::Simd128;
    const FUSED: bool = false;

    fn run<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }

    fn call<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
}

/// A vector.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Lanes<S, const N: usize>([S; N]);

impl<S: Scalar, const N: usize> Lanes<S, N> {
    /// Lane by lane. Not by `from_fn`, nor with an iterator: without optimization, either takes several times as long.
    fn new(f: impl Fn(usize) -> S) -> Self {
        let (mut lanes, mut lane) = ([S::ZERO; N], 0);
        while lane < N {
            lanes[lane] = f(lane);
            lane += 1;
        }
        Self(lanes)
    }

    fn zip(self, other: Self, f: impl Fn(S, S) -> S) -> Self {
        Self::new(|lane| f(self.0[lane], other.0[lane]))
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident),*) => {$(
        impl<S: Scalar, const N: usize> $operator for Lanes<S, N> {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                self.zip(other, $operator::$method)
            }
        }
    )*};
}
operators!(Add add, Sub sub, Mul mul, Div div);

impl<S: Scalar, const N: usize> Neg for Lanes<S, N> {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.map(Neg::neg))
    }
}

/// Functions of each lane.
macro_rules! of_lanes {
    ($($function:ident)*) => {$(
        fn $function(self) -> Self {
            Self(self.0.map(Real::$function))
        }
    )*};
}

impl<S: Scalar, const N: usize> Real for Lanes<S, N> {
    of_lanes!(abs sqrt exp exp_m1 tanh normal_distribution softplus);

    fn constant(self, value: f64) -> Self {
        Self([S::from_f64(value); N])
    }

    fn mul_add(self, factor: Self, summand: Self) -> Self {
        Self::new(|lane| self.0[lane] * factor.0[lane] + summand.0[lane])
    }

    fn max(self, other: Self) -> Self {
        self.zip(other, Real::max)
    }

    fn if_positive(self, yes: Self, no: Self) -> Self {
        Self::new(|lane| self.0[lane].if_positive(yes.0[lane], no.0[lane]))
    }
}

impl<S: Scalar, const N: usize> Vector<S, Unfused> for Lanes<S, N> {
    const LANES: usize = N;
    const REGISTERS: usize = 16;

    fn splat(_: Unfused, value: S) -> Self {
        Self([value; N])
    }

    unsafe fn load(_: Unfused, from: *const S) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { from.cast::<[S; N]>().read_unaligned() })
    }

    unsafe fn load_first(_: Unfused, from: *const S, count: usize) -> Self {
        // SAFETY: the caller's promise.
        Self::new(|lane| if lane < count { unsafe { *from.add(lane) } } else { S::ZERO })
    }

    unsafe fn store(self, to: *mut S) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[S; N]>().write_unaligned(self.0) }
    }

    unsafe fn store_first(self, to: *mut S, count: usize) {
        for (lane, number) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: the caller's promise.
            unsafe { *to.add(lane) = number }
        }
    }

    fn interleave(self, other: Self) -> (Self, Self) {
        let at = |index: usize| if index.is_multiple_of(2) { self.0[index / 2] } else { other.0[index / 2] };
        (Self::new(at), Self::new(|lane| at(N + lane)))
    }

    fn separate(self, other: Self) -> (Self, Self) {
        let at = |index: usize| if index < N { self.0[index] } else { other.0[index - N] };
        (Self::new(|lane| at(2 * lane)), Self::new(|lane| at(2 * lane + 1)))
    }

    fn if_equal(self, other: Self, yes: Self, no: Self) -> Self {
        Self::new(|lane| if self.0[lane] == other.0[lane] { yes.0[lane] } else { no.0[lane] })
    }
}
