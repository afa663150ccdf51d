//! Normalization as a layer: what is computed, trained, saved, and quantized is what it would be before the network.

#![cfg(feature = "std")]

mod support;

use fnn::data::Normalizer;
use fnn::layers::Normalize;
use fnn::losses::{CrossEntropy, MeanSquaredError};
use fnn::optimizers::{AdamW, Penalty};
use fnn::train::Progress;
use fnn::{DataSet, Network, Random, Trainer, gradient_check};
use support::bits;

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Plain: [3] -> [2] { hidden: Dense(8), Tanh, logits: Dense(2) }
}

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    #[quantizable]
    struct Whole: [3] -> [2] { normalize: Normalize, hidden: Dense(8), Tanh, logits: Dense(2) }
}

/// A table whose columns have different units.
fn table(seed: u64) -> DataSet<[f32; 3], usize> {
    let mut random = Random::new(seed);
    let mut row = || [(); 3].map(|()| random.normal() as f32);
    (0..300)
        .map(|_| row())
        .map(|[a, b, c]| ([40.0 + 2.0 * a, 0.1 * b, -5.0 - 10.0 * c], usize::from(a + b > c)))
        .collect()
}

fn trained<N: fnn::Layer<Input = [f32; 3], Output = [f32; 2], Scalar = f32>>(
    network: N,
    data: &DataSet<[f32; 3], usize>,
) -> Box<N> {
    let optimizer = AdamW::new(0.01).weight_decay(0.1);
    let trainer = Trainer::new(network, CrossEntropy, optimizer).batch_size(32).epochs(5).moving_average(0.9);
    trainer.penalty(Penalty::l1(1e-4)).progress(Progress::Silent).fit(data).unwrap().network
}

/// The same bits as a network that is trained on normalized samples; and the statistics stay, whatever decays.
#[test]
fn a_network_that_normalizes_trains_as_one_on_normalized_samples() {
    let data = table(1);
    let normalizer = Normalizer::fit(data.inputs()).unwrap();
    let plain = Plain::seeded(3);
    let whole = Whole { normalize: normalizer.clone(), ..Whole::seeded(1) };
    let whole = Whole { hidden: plain.hidden.clone(), logits: plain.logits.clone(), ..whole };
    let normalized = data.clone().map_inputs(|row| normalizer.transform(&row));
    let (plain, whole) = (trained(plain, &normalized), trained(whole, &data));
    assert_eq!(whole.normalize, normalizer);
    assert_eq!(bits(&whole.hidden), bits(&plain.hidden));
    assert_eq!(bits(&whole.logits), bits(&plain.logits));
    for (raw, normalized) in data.inputs().iter().zip(normalized.inputs()) {
        assert_eq!(whole.forward(raw), plain.forward(normalized));
    }

    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("normalize.safetensors");
    whole.save(&path).unwrap();
    assert_eq!(Whole::load(&path).unwrap(), whole);
    normalizer.save(&path).unwrap();
    assert_eq!(*Normalizer::<[f32; 3]>::load(&path).unwrap(), normalizer);
    assert!(Normalizer::<[f32; 4]>::load(&path).is_err());
}

#[test]
fn its_gradient_is_that_of_central_differences() {
    let mut network = Normalize::<[[f64; 2]; 3]>::seeded(1);
    network.mean = [1.5, -2.0, 0.25];
    network.deviation = [0.5, 3.0, 0.125];
    let inputs = [[[1.0, 2.0], [-3.0, 4.0], [0.5, 0.125]], [[0.0, 1.0], [7.0, -1.0], [0.25, 1.0]]];
    let targets = [[[0.5, -1.0], [2.0, 0.0], [1.0, 1.0]]; 2];
    gradient_check(&network, &MeanSquaredError, &inputs, &targets).assert(1e-6);
    let expected = [[-1.0, 1.0], [-1.0 / 3.0, 2.0], [2.0, -1.0]];
    assert_eq!(network.forward(&inputs[0]), expected);
}

/// On raw inputs, the network in 8 bits has the accuracy of the network it was made from.
#[test]
fn it_is_part_of_the_network_in_8_bits() {
    let mut random = Random::new(7);
    let mut row = || [(); 3].map(|()| random.normal() as f32);
    // Columns of similar ranges, far from 0.
    let data: DataSet<[f32; 3], usize> = (0..400)
        .map(|_| row())
        .map(|[a, b, c]| ([10.0 + 2.0 * a, 9.0 + 1.5 * b, 8.0 + 2.5 * c], usize::from(a + b > c)))
        .collect();
    let whole = Whole { normalize: Normalizer::fit(data.inputs()).unwrap(), ..Whole::seeded(1) };
    let whole = trained(whole, &data);
    let quantized = whole.quantize(data.inputs()).unwrap();
    let highest = |scores: [f32; 2]| usize::from(scores[1] > scores[0]);
    let same = data.inputs().iter().filter(|input| highest(quantized.forward(input)) == highest(whole.forward(input)));
    assert!(same.count() > 385);
}
