//! Training on the device, from seeded weights, with bit-identical results on every machine.

use core::fmt::{Result, Write};

use fnn::metrics::highest;
use fnn::{
    Parameters, Random,
    losses::{CrossEntropy, MeanSquaredError},
    optimizers::{Optimizer, Sgd, State},
    train::{GradientBuffers, InPlaceBuffers},
};

use crate::hash::Hash;
use crate::{Flowers, Xor};

/// Print the result of two training runs: the mean loss of the last step, how many samples are classified correctly, and a hash of
/// the bits of all weights.
pub fn report(out: &mut impl Write) -> Result {
    let (loss, right, hash) = xor();
    writeln!(out, "XOR: loss {loss:.6}, {right} of 4 correct, weights {hash}")?;
    let (loss, right, hash) = classifier();
    writeln!(out, "classifier, trained in place: loss {loss:.6}, {right} of 60 correct, weights {hash}")
}

/// Train XOR on its four samples, with momentum.
fn xor() -> (f32, usize, Hash) {
    const INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    const TARGETS: [[f32; 1]; 4] = [[0.0], [1.0], [1.0], [0.0]];
    let (mut network, mut gradient, mut state) = (Xor::seeded(1), Xor::zeroed(), State::new());
    let mut memory = GradientBuffers::<Xor, 4>::new();
    let sgd = Sgd::new(0.5).momentum(0.9);
    let mut loss = 0.0;
    for _ in 0..1000 {
        loss = memory.gradient(&network, &MeanSquaredError, &INPUTS, &TARGETS, &mut gradient);
        sgd.step(&mut network, &gradient, &mut state);
    }
    let right =
        INPUTS.iter().zip(&TARGETS).filter(|(input, [target])| (network.forward(input)[0] > 0.5) == (*target > 0.5));
    (loss, right.count(), hash(&network))
}

/// Samples of three classes: four measurements with noise around the mean of the class.
pub fn flowers() -> [([f32; 4], usize); 60] {
    const CENTRES: [[f64; 4]; 3] = [[-1.0, 1.0, -1.3, -1.3], [0.1, -0.7, 0.3, 0.2], [0.9, 0.0, 1.0, 1.1]];
    let mut random = Random::new(7);
    core::array::from_fn(|index| {
        let kind = index % 3;
        (CENTRES[kind].map(|centre| (centre + 0.35 * random.normal()) as f32), kind)
    })
}

/// Train the classifier one sample at a time, with memory for the gradient of one layer.
fn classifier() -> (f32, usize, Hash) {
    let samples = flowers();
    let mut network = Flowers::seeded(1);
    let mut memory = InPlaceBuffers::<Flowers, 1>::new();
    let mut loss = 0.0;
    for (input, kind) in samples.iter().cycle().take(20 * samples.len()) {
        loss = memory.train(&mut network, &CrossEntropy, &Sgd::new(0.02), &[*input], &[*kind]);
    }
    let right = samples.iter().filter(|(input, kind)| highest(&network.forward(input)) == Some(*kind));
    (loss, right.count(), hash(&network))
}

fn hash<N: Parameters<Scalar = f32>>(network: &N) -> Hash {
    let mut hash = Hash::new();
    network.parameters().iter().for_each(|weight| hash.add(&weight.to_le_bytes()));
    hash
}
