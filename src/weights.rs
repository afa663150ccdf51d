//! Weights: seen as one flat slice, named, initialized, and read from and written to files.
//!
//! Files are safetensors in PyTorch's convention: `load_state_dict` takes what [`save`](crate::Network::save) writes, and
//! [`load`](crate::Network::load) what a `state_dict` holds. The guides [from PyTorch](crate::guide::from_pytorch) and
//! [to PyTorch](crate::guide::to_pytorch) tell how, and [`LoadOptions`] what may differ.

pub(crate) mod initializer;
pub(crate) mod layout;
pub(crate) mod name;
pub(crate) mod parameters;
pub(crate) mod safetensors;

#[cfg(feature = "std")]
pub use crate::error::Mismatch;
pub use crate::{Initializer, Parameters};
pub use layout::{Field, Layout};
pub use name::{Name, Visitor};
pub use parameters::{Role, Roles};
#[cfg(feature = "alloc")]
pub use safetensors::Loaded;
pub use safetensors::{LoadOptions, WeightsError, WeightsMismatch};
