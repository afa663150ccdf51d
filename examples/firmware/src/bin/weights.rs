//! Trains the networks whose weights are embedded, and picks the digits.
//!
//! `cargo run --release --features host --bin weights`, after the workspace's
//! `cargo run --release --example mnist -- --save examples/firmware/weights/digits.safetensors`.

use std::error::Error;
use std::fs::write;
use std::path::Path;

use fnn::data::Mnist;
use fnn::{Adam, CrossEntropy, DataSet, Network, Optimizer, Schedule, Sgd, Trainer, evaluate};
use fnn_firmware::digits::COUNT;
use fnn_firmware::{Flowers, LeNet, SmallDigits, learning};

/// Samples to find the ranges of activations on.
const SAMPLES: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let weights = root.join("weights");
    let Mnist { train, test } = Mnist::read(root.join("../../data/mnist"))?;
    let steps = |epochs: usize| (epochs * train.len().div_ceil(64)) as u64;

    // The recipe of the example `mnist`.
    let optimizer = Sgd::new(0.1).momentum(0.9).scheduled(Schedule::cosine(steps(10)));
    let small = Trainer::new(SmallDigits::boxed(1), CrossEntropy, optimizer).batch_size(64).epochs(10).seed(1);
    let small = small.fit(&train)?.network;
    println!("784-32-10: {:?}", evaluate(&*small, &CrossEntropy, &test).accuracy);
    write(weights.join("small_digits.int8"), small.quantize(&train.inputs()[..SAMPLES]).to_bytes())?;

    // The recipe of the example `lenet`, and its images.
    let images = Mnist::read(root.join("../../data/mnist"))?;
    let optimizer = Adam::new(2e-3).scheduled(Schedule::cosine(steps(5)));
    let lenet = Trainer::new(LeNet::boxed(1), CrossEntropy, optimizer).batch_size(64).epochs(5).seed(1);
    let lenet = lenet.fit(&images.train)?.network;
    println!("LeNet: {:?}", evaluate(&*lenet, &CrossEntropy, &images.test).accuracy);
    write(weights.join("lenet.int8"), lenet.quantize(&images.train.inputs()[..SAMPLES]).to_bytes())?;

    let samples: DataSet<[f32; 4], usize> = learning::flowers().into_iter().collect();
    let flowers = Trainer::new(Flowers::seeded(1), CrossEntropy, Sgd::new(0.05)).batch_size(4).epochs(50);
    let flowers = flowers.fit(&samples)?.network;
    flowers.save(weights.join("flowers.safetensors"))?;
    write(weights.join("flowers.int8"), flowers.quantize(samples.inputs()).to_bytes())?;

    let digits = test.inputs().iter().zip(test.targets()).take(COUNT);
    let bytes = digits
        .flat_map(|(pixels, &label)| [label as u8].into_iter().chain(pixels.map(|grey| (255.0 * grey).round() as u8)));
    write(weights.join("test.bin"), bytes.collect::<Vec<u8>>())?;
    Ok(())
}
