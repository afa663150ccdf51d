//! Vectors: the smallest set of operations that the kernels are written in, and their portable implementor.

use core::fmt::Debug;

use super::dot_products::DotProducts;
use super::product::Product;
use crate::real::Real;
use crate::scalar::Scalar;

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

    /// Run `operation`, compiled for this instruction set in a function of its own, whose registers it has for itself.
    #[doc(hidden)]
    fn call<O: Operation>(self, operation: O) -> O::Output;
}

/// As many numbers as one instruction handles.
///
/// Vectors are made from a [`Simd`] token and from nothing else, so a vector is the proof of its instruction set, too.
pub trait Vector<S, V>: Real {
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
    /// For a `count` that is a constant where this is inlined. Halves and quarters of a vector are loaded whole then:
    /// a processor passes on what was just stored to a load within it, but not to or from one under a mask.
    ///
    /// # Safety
    /// So many numbers can be read there.
    unsafe fn load_first(simd: V, from: *const S, count: usize) -> Self;

    /// [`load_first`](Self::load_first), for a `count` that only the run knows.
    ///
    /// # Safety
    /// So many numbers can be read there.
    #[inline(always)]
    unsafe fn load_masked(simd: V, from: *const S, count: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::load_first(simd, from, count) }
    }

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

    /// [`store_first`](Self::store_first), for a `count` that only the run knows.
    ///
    /// # Safety
    /// So many numbers can be written there.
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut S, count: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.store_first(to, count) }
    }

    /// The lanes of two in turn, `a₀ b₀ a₁ b₁ …`: the first half of them, and the second.
    ///
    /// Where there is one lane, there are no halves, and nobody asks.
    fn interleave(self, other: Self) -> (Self, Self);

    /// The opposite: the lanes with even numbers of both, and those with odd ones.
    ///
    /// Of one lane each, `self` is even and `other` odd.
    fn separate(self, other: Self) -> (Self, Self);

    /// `yes` where the lanes of two are equal, which NaN never is; elsewhere `no`.
    #[must_use]
    fn if_equal(self, other: Self, yes: Self, no: Self) -> Self;

    // The kernels that are compiled once for each instruction set and scalar, in functions of their own.

    /// Compute a matrix product.
    fn product(simd: V, product: Product<'_, S>);
    /// Compute dot products of rows with rows.
    fn dot_products(simd: V, products: DotProducts<'_, S>);
}

/// How many numbers a vector has.
#[inline(always)]
pub(crate) const fn lanes<V: Simd, S: Scalar>() -> usize {
    <S::Vector<V> as Vector<S, V>>::LANES
}

/// As many of `from` as there are lanes, or as there are, and zeros behind them.
#[inline(always)]
pub(crate) fn read<V: Simd, S: Scalar>(simd: V, from: &[S]) -> S::Vector<V> {
    // SAFETY: no more is read than the slice holds.
    unsafe {
        if from.len() >= lanes::<V, S>() {
            S::Vector::<V>::load(simd, from.as_ptr())
        } else {
            S::Vector::<V>::load_first(simd, from.as_ptr(), from.len())
        }
    }
}

/// As many lanes as `to` has room for.
#[inline(always)]
pub(crate) fn write<V: Simd, S: Scalar>(_: V, vector: S::Vector<V>, to: &mut [S]) {
    // SAFETY: no more is written than the slice holds.
    unsafe {
        if to.len() >= lanes::<V, S>() {
            vector.store(to.as_mut_ptr());
        } else {
            vector.store_first(to.as_mut_ptr(), to.len());
        }
    }
}

/// As many of `from` as there are lanes, or as there are, and behind them `fill`.
#[inline(always)]
pub(crate) fn read_or<V: Simd, S: Scalar>(simd: V, from: &[S], fill: S) -> S::Vector<V> {
    let vector = read(simd, from);
    if from.len() >= lanes::<V, S>() {
        return vector;
    }
    let missing = read(simd, &S::COUNT) - splat(simd, S::from_f64(from.len() as f64 - 0.5));
    missing.if_positive(splat(simd, fill), vector)
}

/// `value` in every lane.
#[inline(always)]
pub(crate) fn splat<V: Simd, S: Scalar>(simd: V, value: S) -> S::Vector<V> {
    S::Vector::<V>::splat(simd, value)
}

/// The first lane.
#[inline(always)]
pub(crate) fn first_lane<V: Simd, S: Scalar>(simd: V, vector: S::Vector<V>) -> S {
    let mut lane = [S::ZERO];
    write(simd, vector, &mut lane);
    lane[0]
}

/// The sum of the lanes, in every lane.
#[inline(always)]
pub(crate) fn sum_of_lanes<V: Simd, S: Scalar>(mut vector: S::Vector<V>) -> S::Vector<V> {
    let mut lanes = lanes::<V, S>();
    while lanes > 1 {
        let (low, high) = vector.interleave(vector);
        vector = low + high;
        lanes /= 2;
    }
    vector
}

/// The largest lane, in every lane.
#[inline(always)]
pub(crate) fn largest_of_lanes<V: Simd, S: Scalar>(mut vector: S::Vector<V>) -> S::Vector<V> {
    let mut lanes = lanes::<V, S>();
    while lanes > 1 {
        let (low, high) = vector.interleave(vector);
        vector = low.max(high);
        lanes /= 2;
    }
    vector
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

    #[inline(always)]
    fn call<O: Operation>(self, operation: O) -> O::Output {
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
            fn interleave(self, other: Self) -> (Self, Self) {
                (self, other)
            }

            #[inline(always)]
            fn separate(self, other: Self) -> (Self, Self) {
                (self, other)
            }

            #[inline(always)]
            fn if_equal(self, other: Self, yes: Self, no: Self) -> Self {
                if self == other { yes } else { no }
            }

            // Where there is one lane, nobody asks for them; inlined, they would only enlarge the frames of debug builds.
            fn product(simd: V, product: Product<'_, $scalar>) {
                product.run(simd);
            }

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
