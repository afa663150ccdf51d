//! Memory shared by batches of different types, one at a time.

use crate::pod::{Pod, is_padded};
use crate::shape::{Sample, first_mut};
use crate::weights::parameters::{Parameters, assert_weights};

/// Memory for an `A` or for a `B`: as large as the larger of them.
///
/// Stable Rust can't compute the larger of two generic sizes; a union has that size.
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

// SAFETY: every bit pattern is an `A` and a `B`; both begin where the memory does, so a byte that belongs to a number in one
// of them is no padding here.
unsafe impl<A: Pod, B: Pod> Pod for Larger<A, B> {
    const INITIALIZED: usize = if A::INITIALIZED > B::INITIALIZED { A::INITIALIZED } else { B::INITIALIZED };
    /// Without the vector scratch, it is as large as the larger of the two without theirs.
    const VECTOR_SCRATCH: usize = {
        let (one, other) = (size_of::<A>() - A::VECTOR_SCRATCH, size_of::<B>() - B::VECTOR_SCRATCH);
        size_of::<Self>() - if one > other { one } else { other }
    };
}

/// The memory as a `T`, with whatever contents it has.
///
/// Memory that is too small for a `T` is a compile error. So is padding in either: writing a `T` with padding may leave
/// bytes uninitialized, which the memory's next user would read; in memory with padding, the `T` would start with such
/// bytes.
#[inline(always)]
pub fn workspace<T: Pod, M: Pod>(memory: &mut M) -> &mut T {
    const { assert_room::<T, M>(is_padded::<T>()) }
    // SAFETY: the memory is aligned, at least `size_of::<T>()` of its bytes are initialized, every bit pattern is a `T`
    // since `T` is `Pod`, and the borrow is exclusive. `T` has no padding, so writes leave every byte initialized, and
    // the memory stays a value of its own type.
    unsafe { &mut *core::ptr::from_mut(memory).cast::<T>() }
}

/// As many `T`s as there are `M`s, with whatever contents they have; none if `M` may have padding. Memory that is too small is
/// a compile error, as in [`workspace`].
#[inline(always)]
pub fn each<T: Pod, M: Pod>(memory: &mut [M]) -> &mut [T] {
    const { assert_room::<T, M>(is_padded::<T>()) }
    if is_padded::<M>() {
        return &mut [];
    }
    // SAFETY: as in `workspace`: the memory is aligned for the first `T`, and so are those right behind one another, which
    // take no more room than as many `M`s. Neither has padding.
    unsafe { core::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), memory.len()) }
}

/// The memory of some triples, as that many values of each of their types, with whatever contents they have. `None` if there
/// may be padding between them.
#[inline(always)]
pub fn members<A: Pod, B: Pod, C: Pod>(memory: &mut [(A, (B, C))]) -> Option<(&mut [A], &mut [B], &mut [C])> {
    if align_of::<(A, (B, C))>() > 1 || is_padded::<(A, (B, C))>() {
        return None;
    }
    let (start, count) = (memory.as_mut_ptr().cast::<u8>(), memory.len());
    // SAFETY: triples without padding are as large as their members, so all of these have room in the memory, one type behind
    // the other; anything is aligned to a byte. All bytes are initialized and stay so, every bit pattern is a value of these
    // types, and the borrow is exclusive.
    unsafe {
        let (second, third) = (start.add(count * size_of::<A>()), start.add(count * size_of::<(A, B)>()));
        Some((
            core::slice::from_raw_parts_mut(start.cast(), count),
            core::slice::from_raw_parts_mut(second.cast(), count),
            core::slice::from_raw_parts_mut(third.cast(), count),
        ))
    }
}

/// As many `T`s as the memory has room for behind what it takes to align them, with whatever contents they have.
#[cfg(any(fnn_without_vectors, test))]
#[inline(always)]
pub(crate) fn aligned<T: Pod, M: Pod>(memory: &mut M) -> &mut [T] {
    const { assert!(!is_padded::<T>() && !is_padded::<M>() && size_of::<T>() > 0, "memory is shared without padding") }
    let start = core::ptr::from_mut(memory).cast::<u8>();
    let skipped = start.addr().wrapping_neg() % align_of::<T>();
    let count = size_of::<M>().saturating_sub(skipped) / size_of::<T>();
    // SAFETY: if there is room for one `T`, the start moves inside of the memory, to where it is aligned, and that many
    // `T`s have room from there on. All bytes are initialized, every bit pattern is a `T`, and the borrow is exclusive.
    // `T` has no padding, so writes leave every byte initialized, and the memory stays a value of its own type.
    unsafe {
        let first = if count > 0 { start.add(skipped).cast::<T>() } else { core::ptr::dangling_mut() };
        core::slice::from_raw_parts_mut(first, count)
    }
}

/// The bytes of numbers, in the order of little-endian memory.
#[cfg(any(all(fnn_without_vectors, not(fnn_dsp), not(fnn_thumb1)), test))]
#[inline(always)]
pub(crate) fn bytes(numbers: &[u32]) -> &[[i8; 4]] {
    const { assert!(cfg!(target_endian = "little")) }
    // SAFETY: four bytes are as large as a number, and aligned anywhere.
    unsafe { core::slice::from_raw_parts(numbers.as_ptr().cast(), numbers.len()) }
}

/// The memory as a layer, whose weights are whatever was in it.
///
/// Memory that is too small or has padding is a compile error.
#[inline(always)]
pub(crate) fn layer<L: Parameters, M: Pod>(memory: &mut M) -> &mut L {
    const {
        assert_weights::<L>();
        assert_room::<L, M>(false);
    }
    // SAFETY: the memory is aligned, at least `size_of::<L>()` of its bytes are initialized, and every bit pattern is
    // an `L`, which is made of numbers without padding; so writes leave every byte initialized, and the memory stays a
    // value of its own type. The borrow is exclusive.
    unsafe { &mut *core::ptr::from_mut(memory).cast::<L>() }
}

/// The first `samples` samples of a batch stored in `memory`, with whatever numbers it holds.
///
/// Memory that is too small for a batch of `B` is a compile error.
#[inline(always)]
pub fn batch<A: Sample, const B: usize, M: Pod>(memory: &mut M, samples: usize) -> &mut [A] {
    first_mut(workspace::<[A; B], M>(memory), samples)
}

/// Checks that a `T` fits into the memory's initialized bytes, and that writing one leaves them initialized.
#[track_caller]
const fn assert_room<T, M: Pod>(is_padded: bool) {
    assert!(size_of::<T>() <= size_of::<M>(), "the memory has no room for what is to lie in it");
    assert!(align_of::<T>() <= align_of::<M>(), "the memory is not aligned for what is to lie in it");
    assert!(
        !is_padded && size_of::<T>() <= M::INITIALIZED,
        "a workspace has no bytes between its numbers: put the larger numbers first, and fill up the last ones"
    );
}
