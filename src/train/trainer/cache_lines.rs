//! Memory that begins with a cache line: a vector across the end of a line is two accesses.

use crate::pod::zero_bytes_box;
use crate::weights::parameters::{Parameters, assert_weights};

/// Something that begins with a cache line, where an allocator would only align it like a number.
#[repr(C, align(64))]
pub(super) struct CacheLines<T>(pub(super) T);

impl<N: Parameters> CacheLines<N> {
    /// A copy of some weights, built in place on the heap.
    pub(super) fn boxed_copy(weights: &N) -> Box<Self> {
        const { assert_weights::<N>() }
        // SAFETY: zero bytes are weights, and what follows them is padding.
        let mut copy: Box<Self> = unsafe { zero_bytes_box() };
        copy.0.parameters_mut().copy_from_slice(weights.parameters());
        copy
    }
}
