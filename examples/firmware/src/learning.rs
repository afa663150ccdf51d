//! Training on the device: from seeded weights to a network that has learned, with the same bits on any machine.

use fnn::{Backpropagation, CrossEntropy, MeanSquaredError, Optimizer, Parameters, Random, Sgd, State};

use crate::{Flowers, Xor};

/// What a training came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// The mean loss of the last step.
    pub loss: f32,
    /// How many of the samples are classified as they should be.
    pub right: usize,
    /// A number for all bits of the weights.
    pub checksum: u64,
}

/// Learns the exclusive or from its four samples.
pub fn xor() -> Outcome {
    const INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    const TARGETS: [[f32; 1]; 4] = [[0.0], [1.0], [1.0], [0.0]];
    let (mut network, mut gradient, mut state) = (Xor::seeded(1), Xor::zeroed(), State::new());
    let mut memory = Backpropagation::<Xor, 4>::new();
    let sgd = Sgd::new(2.0);
    let mut loss = 0.0;
    for _ in 0..2000 {
        loss = memory.gradient(&network, &MeanSquaredError, &INPUTS, &TARGETS, &mut gradient);
        sgd.step(&mut network, &gradient, &mut state);
    }
    let right = INPUTS.iter().zip(&TARGETS).filter(|(input, [target])| (network.forward(input)[0] > 0.5) == (*target > 0.5));
    Outcome { loss, right: right.count(), checksum: checksum(&network) }
}

/// Samples of three kinds: four measurements that scatter about those of the kind.
pub fn flowers() -> [([f32; 4], usize); 60] {
    const CENTRES: [[f64; 4]; 3] = [[-1.0, 1.0, -1.3, -1.3], [0.1, -0.7, 0.3, 0.2], [0.9, 0.0, 1.0, 1.1]];
    let mut random = Random::new(7);
    core::array::from_fn(|index| {
        let kind = index % 3;
        (CENTRES[kind].map(|centre| (centre + 0.35 * random.normal()) as f32), kind)
    })
}

/// Learns to tell the three kinds apart, sample by sample.
pub fn classifier() -> Outcome {
    let samples = flowers();
    let (mut network, mut gradient, mut state) = (Flowers::seeded(1), Flowers::zeroed(), State::new());
    let mut memory = Backpropagation::<Flowers, 1>::new();
    let sgd = Sgd::new(0.02);
    let mut loss = 0.0;
    for (input, kind) in samples.iter().cycle().take(20 * samples.len()) {
        loss = memory.gradient(&network, &CrossEntropy, &[*input], &[*kind], &mut gradient);
        sgd.step(&mut network, &gradient, &mut state);
    }
    let right = samples.iter().filter(|(input, kind)| crate::digits::class(&network.forward(input)) == *kind);
    Outcome { loss, right: right.count(), checksum: checksum(&network) }
}

/// Fowler, Noll and Vo's hash (FNV-1a) of the weights' bits.
fn checksum<N: Parameters<Scalar = f32>>(network: &N) -> u64 {
    let bytes = network.parameters().iter().flat_map(|weight| weight.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Say it in words that are the same everywhere.
#[macro_export]
macro_rules! report {
    ($print:ident) => {{
        let $crate::learning::Outcome { loss, right, checksum } = $crate::learning::xor();
        $print!("xor: loss {:.6}, {} of 4 right, weights {:016x}", loss, right, checksum);
        let $crate::learning::Outcome { loss, right, checksum } = $crate::learning::classifier();
        $print!("classifier: loss {:.6}, {} of 60 right, weights {:016x}", loss, right, checksum);
    }};
}
