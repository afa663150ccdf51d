//! A convolutional network quantized to int8: its accuracy, and the error of each layer.
//!
//! `cargo run --release --example quantize`, with `-- --help` for the options.

#[path = "support/options.rs"]
mod options;

use std::error::Error;

use fnn::data::Mnist;
use fnn::metrics::ConfusionMatrix;
use fnn::{
    DataSet, Layer, Quantized, Trainer,
    losses::CrossEntropy,
    optimizers::{Adam, Optimizer, Schedule},
    quantized::{Calibration, Quantize},
    train::TrainingError,
};
use options::Options;

fnn::network! {
    /// Takes a 28×28 grayscale digit and returns ten class scores.
    #[quantizable]
    #[derive(Clone)]
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
/// Epochs of quantization-aware training.
const AWARE_EPOCHS: usize = 2;
/// Samples for calibration.
const SAMPLES: usize = 1000;
const CALIBRATIONS: [Calibration; 3] =
    [Calibration::MinMax, Calibration::Percentile(0.9999), Calibration::MeanSquaredError];

type Image = [[[f32; 28]; 28]; 1];

fn main() -> Result<(), Box<dyn Error>> {
    let Some(Options { epochs, seed, data }) = Options::read("quantize", 5)? else { return Ok(()) };
    let Mnist { train, test } = Mnist::read(data)?;
    let samples = &train.inputs()[..SAMPLES];

    let network = fit(LeNet::boxed(seed), &train, 2e-3, epochs, seed)?;
    let aware = fit(network.quantization_aware(samples)?, &train, 5e-4, AWARE_EPOCHS, seed)?;
    // The same training without rounding, for a fair comparison.
    let longer = fit(network.clone(), &train, 5e-4, AWARE_EPOCHS, seed)?;

    let print = |what: &str, scores: &[[f32; 10]]| {
        let accuracy = ConfusionMatrix::of(scores, test.targets()).accuracy().unwrap_or(0.0);
        println!("{what:28}{:.2} %", 100.0 * accuracy);
    };
    println!();
    print("float", &network.forward_all(test.inputs()));
    for calibration in CALIBRATIONS {
        let quantized = network.quantize_by(samples, calibration)?;
        print(&format!("int8, {calibration:?}"), &quantized.forward_all(test.inputs()));
    }
    print("int8, quantization-aware", &LeNet::quantize_aware(&aware).forward_all(test.inputs()));

    print("float, trained as long", &longer.forward_all(test.inputs()));

    println!("\n{} bytes of weights and biases become {}, scales included", LeNet::FLASH, Quantized::<LeNet>::FLASH);
    for calibration in CALIBRATIONS {
        println!("\n{calibration:?}\n{}", network.quantize_and_report(samples, calibration)?.1);
    }
    Ok(())
}

/// Train with a learning rate that is annealed from `rate` to 0.
fn fit<N>(network: Box<N>, train: &DataSet<Image, usize>, rate: f64, epochs: usize, seed: u64) -> Trains<N>
where
    N: Layer<Scalar = f32, Input = Image, Output = [f32; 10]>,
{
    let steps = epochs * train.len().div_ceil(BATCH);
    let optimizer = Adam::new(rate).scheduled(Schedule::cosine(steps as u64));
    let trainer = Trainer::new(network, CrossEntropy, optimizer).batch_size(BATCH).epochs(epochs).seed(seed);
    Ok(trainer.fit(train)?.network)
}

/// A trained network, or an error.
type Trains<N> = Result<Box<N>, TrainingError<N>>;
