//! A network's inherent methods, so that users need no trait imports and find them on the type's page.
//!
//! Each calls the trait method of the same name, which has the full documentation.

/// Items that need a heap.
#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_heap {
    ($($items:tt)*) => { $($items)* };
}

/// Without a heap, none of them.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_heap {
    ($($items:tt)*) => {};
}

/// Items that need files.
#[cfg(feature = "std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_files {
    ($($items:tt)*) => { $($items)* };
}

/// Without files, none of them.
#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_files {
    ($($items:tt)*) => {};
}

/// The constants and constructors of a network's `f32` form: a path such as `Digits::seeded(1)` doesn't use the default
/// of the scalar parameter, so on every scalar it would need an annotation.
#[doc(hidden)]
#[macro_export]
macro_rules! __constructors {
    () => {
        /// The number of weights.
        pub const PARAMETERS: ::core::primitive::usize = <Self as $crate::macro_support::Parameters>::PARAMETERS;
        /// Multiply-accumulates of one sample's forward pass.
        pub const MACS: ::core::primitive::u64 = <Self as $crate::macro_support::Layer>::MACS;
        /// Bytes of weights. See `Network::FLASH`.
        pub const FLASH: ::core::primitive::usize = <Self as $crate::macro_support::Network>::FLASH;
        /// Bytes of RAM that inference on one sample needs on a chip. See `Network::RAM_INFERENCE`.
        pub const RAM_INFERENCE: ::core::primitive::usize = <Self as $crate::macro_support::Network>::RAM_INFERENCE;
        /// Bytes of RAM that training on one sample at a time needs on a chip. See `Network::RAM_TRAINING`.
        pub const RAM_TRAINING: ::core::primitive::usize = <Self as $crate::macro_support::Network>::RAM_TRAINING;
        /// Bytes of scratch for inference on one sample on this target. See `Network::WORKSPACE`.
        pub const WORKSPACE: ::core::primitive::usize = <Self as $crate::macro_support::Network>::WORKSPACE;

        /// The network with its initial weights, which are the same on every platform. More than 128 KiB of
        /// weights are a compile error: `boxed(seed)` builds such a network on the heap.
        #[inline]
        #[must_use]
        pub fn seeded(seed: ::core::primitive::u64) -> Self {
            <Self as $crate::macro_support::Network>::seeded(seed)
        }

        /// The network with all weights zero: an empty gradient, or a `static` that [`reseed`](Self::reseed) fills.
        #[inline]
        #[must_use]
        pub const fn zeroed() -> Self {
            $crate::macro_support::zeroed()
        }

        /// The network's graph: its layers, their attributes, shapes, wiring and weights, as a constant.
        #[inline]
        #[must_use]
        pub fn graph() -> &'static $crate::macro_support::Node {
            <Self as $crate::macro_support::Network>::graph()
        }

        /// A printable table of the layers, their shapes and their costs.
        #[inline]
        #[must_use]
        pub fn summary() -> $crate::macro_support::Summary {
            <Self as $crate::macro_support::Network>::summary()
        }

        $crate::__with_heap! {
            /// The network with its initial weights, built in place on the heap, whatever its size.
            #[inline]
            #[must_use]
            pub fn boxed(seed: ::core::primitive::u64) -> $crate::macro_support::Box<Self> {
                <Self as $crate::macro_support::Network>::boxed(seed)
            }

            /// The network with all weights zero, built in place on the heap, whatever its size.
            #[inline]
            #[must_use]
            pub fn zeroed_box() -> $crate::macro_support::Box<Self> {
                <Self as $crate::macro_support::Parameters>::zeroed_box()
            }

            /// Loads the network from the bytes of a safetensors file, onto the heap.
            ///
            /// # Errors
            /// See `Network::load_from_bytes`.
            #[inline]
            pub fn load_from_bytes(
                file: &[::core::primitive::u8],
            ) -> ::core::result::Result<$crate::macro_support::Box<Self>, $crate::macro_support::WeightsError<'_>> {
                <Self as $crate::macro_support::Network>::load_from_bytes(file)
            }
        }

        $crate::__with_files! {
            /// Loads the network from a safetensors file, onto the heap.
            ///
            /// # Errors
            /// See `Network::load`.
            #[inline]
            pub fn load(
                path: impl ::core::convert::AsRef<$crate::macro_support::Path>,
            ) -> ::core::result::Result<$crate::macro_support::Box<Self>, $crate::macro_support::Error> {
                <Self as $crate::macro_support::Network>::load(path)
            }
        }
    };
}

/// The methods of a network with any scalar, other than `forward`.
#[doc(hidden)]
#[macro_export]
macro_rules! __methods {
    ($scalar:ty, $input:ty, $output:ty) => {
        /// Runs inference on a batch of any size, some samples at a time, in the caller's memory. Allocates nothing.
        ///
        /// Stops at the end of the shorter of `inputs` and `outputs`.
        #[inline]
        pub fn forward_into<const __BATCH: ::core::primitive::usize>(
            &self,
            inputs: &[$input],
            outputs: &mut [$output],
            workspace: &mut <Self as $crate::macro_support::Layer>::Workspace<{ __BATCH }>,
        ) {
            $crate::macro_support::Network::forward_into::<{ __BATCH }>(self, inputs, outputs, workspace);
        }

        /// Replaces all weights by the initial ones that `seeded(seed)` returns, in place.
        #[inline]
        pub fn reseed(&mut self, seed: ::core::primitive::u64) {
            $crate::macro_support::Network::reseed(self, seed);
        }

        /// All weights.
        #[inline]
        #[must_use]
        pub fn parameters(&self) -> &[$scalar] {
            $crate::macro_support::Parameters::parameters(self)
        }

        /// All weights, mutable.
        #[inline]
        pub fn parameters_mut(&mut self) -> &mut [$scalar] {
            $crate::macro_support::Parameters::parameters_mut(self)
        }

        /// Visits each array of weights with its dotted name (`conv1.weight`) and its shape.
        #[inline]
        pub fn for_each(&self, visitor: &mut $crate::macro_support::Visitor<'_, $scalar>) {
            $crate::macro_support::Parameters::for_each(self, visitor);
        }

        /// Reads the weights from the bytes of a safetensors file. Allocates nothing.
        ///
        /// # Errors
        /// See `Network::read_weights`.
        #[inline]
        pub fn read_weights<'a>(
            &mut self,
            file: &'a [::core::primitive::u8],
        ) -> ::core::result::Result<(), $crate::macro_support::WeightsError<'a>> {
            $crate::macro_support::Network::read_weights(self, file)
        }

        $crate::__with_heap! {
            /// Runs inference on a batch of any size, on `rayon`'s threads if the batch is large enough.
            #[inline]
            #[must_use]
            pub fn forward_all(&self, inputs: &[$input]) -> $crate::macro_support::Vec<$output> {
                $crate::macro_support::Network::forward_all(self, inputs)
            }

            /// Clones the network onto the heap, without passing through the stack.
            #[inline]
            #[must_use]
            pub fn boxed_copy(&self) -> $crate::macro_support::Box<Self> {
                $crate::macro_support::Parameters::boxed_copy(self)
            }
        }

        $crate::__with_files! {
            /// Writes the weights to a safetensors file, atomically.
            ///
            /// # Errors
            /// See `Network::save`.
            #[inline]
            pub fn save(
                &self,
                path: impl ::core::convert::AsRef<$crate::macro_support::Path>,
            ) -> ::core::result::Result<(), $crate::macro_support::Error> {
                $crate::macro_support::Network::save(self, path)
            }
        }
    };
}
