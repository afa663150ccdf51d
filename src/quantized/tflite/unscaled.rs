//! Branches of concatenations.

use super::super::affine::Rescale;
use crate::pod::Pod;

/// The outputs of a branch as they are: in TensorFlow Lite's models, the inputs of a concatenation have the quantization
/// of its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Unscaled;

// SAFETY: the type is empty.
unsafe impl Pod for Unscaled {}

crate::stored!([] Unscaled {});

impl Rescale for Unscaled {
    #[inline(always)]
    fn rescale(&self, _: &mut [i8]) {}
}
