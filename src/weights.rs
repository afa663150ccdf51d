//! Weights: seen as one flat slice, named, initialized, and read from and written to files.

pub(crate) mod initializer;
pub(crate) mod layout;
pub(crate) mod name;
pub(crate) mod parameters;
pub(crate) mod safetensors;

pub use crate::{Initializer, Parameters};
pub use layout::{Field, Layout};
pub use name::{Name, Visitor};
pub use parameters::{Role, Roles};
pub use safetensors::WeightsError;
