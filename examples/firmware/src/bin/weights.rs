//! Trains the networks whose weights are embedded, and selects the digits.
//!
//! `cargo run --release --features host --bin weights`, after the workspace's
//! `cargo run --release --example mnist -- --save examples/firmware/weights/digits.safetensors`.

use std::error::Error;
use std::fs::write;
use std::path::Path;

use fnn::data::Mnist;
use fnn::{
    DataSet, Network, Trainer,
    losses::CrossEntropy,
    optimizers::{Adam, Optimizer, Schedule, Sgd},
    train::evaluate,
};
use fnn_firmware::digits::{COUNT, PRACTICE};
use fnn_firmware::{Flowers, LeNet, Reader, SmallDigits, learning};

/// Samples for calibration.
const SAMPLES: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let weights = root.join("weights");
    let Mnist { train, test } = Mnist::read(root.join("../../data/mnist"))?;
    let steps = |epochs: usize| (epochs * train.len().div_ceil(64)) as u64;

    // As in the example `mnist`.
    let optimizer = Sgd::new(0.1).momentum(0.9).scheduled(Schedule::cosine(steps(10)));
    let small = Trainer::new(SmallDigits::boxed(1), CrossEntropy, optimizer).batch_size(64).epochs(10).seed(1);
    let small = small.fit(&train)?.network;
    println!("784-32-10: {:?}", evaluate(&*small, &CrossEntropy, &test).accuracy);
    small.quantize(&train.inputs()[..SAMPLES])?.save(weights.join("small_digits.int8"))?;

    // As in the example `lenet`, on the same images.
    let images = Mnist::read(root.join("../../data/mnist"))?;
    let optimizer = Adam::new(2e-3).scheduled(Schedule::cosine(steps(5)));
    let lenet = Trainer::new(LeNet::boxed(1), CrossEntropy, optimizer).batch_size(64).epochs(5).seed(1);
    let lenet = lenet.fit(&images.train)?.network;
    println!("LeNet: {:?}", evaluate(&*lenet, &CrossEntropy, &images.test).accuracy);
    lenet.quantize(&images.train.inputs()[..SAMPLES])?.save(weights.join("lenet.int8"))?;

    // Before it gets to the device, it sees only the digits from 0 to 7.
    let known = train.inputs().iter().zip(train.targets()).filter(|&(_, &label)| label < 8);
    let known: DataSet<[f32; 784], usize> = known.map(|(pixels, label)| (*pixels, *label)).collect();
    let reader = Trainer::new(Reader::boxed(1), CrossEntropy, Adam::new(1e-3)).epochs(2).seed(1).fit(&known)?.network;
    reader.save(weights.join("reader.safetensors"))?;
    reader.split().0.quantize(&known.inputs()[..SAMPLES])?.save(weights.join("features.int8"))?;

    let samples: DataSet<[f32; 4], usize> = learning::flowers().into_iter().collect();
    let flowers = Trainer::new(Flowers::seeded(1), CrossEntropy, Sgd::new(0.05)).batch_size(4).epochs(50);
    let flowers = flowers.fit(&samples)?.network;
    flowers.save(weights.join("flowers.safetensors"))?;
    flowers.quantize(samples.inputs())?.save(weights.join("flowers.int8"))?;

    write(weights.join("test.bin"), digits(&test, COUNT))?;
    write(weights.join("practice.bin"), digits(&train, PRACTICE))?;
    Ok(())
}

/// The first digits, as bytes: each one's class and pixels.
fn digits(set: &DataSet<[f32; 784], usize>, count: usize) -> Vec<u8> {
    let digits = set.inputs().iter().zip(set.targets()).take(count);
    let bytes = |pixels: &[f32; 784]| pixels.map(|grey| (255.0 * grey).round() as u8);
    digits.flat_map(|(pixels, &label)| [label as u8].into_iter().chain(bytes(pixels))).collect()
}
