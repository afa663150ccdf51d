//! Detection of the processor's instruction set.

use super::vector::Operation;
#[cfg(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64")))]
use super::vector::Simd;
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
use super::x86::{Avx2, Avx512};

/// Runs `operation` with the best instruction set of this processor: AVX-512, AVX2 with FMA, NEON, or plain loops.
///
/// Detection runs once; after that a call costs a load and a branch, or nothing if the compiler may assume the best
/// instruction set (`-C target-cpu=native`). Without `std` there is no detection, and only what the compiler may assume
/// is used.
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
#[inline(always)]
pub fn dispatch<O: Operation>(operation: O) -> O::Output {
    // SAFETY: the compiler assumes the instruction set, or it was detected.
    unsafe {
        if Avx512::KNOWN {
            return Avx512::assume().run(operation);
        }
        let level = level();
        if level == AVX512 {
            return Avx512::assume().run(operation);
        }
        if Avx2::KNOWN || level == AVX2 {
            return Avx2::assume().run(operation);
        }
    }
    operation.run(super::Portable)
}

/// Runs `operation` with the best instruction set that the compiler may assume: NEON on AArch64, or else plain loops.
#[cfg(not(all(feature = "simd", target_arch = "x86_64")))]
#[inline(always)]
pub fn dispatch<O: Operation>(operation: O) -> O::Output {
    #[cfg(all(feature = "simd", target_arch = "aarch64", target_feature = "neon"))]
    // SAFETY: the compiler assumes the instruction set.
    return unsafe { super::neon::Neon::assume().run(operation) };
    #[cfg(not(all(feature = "simd", target_arch = "aarch64", target_feature = "neon")))]
    operation.run(super::Portable)
}

#[cfg(all(feature = "simd", target_arch = "x86_64"))]
const PORTABLE: u8 = 1;
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
const AVX2: u8 = 2;
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
const AVX512: u8 = 3;

/// The detected instruction set.
#[cfg(all(feature = "simd", feature = "std", target_arch = "x86_64"))]
#[inline(always)]
fn level() -> u8 {
    use core::sync::atomic::{AtomicU8, Ordering};

    static LEVEL: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn detect() -> u8 {
        let level = match (Avx512::detect(), Avx2::detect()) {
            (Some(_), _) => AVX512,
            (None, Some(_)) => AVX2,
            (None, None) => PORTABLE,
        };
        LEVEL.store(level, Ordering::Relaxed);
        level
    }

    match LEVEL.load(Ordering::Relaxed) {
        0 => detect(),
        level => level,
    }
}

#[cfg(all(feature = "simd", not(feature = "std"), target_arch = "x86_64"))]
#[inline(always)]
fn level() -> u8 {
    PORTABLE
}
