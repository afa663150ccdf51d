//! Vectors: the minimal set of operations that the kernels need.

use core::fmt::Debug;

use super::channels::{self, Floor};
use super::convolution::{Backward, Forward};
use super::dispatch::InstructionSet;
use super::dot_products::DotProducts;
use super::outer_products;
use super::product::{Product, Scattered};
use crate::real::Real;
use crate::scalar::Scalar;

/// The proof that an instruction set is available, and its vectors.
///
/// Layers pass the token down to the kernels; a layer of your own may ignore it. The trait is sealed.
pub trait Simd: Copy + Send + Sync + Debug + 'static + sealed::Sealed {
    /// Vectors of `f32`.
    #[doc(hidden)]
    type F32: Vector<f32, Self>;
    /// Vectors of `f64`.
    #[doc(hidden)]
    type F64: Vector<f64, Self>;

    /// Which one it is.
    #[doc(hidden)]
    const SET: InstructionSet;
    /// Whether `a·b + c` is rounded once.
    #[doc(hidden)]
    const FUSED: bool = Self::SET.is_fused();

    /// Runs `operation`, compiled for this instruction set.
    fn run<O: Operation>(self, operation: O) -> O::Output;

    /// Runs `operation`, compiled for this instruction set in a separate function, with all registers to itself.
    #[doc(hidden)]
    fn call<O: Operation>(self, operation: O) -> O::Output;
}

/// The lanes of the widest vector, of any scalar.
pub(crate) const LANES: usize = 16;

/// The numbers that one instruction handles.
///
/// Vectors are made from a [`Simd`] token and from nothing else, so a vector proves its instruction set, too.
pub trait Vector<S, V>: Real {
    /// The number of lanes.
    const LANES: usize;
    /// The number of vector registers.
    const REGISTERS: usize;

    /// `value` in every lane.
    fn splat(simd: V, value: S) -> Self;

    /// The numbers at `from`.
    ///
    /// # Safety
    /// `LANES` numbers can be read there.
    unsafe fn load(simd: V, from: *const S) -> Self;

    /// The first `count` numbers at `from`, or `LANES` if that is less, followed by zeros. Touches no other memory.
    ///
    /// For a `count` that is a constant where this is inlined. Halves and quarters of a vector then use
    /// plain loads: processors forward recent stores to those, but not to or from masked ones.
    ///
    /// # Safety
    /// `count` numbers can be read there.
    unsafe fn load_first(simd: V, from: *const S, count: usize) -> Self;

