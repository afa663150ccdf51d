//! The choice of the instruction set.

#[cfg(all(feature = "simd", feature = "std", target_arch = "x86_64"))]
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::vector::{Operation, Simd};
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
use super::x86::{Avx2, Avx512};

/// An instruction set that passes run with. Later ones have vectors at least as wide.
///
/// Those with fused multiply-adds compute the same bits, and so do those without ([`is_fused`](Self::is_fused)): the
/// order of every sum depends on nothing but the shape of the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum InstructionSet {
    /// Plain loops, for every processor.
    Portable = 1,
    /// `simd128`, in WebAssembly built with `-C target-feature=+simd128`. Computes the bits of plain loops.
    Simd128,
    /// NEON, on AArch64.
    Neon,
    /// AVX2 and FMA, on x86-64.
    Avx2,
    /// AVX-512, on x86-64.
    Avx512,
}

impl InstructionSet {
    /// What passes run with: the best that the processor has, unless [`select`](Self::select) has chosen another one.
    #[must_use]
    pub fn current() -> Self {
        dispatch(Current)
    }

    /// Makes all passes of this process run with this instruction set, or with the best one before it that there is.
    /// Returns what they run with from now on.
    ///
    /// To compute what another processor computes, and to compare their speed. Don't call it while passes run on other
    /// threads: some might use one instruction set, and some the other.
    ///
    /// On AArch64, in WebAssembly, and in a build for one processor alone (`-C target-cpu=native`), there is only one.
    ///
    /// ```
    /// use fnn::simd::InstructionSet;
    ///
    /// let best = InstructionSet::current();
    /// assert!(InstructionSet::Avx2.select() <= InstructionSet::Avx2 || cfg!(target_feature = "avx512f"));
    /// assert_eq!(best.select(), best);
    /// ```
    #[cfg(feature = "std")]
    #[cfg_attr(docsrs, doc(cfg(feature = "std")))]
    pub fn select(self) -> Self {
        #[cfg(all(feature = "simd", target_arch = "x86_64"))]
        LEVEL.store(detect().min(if self < Self::Avx2 { Self::Portable } else { self }) as u8, Relaxed);
        Self::current()
    }

    /// Whether `a·b + c` is rounded once.
    #[must_use]
    pub const fn is_fused(self) -> bool {
        !matches!(self, Self::Portable | Self::Simd128) || cfg!(fnn_fused)
    }
}

/// Reports the instruction set.
struct Current;

impl Operation for Current {
    type Output = InstructionSet;

    #[inline(always)]
    fn run<V: Simd>(self, _: V) -> InstructionSet {
        V::SET
    }
}

/// Runs `operation` with the best instruction set of this processor: AVX-512, AVX2 with FMA, NEON, `simd128`, or plain loops;
/// or with the one that was [selected](InstructionSet::select).
///
/// Detection runs once; after that a call costs a load and a branch, or nothing if the compiler may assume the best
/// instruction set (`-C target-cpu=native`). Without `std` there is no detection, and only what the compiler may assume
/// is used.
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
#[inline(always)]
pub fn dispatch<O: Operation>(operation: O) -> O::Output {
    // Asked in a constant, so that tiny operations aren't compiled for AVX-512.
    if const { !O::IS_TINY } && (Avx512::KNOWN || level() == InstructionSet::Avx512 as u8) {
        // SAFETY: the compiler assumes the instruction set, or it was detected.
        return unsafe { Avx512::assume() }.run(operation);
    }
    // Every processor with AVX-512 has AVX2.
    if Avx2::KNOWN || level() >= InstructionSet::Avx2 as u8 {
        // SAFETY: as above.
        return unsafe { Avx2::assume() }.run(operation);
    }
    operation.run(super::Portable)
}

/// Runs `operation` with the best instruction set that the compiler may assume: NEON on AArch64, `simd128` in WebAssembly, or
/// else plain loops.
#[cfg(not(all(feature = "simd", target_arch = "x86_64")))]
#[inline(always)]
pub fn dispatch<O: Operation>(operation: O) -> O::Output {
    #[cfg(all(feature = "simd", target_arch = "aarch64", target_feature = "neon"))]
    // SAFETY: the compiler assumes the instruction set.
    return unsafe { super::neon::Neon::assume().run(operation) };
    #[cfg(fnn_simd128)]
    // SAFETY: as above.
    return unsafe { super::wasm::Simd128::assume().run(operation) };
    #[cfg(not(any(fnn_simd128, all(feature = "simd", target_arch = "aarch64", target_feature = "neon"))))]
    operation.run(super::Portable)
}

/// The instruction set that was detected or selected; 0 at first.
#[cfg(all(feature = "simd", feature = "std", target_arch = "x86_64"))]
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The best instruction set of this processor.
#[cfg(all(feature = "simd", feature = "std", target_arch = "x86_64"))]
#[cold]
fn detect() -> InstructionSet {
    match (Avx512::detect(), Avx2::detect()) {
        (Some(_), _) => InstructionSet::Avx512,
        (None, Some(_)) => InstructionSet::Avx2,
        (None, None) => InstructionSet::Portable,
    }
}

/// The instruction set to run with.
#[cfg(all(feature = "simd", feature = "std", target_arch = "x86_64"))]
#[inline(always)]
fn level() -> u8 {
    #[cold]
    fn first() -> u8 {
        let level = detect() as u8;
        // Another thread may have selected one in the meantime.
        match LEVEL.compare_exchange(0, level, Relaxed, Relaxed) {
            Ok(_) => level,
            Err(selected) => selected,
        }
    }

    match LEVEL.load(Relaxed) {
        0 => first(),
        level => level,
    }
}

#[cfg(all(feature = "simd", not(feature = "std"), target_arch = "x86_64"))]
#[inline(always)]
const fn level() -> u8 {
    InstructionSet::Portable as u8
}
