#![doc = include_str!("../README.md")]

mod declaration;
mod error;
mod exact;
pub mod graph;
mod integers;
mod model;
mod onnx;
pub mod tensor;
mod tflite;
mod write;

pub use declaration::{Block, Content, Declaration, Layer, Weight};
pub use error::{Error, Refusal};
pub use model::{Model, Options};
