//! Guides to tasks that involve several types.

#[doc = include_str!("guide/from_pytorch.md")]
pub mod from_pytorch {}

#[doc = include_str!("guide/microcontroller.md")]
pub mod microcontroller {}

#[doc = include_str!("guide/to_pytorch.md")]
pub mod to_pytorch {}

#[doc = include_str!("guide/training.md")]
pub mod training {}
