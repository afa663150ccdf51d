#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
extern crate self as fnn;

#[cfg(feature = "std")]
mod atomic_file;
mod channels_last;
mod chunks;
mod const_message;
#[cfg(feature = "std")]
pub mod data;
mod descent;
#[cfg(feature = "std")]
mod error;
#[cfg(feature = "defmt")]
mod format;
pub mod gradient_check;
pub mod graph;
#[cfg(doc)]
pub mod guide;
mod hash;
mod image;
mod kernels;
mod layer;
pub mod layers;
pub mod losses;
#[doc(hidden)]
pub mod macro_support;
mod memory;
pub mod metrics;
pub mod network;
pub mod optimizers;
#[cfg(feature = "plot")]
pub mod plot;
mod pod;
pub mod prelude;
pub mod quantized;
mod random;
mod real;
mod rows;
mod scalar;
#[cfg(feature = "serde")]
mod serde_number;
mod setting;
mod shape;
pub mod simd;
mod statistics;
pub mod streaming;
#[cfg(feature = "rayon")]
mod threads;
pub mod train;
pub mod weights;
mod window;

#[cfg(feature = "std")]
pub use data::DataSet;
#[cfg(feature = "std")]
pub use error::Error;
pub use fnn_macros::Parameters;
pub use gradient_check::gradient_check;
pub use layer::Layer;
pub use network::{Folded, Network};
pub use quantized::Quantized;
pub use random::Random;
pub use scalar::Scalar;
pub use setting::InvalidSetting;
pub use streaming::Streaming;
#[cfg(feature = "std")]
pub use train::Trainer;
pub use weights::initializer::Initializer;
pub use weights::parameters::Parameters;

#[doc = include_str!("network.md")]
#[macro_export]
macro_rules! network {
    ($($declaration:tt)*) => {
        $crate::macro_support::declare! { [$crate] $($declaration)* }
    };
}
