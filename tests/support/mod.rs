//! Data for the tests of the trainer.

#![allow(dead_code, unreachable_pub)]

use fnn::{DataSet, Random};

/// Samples of random numbers; the class of each is the index of the largest of its first `C`.
pub fn classes<const I: usize, const C: usize>(samples: usize, seed: u64) -> DataSet<[f32; I], usize> {
    let mut random = Random::new(seed);
    let sample = |_| {
        let input: [f32; I] = core::array::from_fn(|_| random.normal() as f32);
        let largest = (0..C).max_by(|&a, &b| input[a].total_cmp(&input[b]));
        (input, largest.unwrap_or(0))
    };
    (0..samples).map(sample).collect()
}

/// The bits of all weights.
pub fn bits<P: fnn::Parameters<Scalar = f32>>(network: &P) -> Vec<u32> {
    network.parameters().iter().map(|weight| weight.to_bits()).collect()
}
