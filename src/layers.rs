//! The layers that a declaration can name. One file per kind: formula, forward, backward.
//!
//! [`network!`](crate::network!#the-layers) lists them with their inputs, outputs and costs.

/// The constructors and `Parameters` of a layer without weights, a tuple of one `PhantomData`.
macro_rules! without_weights {
    ([$($generics:tt)*] $layer:ty, $scalar:ty) => {
        impl<$($generics)*> $layer {
            /// Creates the layer, which has no weights.
            #[must_use]
            pub const fn new() -> Self {
                Self(core::marker::PhantomData)
            }
        }

        impl<$($generics)*> Default for $layer {
            fn default() -> Self {
                Self::new()
            }
        }

        // SAFETY: the type is empty.
        unsafe impl<$($generics)*> crate::weights::parameters::Parameters for $layer {
            type Scalar = $scalar;

            const LAYOUT: crate::weights::layout::Layout = crate::weights::layout::Layout::NOTHING;
        }
    };
}

mod activated;
pub mod activation;
mod avg_pool;
mod batch_norm;
mod branches;
mod concat;
mod conv;
mod dense;
mod dropout;
mod embedding;
mod flatten;
mod global_avg_pool;
mod global_max_pool;
mod group_norm;
mod layer_norm;
mod local_response_norm;
mod log_softmax;
mod max_pool;
mod normalize;
mod permute;
mod prelu;
pub(crate) mod product;
mod reshape;
mod residual;
mod resize;
mod rms_norm;
mod slice;
mod softmax;
pub(crate) mod stream;
mod sum;
mod upsample;
mod windowed;
mod zero_pad;

pub use crate::kernels::Start;
pub use crate::layer::{
    Chance, Deferral, Deferred, Factors, Gradient, InvalidInput, Layer, OutputKind, Part, Pass, Recorded,
};
#[cfg(feature = "alloc")]
pub use crate::pod::zeroed_box;
pub use crate::pod::{Pod, zeroed};
pub use crate::rows::Rows;
pub use crate::shape::{Sample, Shape};
#[doc(hidden)]
pub use activated::Activated;
pub use activation::Activation;
pub(crate) use activation::FromOutput;
pub use avg_pool::AvgPool;
pub use batch_norm::BatchNorm;
#[doc(hidden)]
pub use batch_norm::FreezeStatistics;
pub use concat::Concat;
pub use conv::Conv;
pub use dense::{Bias, Dense, NoBias};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use global_avg_pool::GlobalAvgPool;
pub use global_max_pool::GlobalMaxPool;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use local_response_norm::LocalResponseNorm;
pub use log_softmax::LogSoftmax;
pub use max_pool::MaxPool;
pub(crate) use max_pool::pool_plane;
pub use normalize::Normalize;
pub use permute::Permute;
pub use prelu::PRelu;
pub(crate) use prelu::slope_of;
pub use product::Product;
pub use reshape::Reshape;
pub use residual::Residual;
pub use resize::Resize;
pub use rms_norm::RmsNorm;
pub use slice::Slice;
pub use softmax::Softmax;
pub use sum::Sum;
pub use upsample::Upsample;
pub use zero_pad::ZeroPad;
pub(crate) use zero_pad::padding_plane;

pub use crate::image::{Channels, Image};
pub use crate::window::{Axis, Window, Windows};
