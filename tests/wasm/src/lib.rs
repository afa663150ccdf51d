//! Inference, a custom training loop and the trainer, whose fingerprints are those of all processors without fused multiply-adds.

#[path = "../../support/trainings.rs"]
#[cfg_attr(not(feature = "all"), allow(dead_code, reason = "some take long to compile"))]
mod trainings;

use fnn::simd::InstructionSet;

/// A training, and its fingerprint without fused multiply-adds.
type Training = (fn() -> u64, u64);

/// The trainings that are computed.
const TRAININGS: &[Training] = &[
    (trainings::usual, trainings::USUAL[1]),
    #[cfg(feature = "all")]
    (|| trainings::mixed(1), trainings::MIXED[1]),
    #[cfg(feature = "all")]
    (trainings::planes, trainings::PLANES[1]),
];

/// Compute a training, and return its fingerprint.
#[unsafe(no_mangle)]
pub extern "C" fn compute(training: usize) -> u64 {
    TRAININGS.get(training).map_or(0, |(compute, _)| compute())
}

/// The fingerprint that a training should have. 0 if there is no such training.
#[unsafe(no_mangle)]
pub extern "C" fn expected(training: usize) -> u64 {
    TRAININGS.get(training).map_or(0, |&(_, expected)| expected)
}

/// Whether passes run with vectors.
#[unsafe(no_mangle)]
pub extern "C" fn has_vectors() -> bool {
    InstructionSet::current() == InstructionSet::Simd128
}
