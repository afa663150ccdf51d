//! Instruction sets: what a layer of one's own computes with.
//!
//! A [`Simd`] token proves that an instruction set is there; [`dispatch`] finds the best one and runs an [`Operation`] with
//! it. A formula is written once, over [`Real`], for numbers and for vectors of them.

pub use crate::kernels::{Operation, Portable, Simd, dispatch};
pub use crate::real::Real;
