//! Weights: seen as one flat slice, named, initialized, and read from and written to files.

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
