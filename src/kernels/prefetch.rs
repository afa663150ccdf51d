//! Hints that memory will be read soon.

/// Whether there is an instruction for it.
pub(super) const PREFETCHES: bool = cfg!(all(feature = "simd", target_arch = "x86_64"));

/// Asks for the cache line at an address, which may be any. Does nothing on targets without such an instruction.
#[inline(always)]
pub(super) fn prefetch<A>(address: *const A) {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch has no visible effect, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    let _ = address;
}
