#![doc = include_str!("../README.md")]

mod declaration;
mod error;
pub mod graph;
mod model;
mod onnx;
pub mod tensor;
mod write;

pub use declaration::{Block, Content, Declaration, Layer, Weight};
pub use error::{Error, Refusal};
pub use model::{Model, Options};
