//! SIMD instruction sets, for custom layers.
//!
//! A [`Simd`] token proves that an instruction set is available; [`dispatch`] selects the best one and runs an
//! [`Operation`] with it. In WebAssembly, a build with `-C target-feature=+simd128` has vectors, and another one has none. A formula is written once, generic over [`Real`], for scalars and vectors alike.

pub use crate::kernels::{InstructionSet, Operation, Portable, Simd, dispatch};
pub use crate::real::Real;
