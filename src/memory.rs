//! Memory that batches of different types take in turn.

use crate::pod::Pod;
use crate::shape::{Sample, first_mut};
use crate::weights::parameters::Parameters;

/// Memory for an `A` or for a `B`: as large as the larger of them.
///
/// On stable Rust, the larger of two sizes can't be computed from generic ones; a union has it.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Larger<A: Pod, B: Pod> {
    one: A,
    other: B,
}

impl<A: Pod, B: Pod> core::fmt::Debug for Larger<A, B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", size_of::<Self>())
    }
}

// SAFETY: every bit pattern is an `A` and a `B`.
unsafe impl<A: Pod, B: Pod> Pod for Larger<A, B> {
    const PADDED: bool =
        A::PADDED || B::PADDED || size_of::<Self>() > size_of::<A>() && size_of::<Self>() > size_of::<B>();
    /// What is left without it is as large as the larger of what is left of either.
    const VECTOR_SCRATCH: usize = {
        let (one, other) = (size_of::<A>() - A::VECTOR_SCRATCH, size_of::<B>() - B::VECTOR_SCRATCH);
        size_of::<Self>() - if one > other { one } else { other }
    };
}

/// The memory as a `T`, which holds whatever was there.
///
/// Memory that has no room for a `T` is a compile error, and so is a `T` with padding: what is written to it may leave
/// bytes uninitialised, which the memory's next user would read.
#[inline(always)]
pub fn workspace<T: Pod, M: Pod>(memory: &mut M) -> &mut T {
    const {
        assert!(size_of::<T>() <= size_of::<M>(), "the memory has no room for the workspace");
        assert!(align_of::<T>() <= align_of::<M>(), "the memory is not aligned for the workspace");
        assert!(
            !T::PADDED,
            "a workspace has no bytes between its numbers: put the larger numbers first, and fill up the last ones"
        );
    }
    // SAFETY: the memory is large enough and aligned, its bytes are initialised since it is plain, every bit pattern of
    // theirs is a `T` since that is plain, and the borrow is exclusive. Without padding, what is written leaves every
    // byte initialised, so that the memory stays a value of its own type.
    unsafe { &mut *core::ptr::from_mut(memory).cast::<T>() }
}

/// The memory as a layer, whose weights are whatever was there.
///
/// Memory that has no room for it is a compile error.
#[inline(always)]
pub(crate) fn layer<L: Parameters, M: Pod>(memory: &mut M) -> &mut L {
    const {
        assert!(size_of::<L>() <= size_of::<M>(), "the memory has no room for the layer");
        assert!(align_of::<L>() <= align_of::<M>(), "the memory is not aligned for the layer");
    }
    // SAFETY: the memory is large enough and aligned, its bytes are initialised since it is plain, and every bit pattern of
    // theirs is an `L`, which is made of numbers; these have no padding, so that what is written leaves every byte
    // initialised, and the memory stays a value of its own type. The borrow is exclusive.
    unsafe { &mut *core::ptr::from_mut(memory).cast::<L>() }
}

/// The first `samples` samples of a batch that lies in `memory`. They hold whatever was there: numbers.
///
/// Memory that has no room for a batch of `B` is a compile error.
#[inline(always)]
pub fn batch<A: Sample, const B: usize, M: Pod>(memory: &mut M, samples: usize) -> &mut [A] {
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
