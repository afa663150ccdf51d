//! The inner loops, over flat slices. Only these modules deal with vectors.
//!
//! A kernel takes a [`Simd`] token, the proof that an instruction set is available. [`dispatch`] chooses the token once
//! per step, and everything below it is compiled for that instruction set.
//!
//! Instruction sets differ in how often a multiply-add rounds, and in how functions are computed; so there are two families,
//! with fused multiply-adds (AVX-512, AVX2, NEON) and without (plain loops, `simd128` of WebAssembly; [`InstructionSet`]). On any of them, the error of a sum of
//! k products is at most (k + 2)·ε times the sum of the products' absolute values. So for a network of sums, pools and
//! `Relu`, two of them agree to 2ε·Σ(k + 2), summed over the layers, times the network's output for the absolute values
//! of its weights and inputs. Functions such as `tanh` add their own errors, listed at [`Real`](crate::real::Real).

mod assert_in_tests;
pub(crate) mod channels;
mod convolution;
mod dispatch;
mod dot_products;
mod elementwise;
#[cfg(any(fnn_fused, fnn_simd128, test, all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[cfg_attr(fnn_simd128, allow(dead_code, reason = "without fused multiply-adds, functions are those of scalars"))]
mod functions;
#[cfg(any(fnn_fused, test))]
mod fused;
#[cfg(feature = "std")]
mod gather;
pub(crate) mod groups;
#[cfg(any(fnn_simd128, all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod instruction_set;
mod lane_sums;
mod loops;
mod matmul;
#[cfg(test)]
mod naive;
#[cfg(all(feature = "simd", target_arch = "aarch64"))]
mod neon;
mod normalize;
mod operation;
mod outer_products;
mod pools;
mod portable;
mod product;
mod request;
mod runner;
mod size;
mod softmax;
mod sums;
mod taps;
#[cfg(all(test, feature = "alloc"))]
mod tests;
mod transpose;
pub(crate) mod vector;
#[cfg(fnn_vfma)]
mod vfp;
#[cfg(fnn_simd128)]
mod wasm;
mod window;
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
mod x86;

pub(crate) use assert_in_tests::assert_in_tests;
#[cfg(feature = "simd")]
pub(crate) use convolution::SCRATCH;
pub(crate) use convolution::{Convolution, Gradients, Scratch};
pub use dispatch::{InstructionSet, dispatch};
#[cfg(feature = "std")]
pub(crate) use elementwise::scale_finite;
pub(crate) use elementwise::{
    add_activated, add_activated_in_place, add_assign, add_rows, copy, differentiate_to_both, multiply_assign,
    products_per_channel, scale,
};
#[cfg(feature = "std")]
pub(crate) use gather::gather;
#[cfg(fnn_integer_dot)]
pub(crate) use instruction_set::inlined;
pub(crate) use lane_sums::LANES;
pub(crate) use loops::{Update, descend};
pub(crate) use matmul::matmul_rows;
pub use matmul::{Start, input_gradient, matmul, weight_gradient};
pub(crate) use normalize::Moments;
pub(crate) use operation::{operation, outlined};
#[cfg(feature = "std")]
pub(crate) use outer_products::{OuterProducts, PlainStep};
pub(crate) use pools::{average, average_gradient, maximum, maximum_gradient, maximum_with_places};
pub use portable::Portable;
pub(crate) use product::SMALL;
#[cfg(feature = "simd")]
pub(crate) use request::CACHE_LINE;
#[cfg(feature = "std")]
pub(crate) use runner::{Divisible, RunPart};
pub(crate) use runner::{RANGE, Runner, Serial, Task};
pub(crate) use size::Constant;
pub use size::Size;
pub(crate) use softmax::{SoftmaxInPlace, softmax_in_place, softmax_normalizer, softmax_of_rows};
pub(crate) use sums::{sum, sum_of, sum_positions};
#[cfg(any(fnn_without_vectors, test))]
pub(crate) use taps::Taps;
pub use vector::{Operation, Simd};
pub(crate) use vector::{first_lane, lanes, largest_of_lanes, read, read_or, splat, write};
pub(crate) use window::Plane;
