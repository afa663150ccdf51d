//! Memory that batches of different types take in turn.

use crate::pod::{Pod, is_padded};
use crate::shape::{Sample, first_mut};
use crate::weights::parameters::{Parameters, assert_weights};

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

// SAFETY: every bit pattern is an `A` and a `B`; both begin where the memory does, so that a byte that isn't padding of
// either of them is none here.
unsafe impl<A: Pod, B: Pod> Pod for Larger<A, B> {
    const INITIALIZED: usize = if A::INITIALIZED > B::INITIALIZED { A::INITIALIZED } else { B::INITIALIZED };
    /// What is left without it is as large as the larger of what is left of either.
    const VECTOR_SCRATCH: usize = {
        let (one, other) = (size_of::<A>() - A::VECTOR_SCRATCH, size_of::<B>() - B::VECTOR_SCRATCH);
        size_of::<Self>() - if one > other { one } else { other }
    };
}

/// The memory as a `T`, which holds whatever was there.
///
/// Memory that has no room for a `T` is a compile error. So is padding in either: in a `T`, what is written to it may
/// leave bytes uninitialized, which the memory's next user would read; in the memory, the `T` would begin with such bytes.
#[inline(always)]
pub fn workspace<T: Pod, M: Pod>(memory: &mut M) -> &mut T {
    const { assert_room::<T, M>(is_padded::<T>()) }
    // SAFETY: the memory is aligned, as many of its bytes are initialized as a `T` has, every bit pattern of theirs is a
    // `T` since that is plain, and the borrow is exclusive. Without padding, what is written leaves every byte initialized,
    // so that the memory stays a value of its own type.
    unsafe { &mut *core::ptr::from_mut(memory).cast::<T>() }
}

/// The memory as a layer, whose weights are whatever was there.
///
/// Memory that has no room for it is a compile error, and so is memory with padding.
#[inline(always)]
pub(crate) fn layer<L: Parameters, M: Pod>(memory: &mut M) -> &mut L {
    const {
        assert_weights::<L>();
        assert_room::<L, M>(false);
    }
    // SAFETY: the memory is aligned, as many of its bytes are initialized as a layer has, and every bit pattern of theirs
    // is an `L`, which is made of numbers; these have no padding, so that what is written leaves every byte initialized,
    // and the memory stays a value of its own type. The borrow is exclusive.
    unsafe { &mut *core::ptr::from_mut(memory).cast::<L>() }
}

/// The first `samples` samples of a batch that lies in `memory`. They hold whatever was there: numbers.
///
/// Memory that has no room for a batch of `B` is a compile error.
#[inline(always)]
pub fn batch<A: Sample, const B: usize, M: Pod>(memory: &mut M, samples: usize) -> &mut [A] {
    first_mut(workspace::<[A; B], M>(memory), samples)
}

/// Check that a `T` has room in the initialized bytes of memory, and that it would leave them so.
#[track_caller]
const fn assert_room<T, M: Pod>(is_padded: bool) {
    assert!(size_of::<T>() <= size_of::<M>(), "the memory has no room for what is to lie in it");
    assert!(align_of::<T>() <= align_of::<M>(), "the memory is not aligned for what is to lie in it");
    assert!(
        !is_padded && size_of::<T>() <= M::INITIALIZED,
        "a workspace has no bytes between its numbers: put the larger numbers first, and fill up the last ones"
    );
}
