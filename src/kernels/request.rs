//! Requests for memory that will be read or written, so that it is in the cache by then. They are hints, which no result depends on.

/// Bytes of a cache line.
pub(crate) const CACHE_LINE: usize = 64;

/// Whether a number of a run is the first of a line, if the run begins with a line: one request for each is enough.
#[inline(always)]
pub(crate) const fn begins_line<S>(number: usize) -> bool {
    (number * size_of::<S>()).is_multiple_of(CACHE_LINE)
}

/// An address in each cache line of a run of numbers, or none where there are no requests.
#[inline(always)]
fn lines<S>(first: *const S, count: usize) -> impl Iterator<Item = *const S> {
    let count = if const { cfg!(all(feature = "simd", target_arch = "x86_64")) } { count } else { 0 };
    (0..count).step_by(const { CACHE_LINE / size_of::<S>() }).map(move |number| first.wrapping_add(number))
}

/// Asks for the cache lines of a run of numbers, which will be written.
#[inline(always)]
pub(crate) fn run_for_writing<S>(first: *const S, count: usize) {
    lines(first, count).for_each(for_writing);
}

/// Asks for the cache lines of a run of numbers, which will be read.
#[inline(always)]
pub(crate) fn run_for_reading<S>(first: *const S, count: usize) {
    lines(first, count).for_each(for_reading);
}

/// Asks for the cache lines of an item, which will be read.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn item_for_reading<A>(item: &A) {
    run_for_reading(core::ptr::from_ref(item).cast::<u8>(), size_of::<A>());
}

/// Asks for the cache line at an address, which will be read.
#[inline(always)]
pub(crate) fn for_reading<S>(address: *const S) {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    // SAFETY: a hint, which accesses no memory.
    unsafe {
        core::arch::asm!("prefetcht0 [{0}]", in(reg) address, options(readonly, nostack, preserves_flags));
    }
    #[cfg(not(all(feature = "simd", target_arch = "x86_64")))]
    let _ = address;
}

/// Asks for the cache line at an address, which will be written.
#[inline(always)]
pub(crate) fn for_writing<S>(address: *const S) {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    // SAFETY: a hint, which accesses no memory.
    unsafe {
        core::arch::asm!("prefetchw [{0}]", in(reg) address, options(readonly, nostack, preserves_flags));
    }
    #[cfg(not(all(feature = "simd", target_arch = "x86_64")))]
    let _ = address;
}
