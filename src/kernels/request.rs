//! Requests for memory that will be read or written, so that it is in the cache by then. They are hints, which no result depends on.

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
