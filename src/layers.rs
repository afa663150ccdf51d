//! The layers that a declaration can name. One kind a file: formula, forward, backward.
//!
//! | kind | in | out | weights |
//! |---|---|---|---|
//! | [`Dense`] | `[I]` | `[O]` | `I·O + O` |
//! | [`Conv`]: `Conv2d`, `DepthwiseConv2d`, `Conv1d` | `[C, rows, columns]`, `[C, length]` | `[F, …]` | `F·C/groups·kernel + F` |
//! | [`MaxPool`], [`AvgPool`]: `MaxPool2d`, `MaxPool1d`, … | `[C, rows, columns]`, `[C, length]` | `[C, …]` | – |
//! | [`GlobalAvgPool`] | `[C, …]` | `[C]` | – |
//! | [`Activation`] of a function of [`activation`] | any | the same | – |
//! | [`Softmax`] | `[N]` | `[N]` | – |
//! | [`Dropout`] | any | the same | – |
//! | [`Flatten`] | any | `[N]` | – |
//! | [`Residual`] | any | the same | those inside |

/// What a layer without weights, a tuple of one `PhantomData`, has in common with the others.
macro_rules! without_weights {
    ([$($generics:tt)*] $layer:ty, $scalar:ty) => {
        impl<$($generics)*> $layer {
            /// The layer. It holds nothing.
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

        // SAFETY: there is nothing.
        unsafe impl<$($generics)*> crate::parameters::Parameters for $layer {
            type Scalar = $scalar;

            fn visit(&self, _: crate::parameters::Name<'_>, _: &mut crate::parameters::Visitor<'_, $scalar>) {}
        }
    };
}

pub mod activation;
mod avg_pool;
mod conv;
mod dense;
mod dropout;
mod flatten;
mod global_avg_pool;
mod max_pool;
mod residual;
mod softmax;

pub use activation::Activation;
pub use avg_pool::AvgPool;
pub use conv::Conv;
pub use dense::{Bias, Dense, NoBias};
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use global_avg_pool::GlobalAvgPool;
pub use max_pool::MaxPool;
pub use residual::Residual;
pub use softmax::Softmax;
pub(crate) use softmax::{softmax_in_place, softmax_normalizer};

pub use crate::image::{Channels, Image};
pub use crate::window::{Axis, Window, Windows};
