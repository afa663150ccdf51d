//! Weights: seen as one flat slice, named, initialized, and read from and written to files.

pub(crate) mod initializer;
pub(crate) mod layout;
pub(crate) mod parameters;
pub(crate) mod safetensors;

pub use crate::{Initializer, Parameters};
pub use layout::{Field, Layout};
pub use parameters::{Name, Role, Roles, Visitor};
pub use safetensors::WeightsError;
