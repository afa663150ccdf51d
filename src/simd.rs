//! SIMD instruction sets, for custom layers.
//!
//! A [`Simd`] token proves that an instruction set is available; [`dispatch`] selects the best one and runs an
//! [`Operation`] with it. A formula is written once, generic over [`Real`], for scalars and vectors alike.
//!
//! WebAssembly has no detection: a module built with `-C target-feature=+simd128` has vectors, and another one has none.

pub use crate::kernels::{InstructionSet, Operation, Portable, Simd, dispatch};
pub use crate::real::Real;
