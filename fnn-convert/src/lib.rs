#![doc = include_str!("../README.md")]

mod declaration;
mod error;
mod exact;
mod export;
pub mod graph;
mod integers;
mod model;
mod onnx;
mod state_dict;
pub mod tensor;
mod tflite;
mod write;

pub use declaration::{Block, Content, Declaration, Layer, Weight};
pub use error::{Error, Refusal};
pub use export::{InFloats, InIntegers, ToOnnx};
pub use model::{Model, Options};
pub use state_dict::StateDict;
