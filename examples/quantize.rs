//! A convolutional network in 8 bits: how accurate it is, and how far off each layer is.
//!
//! `cargo run --release --example quantize`, with `-- --help` for the options.

#[path = "support/options.rs"]
mod options;

use std::error::Error;

use fnn::data::Mnist;
use fnn::metrics::ConfusionMatrix;
use fnn::{Adam, Calibration, CrossEntropy, Optimizer, Quantize, Quantized, Schedule, Trainer};
use options::Options;

fnn::network! {
    /// Reads a 28×28 grey digit, scores the ten classes.
    #[quantizable]
    pub struct LeNet: [1, 28, 28] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(16, kernel = 5),
        Relu,
        MaxPool2d(2),
        Flatten,
        fc1: Dense(120),
        Relu,
        fc2: Dense(84),
        Relu,
        logits: Dense(10),
    }
}

const BATCH: usize = 64;
/// Epochs of training in which weights and activations are rounded.
const AWARE_EPOCHS: usize = 2;
/// Samples to find the ranges of activations on.
const SAMPLES: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(Options { epochs, seed, data }) = Options::read("quantize", 5)? else { return Ok(()) };
    let Mnist { train, test } = Mnist::read(data)?;

    let steps = epochs * train.len().div_ceil(BATCH);
    let optimizer = Adam::new(2e-3).scheduled(Schedule::cosine(steps as u64));
    let trainer = Trainer::new(LeNet::boxed(seed), CrossEntropy, optimizer);
    let network = trainer.batch_size(BATCH).epochs(epochs).seed(seed).fit(&train)?.network;

    let accuracy = |scores: &[[f32; 10]]| 100.0 * ConfusionMatrix::of(scores, test.targets()).accuracy().unwrap_or(0.0);
    let samples = &train.inputs()[..SAMPLES];
    println!("{:22} {:.2} %", "float", accuracy(&fnn::Network::forward_all(&*network, test.inputs())));
    let calibrations = [Calibration::MinMax, Calibration::Percentile(0.9999), Calibration::MeanSquaredError];
    for calibration in calibrations {
        let quantized = network.quantize_by(samples, calibration);
        println!("{:22} {:.2} %", format!("{calibration:?}"), accuracy(&quantized.forward_all(test.inputs())));
    }
    let aware = network.quantization_aware(samples);
    let optimizer = Adam::new(5e-4).scheduled(Schedule::cosine((AWARE_EPOCHS * train.len().div_ceil(BATCH)) as u64));
    let trainer = Trainer::new(aware, CrossEntropy, optimizer);
    let aware = trainer.batch_size(BATCH).epochs(AWARE_EPOCHS).seed(seed).fit(&train)?.network;
    let quantized = LeNet::quantize_aware(&aware);
    println!("{:22} {:.2} %", "trained aware", accuracy(&quantized.forward_all(test.inputs())));

    println!("\n{} bytes of weights become {}\n", LeNet::FLASH, Quantized::<LeNet>::FLASH);
    println!("{}", network.quantize_and_report(samples, Calibration::MinMax).1);
    Ok(())
}