    /// [`load_first`](Self::load_first), for a `count` known only at run time.
    ///
    /// # Safety
    /// `count` numbers can be read there.
    #[inline(always)]
    unsafe fn load_masked(simd: V, from: *const S, count: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::load_first(simd, from, count) }
    }

    /// Stores all lanes to `to`.
    ///
    /// # Safety
    /// `LANES` numbers can be written there.
    unsafe fn store(self, to: *mut S);

    /// Stores the first `count` lanes, or all if that is less, to `to`. Touches no other memory.
    ///
    /// # Safety
    /// `count` numbers can be written there.
    unsafe fn store_first(self, to: *mut S, count: usize);

    /// [`store_first`](Self::store_first), for a `count` known only at run time.
    ///
    /// # Safety
    /// `count` numbers can be written there.
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut S, count: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.store_first(to, count) }
    }

    /// Interleaves two vectors, `a₀ b₀ a₁ b₁ …`: the first half, and the second.
    ///
    /// Never called for vectors of one lane.
    fn interleave(self, other: Self) -> (Self, Self);

    /// The reverse: the even lanes of both, and the odd ones.
    ///
    /// With one lane each, `self` is even and `other` odd.
    fn separate(self, other: Self) -> (Self, Self);

    /// The sum of the lanes, in every lane: of those half a vector apart, then of those a quarter apart, and so on.
    #[inline(always)]
    fn sum_of_lanes(mut self) -> Self {
        let mut lanes = Self::LANES;
        while lanes > 1 {
            let (low, high) = self.interleave(self);
            self = low + high;
            lanes /= 2;
        }
        self
    }

    /// The first four columns of a matrix whose rows lie `pitch` apart, of its first `rows` rows, or `LANES` if that is less,
    /// followed by zeros; if there is a way to read them that is faster than [turning](super::transpose::turn) a square.
    ///
    /// # Safety
    /// Four numbers of each of these rows can be read.
    #[inline(always)]
    unsafe fn columns(_: V, _: *const S, _: usize, _: usize) -> Option<[Self; 4]> {
        None
    }

    /// Stores the first `count` lanes at every second place, or their sums with the numbers that are there; if there is a way that doesn't
    /// touch what lies between them. Returns whether there is.
    ///
    /// # Safety
    /// These places can be read and written.
    #[inline(always)]
    unsafe fn store_every_second(self, _: *mut S, _count: usize, _is_sum: bool) -> bool {
        false
    }

    /// `yes` where the lanes of two are equal, which NaN never is; `no` elsewhere.
    #[must_use]
    fn if_equal(self, other: Self, yes: Self, no: Self) -> Self;

    /// Adds the products of four rows of weights with the inputs of four places, one tap after the other, without vectors.
    /// Nothing if a row has fewer weights than there are inputs.
    #[inline(always)]
    fn add_tile(simd: V, rows: [&[S]; 4], inputs: &[[S; 4]], sums: &mut [[S; 4]; 4])
    where
        S: Scalar<Vector<V> = Self>,
        V: Simd,
    {
        add_tile(simd, rows, inputs, sums);
    }

    // The kernels that are compiled once per instruction set and scalar, as separate functions; here, for one lane. They
    // aren't marked as inlined, which would only enlarge the frames of debug builds.

    /// Computes a matrix product.
    fn product(simd: V, product: Product<'_, S>)
    where
        S: Scalar,
        V: Simd,
    {
        product.run(simd);
    }

    /// Computes a matrix product of operands that lie anywhere.
    fn scattered(simd: V, product: Scattered<'_, S>)
    where
        S: Scalar,
        V: Simd,
    {
        product.run(simd);
    }

    /// Computes dot products of rows with rows.
    fn dot_products(simd: V, products: DotProducts<'_, S>)
    where
        S: Scalar,
        V: Simd,
    {
        products.run(simd);
    }

    /// Computes sums of outer products.
    fn outer_products(simd: V, block: outer_products::Block<'_, S>)
    where
        S: Scalar,
        V: Simd,
    {
        block.run(simd);
    }

    // Those that may be compiled once: convolutions in `f32` with vectors, and on x86-64 also plain loops, and their norms and
    // outer products. Without vectors, their sizes are constants.

    /// Whether norms are compiled once. Those with vectors aren't: training steps of a DS-CNN took longer when they were. In
    /// a network whose layers have one shape, sizes become constants otherwise.
    const SHARED: bool = false;

    /// Computes a convolution.
    // A separate function in debug builds, which reserve stack for everything inlined; the next one, too.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn convolution(simd: V, convolution: Forward<'_, '_, S>)
    where
        S: Scalar,
        V: Simd,
    {
        simd.call(convolution);
    }

    /// Computes the gradients of a convolution.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn convolution_gradients(simd: V, gradients: Backward<'_, '_, S>)
    where
        S: Scalar,
        V: Simd,
    {
        simd.call(gradients);
    }

    /// Normalizes channels.
    fn normalize(simd: V, normalize: channels::Normalize<'_, S, Floor>)
    where
        S: Scalar,
        V: Simd,
    {
        simd.call(normalize);
    }

    /// Normalizes channels with the statistics of the batch.
    fn normalize_batch(simd: V, measure: channels::Measure<'_, S, Floor>)
    where
        S: Scalar,
        V: Simd,
    {
        simd.call(measure);
    }

    /// Computes the gradients of a normalization.
    fn normalization_gradients(simd: V, gradients: channels::Backward<'_, S, Floor>)
    where
        S: Scalar,
        V: Simd,
    {
        simd.call(gradients);
    }
}

/// The number of lanes of a vector.
#[inline(always)]
pub(crate) const fn lanes<V: Simd, S: Scalar>() -> usize {
    <S::Vector<V> as Vector<S, V>>::LANES
}

/// Loads up to `LANES` numbers of `from`, followed by zeros.
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

/// Stores as many lanes as fit into `to`.
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

/// Loads up to `LANES` numbers of `from`, followed by `fill`.
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

/// `a · b + sum`, rounded as by vectors.
#[inline(always)]
pub(crate) fn multiply_add<V: Simd, S: Scalar>(simd: V, a: S, b: S, sum: S) -> S {
    first_lane(simd, splat(simd, a).mul_add(splat(simd, b), splat(simd, sum)))
}

/// [`Vector::add_tile`], for every processor.
#[inline(always)]
fn add_tile<V: Simd, S: Scalar>(simd: V, rows: [&[S]; 4], inputs: &[[S; 4]], sums: &mut [[S; 4]; 4]) {
    if rows.iter().any(|row| row.len() < inputs.len()) {
        return;
    }
    let rows = rows.map(|row| row.as_ptr());
    let mut tile = *sums;
    for (tap, inputs) in inputs.iter().enumerate() {
        for (sums, row) in tile.iter_mut().zip(rows) {
            // SAFETY: each row has a weight for each of the inputs.
            let weight = unsafe { *row.add(tap) };
            for (sum, &x) in sums.iter_mut().zip(inputs) {
                *sum = multiply_add(simd, weight, x, *sum);
            }
        }
    }
    *sums = tile;
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

/// A computation that is generic over the instruction set.
pub trait Operation {
    /// The result.
    type Output;

    /// Whether the widest vectors would have more lanes than there are numbers. Then [`dispatch`](super::dispatch) takes
    /// narrower ones, which compute the same bits in less time.
    #[doc(hidden)]
    const IS_TINY: bool = false;

    /// Runs it. Mark the implementation `#[inline(always)]`: only what is inlined here is compiled for the
    /// instruction set.
    fn run<V: Simd>(self, simd: V) -> Self::Output;
}

pub(super) mod sealed {
    pub trait Sealed {}
}
