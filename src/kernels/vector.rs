//! Vectors: the smallest set of operations that the kernels are written in, and their portable implementor.

use crate::scalar::Scalar;

/// The proof that an instruction set is there, and the vectors it works on.
///
/// Layers pass the token down to the kernels; a layer of your own may ignore it. The trait is sealed.
pub trait Simd: Copy + Send + Sync + core::fmt::Debug + 'static + sealed::Sealed {
    /// Vectors of `f32`.
    #[doc(hidden)]
    type F32: Vector<f32, Self>;
    /// Vectors of `f64`.
    #[doc(hidden)]
    type F64: Vector<f64, Self>;
}

/// As many numbers as one instruction handles.
pub trait Vector<S, V>: Copy {
    /// How many.
    const LANES: usize;

    /// `value` in every lane.
    fn splat(simd: V, value: S) -> Self;

    /// The first `LANES` of `from`, or as many as there are, zeros behind them.
    fn load(simd: V, from: &[S]) -> Self;

    /// Into the first `LANES` of `to`, or as many as there are.
    fn store(self, simd: V, to: &mut [S]);

    /// `self + a · b`, rounded once where the instruction set can.
    #[must_use]
    fn add_product(self, simd: V, a: Self, b: Self) -> Self;
}

/// Plain loops, for every processor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl sealed::Sealed for Portable {}
impl Simd for Portable {
    type F32 = [f32; 4];
    type F64 = [f64; 2];
}

impl<S: Scalar, V: Simd, const N: usize> Vector<S, V> for [S; N] {
    const LANES: usize = N;

    #[inline(always)]
    fn splat(_: V, value: S) -> Self {
        [value; N]
    }

    #[inline(always)]
    fn load(_: V, from: &[S]) -> Self {
        let mut vector = [S::ZERO; N];
        for (lane, &value) in vector.iter_mut().zip(from) {
            *lane = value;
        }
        vector
    }

    #[inline(always)]
    fn store(self, _: V, to: &mut [S]) {
        for (to, lane) in to.iter_mut().zip(self) {
            *to = lane;
        }
    }

    #[inline(always)]
    fn add_product(mut self, _: V, a: Self, b: Self) -> Self {
        for ((lane, a), b) in self.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
        self
    }
}

/// Something to compute with whatever instruction set is there.
pub trait Operation {
    /// What it computes.
    type Output;

    /// Compute it. Mark the implementation `#[inline(always)]`: only what is inlined here is compiled for the
    /// instruction set.
    fn run<V: Simd>(self, simd: V) -> Self::Output;
}

/// Run `operation` with the best instruction set of this processor.
#[inline(always)]
pub fn dispatch<O: Operation>(operation: O) -> O::Output {
    operation.run(Portable)
}

mod sealed {
    pub trait Sealed {}
}
