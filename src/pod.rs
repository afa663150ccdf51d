//! Plain old data: types that can be zero-initialized in place, at any size.

use core::marker::PhantomData;

/// The value whose bytes are all zero, as a constant: memory in a `static`.
///
/// ```
/// use std::sync::Mutex;
///
/// use fnn::layers::{Layer, zeroed};
///
/// fnn::network! {
///     struct Net: [64] -> [10] { Dense(32), Relu, Dense(10) }
/// }
///
/// /// In a firmware: a `StaticCell`, or a `static mut`.
/// static WORKSPACE: Mutex<<Net as Layer>::Workspace<1>> = Mutex::new(zeroed());
///
/// let (network, mut scores) = (Net::seeded(1), [[0.0; 10]]);
/// network.forward_into(&[[0.5; 64]], &mut scores, &mut WORKSPACE.lock().unwrap());
/// assert_eq!(scores[0], network.forward(&[0.5; 64]));
/// ```
///
/// It is a function and not a method, because arrays of numbers are also [`Parameters`](crate::Parameters), which have
/// [`zeroed`](crate::Parameters::zeroed).
#[must_use]
pub const fn zeroed<T: Pod>() -> T {
    // SAFETY: `Pod` promises that every bit pattern is valid.
    unsafe { core::mem::zeroed() }
}

/// Calls a function with memory on the stack that has whatever contents it has. Zeros would be overwritten, and to write those for a
/// convolution's scratch takes 0.8 µs, as long as a small network.
#[inline(always)]
pub(crate) fn with_memory<T: Pod, R>(compute: impl FnOnce(&mut T) -> R) -> R {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    {
        let mut memory = core::mem::MaybeUninit::<T>::uninit();
        // SAFETY: no instruction is executed. What the compiler must assume, that the memory was written to, holds: its bytes are
        // what they are, and stay so. Any bytes are a `T`, as `Pod` promises.
        let memory = unsafe {
            core::arch::asm!("/* {} */", in(reg) memory.as_mut_ptr(), options(nostack, preserves_flags));
            memory.assume_init_mut()
        };
        compute(memory)
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
    compute(&mut zeroed())
}

/// [`zeroed`], built in place on the heap.
#[cfg(feature = "alloc")]
#[must_use]
pub fn zeroed_box<T: Pod>() -> alloc::boxed::Box<T> {
    // SAFETY: `Pod` promises that every bit pattern is valid.
    unsafe { zero_bytes_box() }
}

/// Types that are valid for every bit pattern and need no drop: numbers, and arrays and pairs of numbers.
///
/// Tapes and workspaces are plain old data, so they can start as zeroed memory wherever their owner keeps them: on the
/// heap without passing through the stack ([`zeroed_box`]), in a `static` ([`zeroed`]), or on the stack.
///
/// # Safety
/// Every bit pattern, all zeros included, is a valid value of the type, and none of the first
/// [`INITIALIZED`](Self::INITIALIZED) bytes is padding.
pub unsafe trait Pod: Copy + Send + Sync + 'static {
    /// How many leading bytes are known to belong to numbers, so that they are always initialized: the whole size if
    /// there is no padding. 0 is always correct; only the initialized bytes are reused for other types.
    const INITIALIZED: usize = 0;
    /// How many of its bytes are scratch for vector instructions, and aren't needed without them.
    const VECTOR_SCRATCH: usize = 0;
}

/// Numbers as their bytes.
#[cfg(feature = "std")]
pub(crate) fn as_bytes<T: Pod>(numbers: &[T]) -> &[u8] {
    const { assert!(T::INITIALIZED == size_of::<T>(), "only what has no padding is bytes") }
    // SAFETY: all of them are initialized, and bytes have no alignment.
    unsafe { core::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

/// [`as_bytes`], mutable.
#[cfg(feature = "std")]
pub(crate) fn as_bytes_mut<T: Pod>(numbers: &mut [T]) -> &mut [u8] {
    const { assert!(T::INITIALIZED == size_of::<T>(), "only what has no padding is bytes") }
    // SAFETY: as in `as_bytes`, and any bytes are numbers; the borrow is exclusive.
    unsafe { core::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), size_of_val(numbers)) }
}

