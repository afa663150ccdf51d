//! Layers that compute the integers of TensorFlow Lite's reference kernels: see [`TfliteReference`](super::TfliteReference).
//!
//! They differ from this crate's own layers in how they round, and in that an activation clips at any two integers
//! ([`Clipped`]). Their factors cover all that TensorFlow Lite's do, not only those below 1/4: see [`multiplier`].

mod batch_norm;
mod fixed_point;
mod log_softmax;
mod mean;
mod prelu;
mod resize;
mod rounding;
mod softmax;
mod sum;
mod unscaled;

pub use batch_norm::BatchNorm;
pub use log_softmax::LogSoftmax;
pub use mean::Mean;
pub use prelu::PRelu;
pub use resize::Resize;
pub use rounding::{Clipped, Factor, Once, Twice, multiplier};
pub use softmax::Softmax;
pub use sum::{Operand, Sum};
pub use unscaled::Unscaled;
