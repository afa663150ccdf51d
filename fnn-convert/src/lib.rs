#![doc = include_str!("../README.md")]

mod error;
pub mod graph;
pub mod tensor;

pub use error::{Error, Refusal};
