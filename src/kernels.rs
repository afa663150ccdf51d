//! The inner loops. The only modules that know vectors; everything here works on flat slices.
//!
//! A kernel takes a [`Simd`] token: the proof that an instruction set is there. [`dispatch`] chooses the token once
//! for a whole step, and everything below it is compiled for that instruction set.

mod elementwise;
mod matmul;
pub(crate) mod vector;
mod window;

pub(crate) use elementwise::{add_assign, copy, scale};
pub(crate) use matmul::{Start, input_gradient, matmul, weight_gradient};
pub use vector::{Operation, Portable, Simd, dispatch};
pub(crate) use window::{Plane, correlate, correlate_gradient, maximum, maximum_gradient, spread, spread_evenly, sum};
