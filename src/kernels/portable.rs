//! Plain loops, for every processor: vectors of one lane.

#[cfg(all(feature = "simd", target_arch = "x86_64"))]
use super::channels::{self, Floor};
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
use super::convolution::{Backward, Forward};
use super::dispatch::InstructionSet;
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
use super::outer_products::Block;
use super::vector::{Operation, Simd, Vector, sealed};

/// Plain loops, for every processor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl sealed::Sealed for Portable {}
impl Simd for Portable {
    #[cfg(not(fnn_fused))]
    type F32 = f32;
    #[cfg(not(fnn_fused))]
    type F64 = f64;
    #[cfg(fnn_fused)]
    type F32 = super::fused::Fused<f32>;
    #[cfg(fnn_fused)]
    type F64 = super::fused::Fused<f64>;

    const SET: InstructionSet = InstructionSet::Portable;

    #[inline(always)]
    fn run<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }

    #[inline(always)]
    fn call<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
}

/// Kernels that are compiled once, in this crate, where few processors have no vectors.
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
macro_rules! shared {
    ($($name:ident: $operation:ty),*) => {$(
        #[inline(never)]
        fn $name(simd: Portable, operation: $operation) {
            operation.run(simd);
        }
    )*};
}

macro_rules! scalar_vectors {
    ($($scalar:ident $({ $($own:tt)* })?),*) => {$(
        /// One lane: the number itself.
        impl Vector<$scalar, Portable> for $scalar {
            const LANES: usize = 1;
            const REGISTERS: usize = 16;

            #[inline(always)]
            fn splat(_: Portable, value: $scalar) -> Self {
                value
            }

            #[inline(always)]
            unsafe fn load(_: Portable, from: *const $scalar) -> Self {
                // SAFETY: the caller's promise.
                unsafe { *from }
            }

            #[inline(always)]
            unsafe fn load_first(_: Portable, from: *const $scalar, count: usize) -> Self {
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

            $($($own)*)?
        }
    )*};
}
scalar_vectors!(
    f32 {
        #[cfg(fnn_vfma)]
        #[inline(always)]
        fn add_tile(_: Portable, rows: [&[f32]; 4], inputs: &[[f32; 4]], sums: &mut [[f32; 4]; 4]) {
            super::vfp::add_tile(rows, inputs, sums);
        }

        #[cfg(all(feature = "simd", target_arch = "x86_64"))]
        const SHARED: bool = true;

        #[cfg(all(feature = "simd", target_arch = "x86_64"))]
        shared! {
            outer_products: Block<'_, f32>,
            convolution: Forward<'_, '_, f32>,
            convolution_gradients: Backward<'_, '_, f32>,
            normalize: channels::Normalize<'_, f32, Floor>,
            normalize_batch: channels::Measure<'_, f32, Floor>,
            normalization_gradients: channels::Backward<'_, f32, Floor>
        }
    },
    f64
);
