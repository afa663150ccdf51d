//! What generated code names, and users do not. None of it is stable.

pub use fnn_macros::declare;

/// The kernels, for their benchmarks.
pub mod kernels {
    pub use crate::kernels::{Start, input_gradient, matmul, weight_gradient};
}

pub use crate::memory::{Larger, batch};
pub use crate::shape::{first, first_mut, reshape as view, reshape_mut as view_mut};
pub use crate::verdict::{
    check_axes, check_concat, check_groups, check_input, check_not_negative, check_output, check_pool_padding,
    check_positive, check_probability, check_projection, check_rank, check_reshape, check_residual, check_same_padding,
    check_size, check_window,
};
pub use crate::window::{part, places, same_padding};
pub use crate::{__constructors as constructors, __unreachable_passes as unreachable_passes};

/// A number as a const generic: its bits.
#[must_use]
pub const fn bits(value: f64) -> u64 {
    value.to_bits()
}

/// The constants and constructors that a network has on its `f32` form, which needs no annotation.
#[doc(hidden)]
#[macro_export]
macro_rules! __constructors {
    () => {
        /// The number of weights.
        pub const PARAMETERS: ::core::primitive::usize = <Self as $crate::Parameters>::PARAMETERS;
        /// Multiply-accumulates of one sample's forward pass.
        pub const MACS: ::core::primitive::usize = <Self as $crate::Layer>::MACS;
        /// Bytes of weights.
        pub const WEIGHT_BYTES: ::core::primitive::usize = <Self as $crate::Network>::WEIGHT_BYTES;
        /// Bytes that training remembers of one sample's forward pass.
        pub const TAPE_BYTES: ::core::primitive::usize = <Self as $crate::Network>::TAPE_BYTES;

        /// The network with its first weights, which are the same on every platform. Up to 128 KiB of weights.
        #[must_use]
        pub fn seeded(seed: ::core::primitive::u64) -> Self {
            <Self as $crate::Network>::seeded(seed)
        }

        /// The network with all weights zero: an empty gradient.
        #[must_use]
        pub fn zeroed() -> Self {
            <Self as $crate::Parameters>::zeroed()
        }

        /// The table of the layers, their shapes and their cost, to print.
        #[must_use]
        pub fn summary() -> $crate::Summary {
            <Self as $crate::Network>::summary()
        }

        $crate::__boxed_constructor! {}
    };
}

/// The constructor that needs a heap.
#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __boxed_constructor {
    () => {
        /// The network with its first weights, built in place on the heap, whatever its size.
        #[must_use]
        pub fn boxed(seed: ::core::primitive::u64) -> $crate::__private::Box<Self> {
            <Self as $crate::Network>::boxed(seed)
        }
    };
}

/// There is no heap.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __boxed_constructor {
    () => {};
}

#[cfg(feature = "alloc")]
pub use alloc::boxed::Box;

/// The functions of a network whose declaration is mistaken. They are never called: it doesn't compile.
#[doc(hidden)]
#[macro_export]
macro_rules! __unreachable_passes {
    () => {
        fn forward_batch<V: $crate::Simd, const BATCH: ::core::primitive::usize>(
            &self,
            _: V,
            _: &[Self::Input],
            _: &mut [Self::Output],
            _: &mut Self::Workspace<BATCH>,
        ) {
        }

        fn backward<V: $crate::Simd, const BATCH: ::core::primitive::usize>(
            &self,
            _: $crate::Pass<'_, V>,
            _: $crate::Recorded<'_, Self, BATCH>,
            _: &mut [Self::Output],
            _: &mut Self,
            _: ::core::option::Option<&mut [Self::Input]>,
            _: &mut Self::Workspace<BATCH>,
        ) {
        }
    };
}
