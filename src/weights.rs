//! Weights: as one flat slice, by dotted name, initialized, and loaded from and saved to files.
//!
//! Files are safetensors in PyTorch's convention: `load_state_dict` reads what [`save`](crate::Network::save) writes,
//! and [`load`](crate::Network::load) reads a saved `state_dict`. See the guides [from
//! PyTorch](crate::guide::from_pytorch) and [to PyTorch](crate::guide::to_pytorch), and [`LoadOptions`] for files with
//! other names or types.

pub(crate) mod initializer;
pub(crate) mod layout;
pub(crate) mod name;
pub(crate) mod parameters;
pub(crate) mod safetensors;
pub(crate) mod stored;

#[cfg(feature = "std")]
pub use crate::error::Mismatch;
pub use crate::{Initializer, Parameters};
pub use layout::{Field, Layout, Weight};
pub use name::{Name, Visitor};
pub use parameters::{Role, Roles};
#[cfg(feature = "alloc")]
pub use safetensors::Loaded;
pub use safetensors::{LoadOptions, WeightsError, WeightsMismatch};
