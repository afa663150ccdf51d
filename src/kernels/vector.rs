//! Vectors: the smallest set of operations that the kernels are written in, and their portable implementor.

use core::fmt::Debug;
use core::ops::{Add, Div, Mul, Neg, Sub};

use super::dot_products::DotProducts;
use super::product::Product;

/// The proof that an instruction set is there, and the vectors it works on.
///
/// Layers pass the token down to the kernels; a layer of your own may ignore it. The trait is sealed.
pub trait Simd: Copy + Send + Sync + Debug + 'static + sealed::Sealed {
    /// Vectors of `f32`.
    #[doc(hidden)]
    type F32: Vector<f32, Self>;
    /// Vectors of `f64`.
    #[doc(hidden)]
    type F64: Vector<f64, Self>;

    /// Run `operation`, compiled for this instruction set.
    fn run<O: Operation>(self, operation: O) -> O::Output;
}

/// As many numbers as one instruction handles.
///
/// Vectors are made from a [`Simd`] token and from nothing else, so a vector is the proof of its instruction set, too.
pub trait Vector<S, V>:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// How many.
    const LANES: usize;
    /// How many vectors the processor has names for.
    const REGISTERS: usize;

    /// `value` in every lane.
    fn splat(simd: V, value: S) -> Self;

    /// The numbers at `from`.
    ///
    /// # Safety
    /// `LANES` numbers can be read there.
    unsafe fn load(simd: V, from: *const S) -> Self;

    /// The first `count` numbers at `from`, or `LANES` if that is less, and zeros behind them. Touches no other memory.
    ///
    /// # Safety
    /// So many numbers can be read there.
    unsafe fn load_first(simd: V, from: *const S, count: usize) -> Self;

    /// All lanes, to `to`.
    ///
    /// # Safety
    /// `LANES` numbers can be written there.
    unsafe fn store(self, to: *mut S);

    /// The first `count` lanes, or all if that is less, to `to`. Touches no other memory.
    ///
    /// # Safety
    /// So many numbers can be written there.
    unsafe fn store_first(self, to: *mut S, count: usize);

    /// `self · factor + summand`, rounded once where the instruction set can.
    #[must_use]
    fn mul_add(self, factor: Self, summand: Self) -> Self;

    /// The lanes of two in turn, `a₀ b₀ a₁ b₁ …`: the first half of them, and the second.
    ///
    /// Where there is one lane, there are no halves, and nobody asks.
    fn interleave(self, other: Self) -> (Self, Self);

    /// The sum of the lanes.
    fn sum(self) -> S;

    // The kernels that are compiled once for each instruction set and scalar, in functions of their own.

    /// Compute a matrix product.
    fn product(simd: V, product: Product<'_, S>);
    /// Compute dot products of rows with rows.
    fn dot_products(simd: V, products: DotProducts<'_, S>);
}

/// Plain loops, for every processor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl sealed::Sealed for Portable {}
impl Simd for Portable {
    type F32 = f32;
    type F64 = f64;

    #[inline(always)]
    fn run<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
}

macro_rules! scalar_vectors {
    ($($scalar:ident),*) => {$(
        /// One lane: the number itself.
        impl<V: Simd> Vector<$scalar, V> for $scalar {
            const LANES: usize = 1;
            const REGISTERS: usize = 16;

            #[inline(always)]
            fn splat(_: V, value: $scalar) -> Self {
                value
            }

            #[inline(always)]
            unsafe fn load(_: V, from: *const $scalar) -> Self {
                // SAFETY: the caller's promise.
                unsafe { *from }
            }

            #[inline(always)]
            unsafe fn load_first(_: V, from: *const $scalar, count: usize) -> Self {
                // SAFETY: the caller's promise.
                if count == 0 { 0.0 } else { unsafe { *from } }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                // SAFETY: the caller's promise.
                unsafe { *to = self }
            }

            #[inline(always)]
            unsafe fn store_first(self, to: *mut $scalar, count: usize) {
                if count > 0 {
                    // SAFETY: the caller's promise.
                    unsafe { *to = self }
                }
            }

            #[inline(always)]
            fn mul_add(self, factor: Self, summand: Self) -> Self {
                self * factor + summand
            }

            #[inline(always)]
            fn interleave(self, other: Self) -> (Self, Self) {
                (self, other)
            }

            #[inline(always)]
            fn sum(self) -> $scalar {
                self
            }

            #[inline(always)]
            fn product(simd: V, product: Product<'_, $scalar>) {
                product.run(simd);
            }

            #[inline(always)]
            fn dot_products(simd: V, products: DotProducts<'_, $scalar>) {
                products.run(simd);
            }
        }
    )*};
}
scalar_vectors!(f32, f64);

/// Something to compute with whatever instruction set is there.
pub trait Operation {
    /// What it computes.
    type Output;

    /// Compute it. Mark the implementation `#[inline(always)]`: only what is inlined here is compiled for the
    /// instruction set.
    fn run<V: Simd>(self, simd: V) -> Self::Output;
}

pub(super) mod sealed {
    pub trait Sealed {}
}
