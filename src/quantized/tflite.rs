//! Layers that compute the integers of TensorFlow Lite's reference kernels: see [`TfliteReference`](super::TfliteReference).
//!
//! They differ from this crate's own layers in how they round, and in that an activation clips at any two integers
//! ([`Clipped`]). Their factors cover all that TensorFlow Lite's do, not only those below 1/4: see [`multiplier`].

mod mean;
mod rounding;
mod softmax;
mod sum;

pub use mean::Mean;
pub use rounding::{Clipped, Once, Twice, multiplier};
pub use softmax::Softmax;
pub use sum::{Operand, Sum};