/// Aligned to a cache line where vectors are that wide: a vector across the end of a line is two accesses, and the processor
/// forwards a store to a later load only if the load does not cross it.
#[cfg_attr(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64")), repr(align(64)))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aligned<T>(pub(crate) T);

// SAFETY: what is added to a `T` is padding.
unsafe impl<T: Pod> Pod for Aligned<T> {}

/// Numbers on the heap that begin with a cache line, as [`Aligned`] does.
#[cfg(feature = "std")]
pub(crate) struct AlignedNumbers<S> {
    memory: alloc::boxed::Box<[S]>,
    start: usize,
}

#[cfg(feature = "std")]
impl<S: Pod> AlignedNumbers<S> {
    /// How many bytes `count` of them take.
    pub(crate) const fn bytes(count: usize) -> usize {
        if count == 0 { 0 } else { count * size_of::<S>() + align_of::<Aligned<S>>() }
    }

    /// `count` zeros.
    pub(crate) fn zeros(count: usize) -> Self {
        let memory = alloc::vec![zeroed::<S>(); Self::bytes(count) / size_of::<S>()].into_boxed_slice();
        let start = memory.as_ptr().align_offset(align_of::<Aligned<S>>()).min(memory.len() - count);
        Self { memory, start }
    }

    /// The numbers.
    pub(crate) fn get(&self) -> &[S] {
        &self.memory[self.start..]
    }

    /// The numbers.
    pub(crate) fn get_mut(&mut self) -> &mut [S] {
        &mut self.memory[self.start..]
    }
}

macro_rules! plain_numbers {
    ($($number:ty),*) => {
        // SAFETY: every bit pattern of an integer or a floating-point number is a value.
        $(unsafe impl Pod for $number {
            const INITIALIZED: usize = size_of::<Self>();
        })*
    };
}
plain_numbers!(f32, f64, u8, u16, u32, u64, usize, i8, i16, i32, i64);

// SAFETY: the type has no bits.
unsafe impl Pod for () {}
// SAFETY: the type has no bits.
unsafe impl<T: Send + Sync + 'static> Pod for PhantomData<T> {}
// SAFETY: an array has its elements' bits and no others.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {
    const INITIALIZED: usize = if is_padded::<T>() { 0 } else { size_of::<Self>() };
    const VECTOR_SCRATCH: usize = N * T::VECTOR_SCRATCH;
}
// SAFETY: a pair has its members' bits, in either order, and padding if it is larger than their sum.
unsafe impl<A: Pod, B: Pod> Pod for (A, B) {
    const INITIALIZED: usize = {
        let padded = is_padded::<A>() || is_padded::<B>() || size_of::<Self>() > size_of::<A>() + size_of::<B>();
        if padded { 0 } else { size_of::<Self>() }
    };
    const VECTOR_SCRATCH: usize = A::VECTOR_SCRATCH + B::VECTOR_SCRATCH;
}

/// Whether a type may have padding between its numbers, or after them.
pub(crate) const fn is_padded<T: Pod>() -> bool {
    T::INITIALIZED < size_of::<T>()
}

/// A value of zero bytes, built in place on the heap. Where the system hands out pages at their first use, those that nothing is
/// written to take no memory.
///
/// # Safety
/// Zero bytes are a valid `T`.
#[cfg(feature = "alloc")]
pub(crate) unsafe fn zero_bytes_box<T>() -> alloc::boxed::Box<T> {
    let layout = alloc::alloc::Layout::new::<T>();
    if layout.size() == 0 {
        // SAFETY: there is nothing to initialize.
        return unsafe { alloc::boxed::Box::new_uninit().assume_init() };
    }
    // SAFETY: the layout has a size. The memory was allocated for one `T` by the allocator that frees boxes, and the caller
    // promises that zero bytes are a valid one.
    unsafe {
        let memory = alloc::alloc::alloc_zeroed(layout).cast::<T>();
        if memory.is_null() {
            alloc::alloc::handle_alloc_error(layout);
        }
        alloc::boxed::Box::from_raw(memory)
    }
}
