//! Plain old data: what may be made of zero bytes, in place, at any size.

use core::marker::PhantomData;

/// Types of which every bit pattern is a value and that hold nothing to drop: numbers, and arrays and pairs of
/// numbers.
///
/// Tapes and workspaces are plain, so that they can start as zeroed memory wherever their owner keeps them: on the
/// heap without passing through the stack, in a `static`, or on the stack.
///
/// # Safety
/// Every bit pattern, all zeros included, is a valid value of the type, and it has padding only if it says so.
pub unsafe trait Pod: Copy + Send + Sync + 'static {
    /// Whether there may be bytes between its numbers, or behind them, that belong to none.
    const PADDED: bool = true;
    /// How many of its bytes are scratch for vector instructions, which no target without them needs.
    const VECTOR_SCRATCH: usize = 0;

    /// The value whose bytes are all zero.
    fn zeroed() -> Self {
        // SAFETY: the trait promises that every bit pattern is valid.
        unsafe { core::mem::zeroed() }
    }

    /// The value whose bytes are all zero, built in place on the heap.
    #[cfg(feature = "alloc")]
    fn zeroed_box() -> alloc::boxed::Box<Self> {
        // SAFETY: the trait promises that every bit pattern is valid.
        unsafe { zeroed_box() }
    }
}

macro_rules! plain_numbers {
    ($($number:ty),*) => {
        // SAFETY: every bit pattern of an integer or a floating-point number is a value.
        $(unsafe impl Pod for $number {
            const PADDED: bool = false;
        })*
    };
}
plain_numbers!(f32, f64, u8, u16, u32, u64, usize, i8, i16, i32, i64);

// SAFETY: there are no bits.
unsafe impl Pod for () {
    const PADDED: bool = false;
}
// SAFETY: there are no bits.
unsafe impl<T: Send + Sync + 'static> Pod for PhantomData<T> {
    const PADDED: bool = false;
}
// SAFETY: an array has its elements' bits and no others.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {
    const PADDED: bool = T::PADDED;
    const VECTOR_SCRATCH: usize = N * T::VECTOR_SCRATCH;
}
// SAFETY: a pair has its members' bits, and padding where it is larger than they are.
unsafe impl<A: Pod, B: Pod> Pod for (A, B) {
    const PADDED: bool = A::PADDED || B::PADDED || size_of::<(A, B)>() > size_of::<A>() + size_of::<B>();
    const VECTOR_SCRATCH: usize = A::VECTOR_SCRATCH + B::VECTOR_SCRATCH;
}

/// A value of zero bytes, built in place on the heap.
///
/// # Safety
/// Zero bytes are a valid `T`.
#[cfg(feature = "alloc")]
pub(crate) unsafe fn zeroed_box<T>() -> alloc::boxed::Box<T> {
    let mut memory = alloc::boxed::Box::<T>::new_uninit();
    // SAFETY: the memory is there for one `T`, and the caller promises that zero bytes are one.
    unsafe {
        memory.as_mut_ptr().write_bytes(0, 1);
        memory.assume_init()
    }
}
