//! Sums of products of 8-bit integers, with the instructions that processors have for them.
//!
//! A vector has 64 bytes, wherever it lies: in one register with AVX-512, in two with AVX2, in four with NEON. An instruction set
//! supplies what is done with vectors ([`Instructions`]); how integers lie in them is the same for all, and written once:
//!
//! | form | lanes of a vector of sums | what is multiplied |
//! |---|---|---|
//! | [`dense`] | 16 sums of one row of weights | the inputs, and rows of weights as they lie in memory |
//! | [`batch`] | 16 samples | four inputs of each sample, and four weights of a row |
//! | [`convolution`] | 16 places of a plane | four taps side by side, or four channels of a pointwise one, and four weights of a filter |
//! | [`narrow`] | 16 places of a small plane, whatever their rows | the same, taken from registers by tables |
//!
//! | instruction set | products | where |
//! |---|---|---|
//! | AVX-512 VNNI | `vpdpbusd`, 64 in a register | x86-64 with VNNI, VBMI and VBMI2 |
//! | AVX-VNNI | `vpdpbusd`, 32 in a register | x86-64 with AVX-VNNI, where AVX-512 isn't used |
//! | AVX2 | `vpmaddubsw`, 32 in a register | x86-64 |
//! | NEON, dot products | `sdot`, 16 in a register | AArch64 with the feature `dotprod` |
//! | NEON | `mul` and `sadalp`, 8 in a register | AArch64 |
//!
//! `vpdpbusd` multiplies unsigned integers with signed ones, so 128 is added to one of each pair: to weights in [`dense`], to
//! inputs elsewhere. The sums are then off by 128 times the sum of the other ones, which is subtracted. AVX2 multiplies absolute values
//! of inputs with weights or their complements, which adds negative inputs to the sums; and NEON adds nothing. Sums wrap around on the way; what they are in the end has room, so results are those of the plain loops, bit for
//! bit.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_compact;
#[cfg(target_arch = "x86_64")]
mod avx2_quantize;
#[cfg(target_arch = "x86_64")]
mod avx2_samples;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_quantize;
mod batch;
mod convolution;
mod dense;
mod instructions;
mod narrow;
#[cfg(target_arch = "aarch64")]
mod neon;
mod rounding;
mod sums;

use super::products::Finish;
use super::requantization::Rounding;
#[cfg(target_arch = "x86_64")]
use crate::kernels::InstructionSet;
#[cfg(target_arch = "x86_64")]
use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use avx512::Avx512;
use instructions::{Instructions, SUMS, Work};
#[cfg(target_arch = "aarch64")]
use neon::Neon;

pub(super) use convolution::Strip;
pub(super) use narrow::{Narrow, Tables};
pub(super) use sums::{PLACES, Quads};

/// What a layer computes: its weights, how its sums are finished, and room for one number a row of weights.
pub(super) type Layer<'a, R = Rounding<'a>> = (&'a [i8], Finish<'a, R>, &'a mut [i32]);

/// Instructions that the processor has.
#[derive(Clone, Copy, Debug)]
pub(super) enum IntegerDot {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(Avx2<true>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2<false>),
    #[cfg(target_arch = "aarch64")]
    NeonDot(Neon<true>),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon<false>),
}

/// Whether the processor has features, or without `std`, whether the compiler may assume them.
macro_rules! has {
    ($detected:ident: $($feature:tt),*) => {{
        #[cfg(feature = "std")]
        let has = $(std::arch::$detected!($feature))&&*;
        #[cfg(not(feature = "std"))]
        let has = cfg!(all($(target_feature = $feature),*));
        has
    }};
}
use has;

impl IntegerDot {
    /// The best instructions that this processor has, or that the selected instruction set has.
    #[inline(always)]
    pub(super) fn detect() -> Option<Self> {
        #[cfg(test)]
        if MASKED.load(core::sync::atomic::Ordering::SeqCst) {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        match InstructionSet::current() {
            InstructionSet::Avx512 => Avx512::detect().map(Self::Avx512).or(Self::avx2()),
            // Where AVX-512 is there, AVX2 was selected: compute as a processor with AVX2 alone.
            InstructionSet::Avx2 if has!(is_x86_feature_detected: "avx512f") => Self::avx2(),
            InstructionSet::Avx2 => Avx2::detect().map(Self::AvxVnni).or(Self::avx2()),
            _ => None,
        }
        #[cfg(target_arch = "aarch64")]
        Neon::detect().map(Self::NeonDot).or(Neon::detect().map(Self::Neon))
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn avx2() -> Option<Self> {
        Avx2::detect().map(Self::Avx2)
    }

    /// All that this processor has.
    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let all = [Avx512::detect().map(Self::Avx512), Avx2::detect().map(Self::AvxVnni), Self::avx2()];
        #[cfg(target_arch = "aarch64")]
        let all = [Neon::detect().map(Self::NeonDot), Neon::detect().map(Self::Neon)];
        all.into_iter().flatten()
    }

    fn run(self, work: impl Work) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => simd.run(work),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(simd) => simd.run(work),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => simd.run(work),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot(simd) => simd.run(work),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => simd.run(work),
        }
    }
}

/// Whether tests compute without the instructions. The results are the same, so other tests don't mind.
#[cfg(test)]
pub(super) static MASKED: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);

/// The first integers, as many as there is room for, of fewer than 32.
fn copy_up_to(from: &[i8], to: &mut [i8]) {
    let (mut from, mut to) = (from, to);
    macro_rules! pieces {
        ($($length:literal)*) => {$(
            if to.len() & $length != 0
                && let Some((piece, behind)) = from.split_first_chunk::<$length>()
                && let Some((place, rest)) = core::mem::take(&mut to).split_first_chunk_mut()
            {
                *place = *piece;
                (from, to) = (behind, rest);
            }
        )*};
    }
    pieces!(16 8 4 2 1);
    let _ = (from, to);
}

/// Of 16 bytes from which windows that move by `stride` begin, the numbers of those that are four quads. A quad's first `taps` integers
/// are taps; a negative number gives 0.
fn order(stride: usize, taps: usize) -> [i8; SUMS] {
    let mut numbers = [i8::MIN; SUMS];
    for (index, number) in numbers.iter_mut().enumerate() {
        if index % 4 < taps {
            *number = (index / 4 * stride + index % 4) as i8;
        }
    }
    numbers
}

/// The first N integers, with zeros behind those that there are.
#[inline(always)]
fn copied<const N: usize>(from: &[i8]) -> [i8; N] {
    let mut bytes = [0; N];
    for (to, &from) in bytes.iter_mut().zip(from) {
        *to = from;
    }
    bytes
}

/// Which of 32 integers are taken, for processors that take bytes by their numbers.
#[derive(Clone, Copy, Debug)]
struct Selection {
    /// Of each half, the numbers of those that are taken.
    numbers: [[u8; SUMS]; 2],
    /// How many of the lower half are taken.
    count: usize,
}

impl Selection {
    #[inline(always)]
    fn new(within: u32) -> Self {
        let mut numbers = [[0; SUMS]; 2];
        for (numbers, within) in numbers.iter_mut().zip([within as u16, (within >> SUMS) as u16]) {
            let mut within = within;
            for number in numbers {
                *number = within.trailing_zeros() as u8;
                within &= within.wrapping_sub(1);
            }
        }
        Self { numbers, count: (within as u16).count_ones() as usize }
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests;
