//! Memory that batches of different types take in turn.

use crate::plain::Plain;
use crate::shape::{Sample, first_mut};

/// Memory for an `A` or for a `B`: as large as the larger of them.
///
/// On stable Rust, the larger of two sizes can't be computed from generic ones; a union has it.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Larger<A: Plain, B: Plain> {
    one: A,
    other: B,
}

impl<A: Plain, B: Plain> core::fmt::Debug for Larger<A, B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", size_of::<Self>())
    }
}

// SAFETY: every bit pattern is an `A` and a `B`.
unsafe impl<A: Plain, B: Plain> Plain for Larger<A, B> {}

/// The first `samples` samples of a batch that lies in `memory`. They hold whatever was there: numbers.
///
/// Memory that has no room for a batch of `B` is a compile error.
#[inline(always)]
pub fn batch<A: Sample, const B: usize, M: Plain>(memory: &mut M, samples: usize) -> &mut [A] {
    const {
        assert!(size_of::<[A; B]>() <= size_of::<M>(), "the memory has no room for the batch");
        assert!(align_of::<A>() <= align_of::<M>(), "the memory is not aligned for the batch");
    }
    // SAFETY: the memory is large enough and aligned, its bytes are initialised since it is plain, every bit pattern of
    // theirs is a sample since samples are plain, and the borrow is exclusive. What is written are numbers, which leave
    // every byte initialised, so that the memory stays a value of its own type.
    let batch = unsafe { &mut *core::ptr::from_mut(memory).cast::<[A; B]>() };
    first_mut(batch, samples)
}
