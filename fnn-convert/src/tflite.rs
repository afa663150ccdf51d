//! TensorFlow Lite files: read as a [`Graph`].
//!
//! Float models, models with weights of 8 bits and activations in floats, whose weights are dequantized, and full int8
//! models. Nothing in a file is believed: offsets, indices, sizes and scales are checked before they are used.

mod flatbuffer;
mod lower;
mod model;
mod operators;
pub(crate) mod tables;

use std::path::Path;

use self::model::Model;
use crate::graph::Graph;
use crate::model::Problem;

/// Whether a file claims to be a model of this format.
pub(crate) fn is_model(bytes: &[u8], path: &Path) -> bool {
    bytes.get(4..8) == Some(b"TFL3")
        || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tflite"))
}

/// Read a file.
pub(crate) fn read(bytes: &[u8]) -> Result<Graph, Problem> {
    let model = Model::read(bytes).map_err(Problem::Format)?;
    lower::lower(&model).map_err(Problem::Refused)
}
