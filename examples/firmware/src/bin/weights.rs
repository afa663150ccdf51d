//! Trains the networks whose weights are embedded, and picks the digits: `cargo run --release --features host --bin weights`.

use std::fs::write;
use std::path::Path;

use fnn::data::Mnist;
use fnn::{CrossEntropy, DataSet, Layer, Optimizer, Schedule, Sgd, Trainer, evaluate};
use fnn_firmware::{Digits, Flowers, SmallDigits, learning};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Mnist { train, test } = Mnist::read(root.join("../../data/mnist"))?;
    let digits = trained(Digits::boxed(1), &train)?;
    println!("784-128-10: {:?}", evaluate(&*digits, &CrossEntropy, &test).accuracy);
    save(&root.join("weights/digits.bin"), &*digits)?;

    let small = trained(SmallDigits::boxed(1), &train)?;
    println!("784-32-10: {:?}", evaluate(&*small, &CrossEntropy, &test).accuracy);
    let quantized = small.quantize(&train.inputs()[..1000]);
    save(&root.join("weights/small_digits.bin"), &quantized)?;

    let samples = learning::flowers();
    let flowers: DataSet<[f32; 4], usize> = samples.into_iter().collect();
    let trainer = Trainer::new(Flowers::seeded(1), CrossEntropy, Sgd::new(0.05)).batch_size(4).epochs(50);
    let flowers_network = trainer.fit(&flowers)?.network;
    save(&root.join("weights/flowers.bin"), &*flowers_network)?;
    save(&root.join("weights/flowers_int8.bin"), &flowers_network.quantize(flowers.inputs()))?;

    let pixels = |input: &[f32; 784]| input.map(|grey| (255.0 * grey).round() as u8);
    let digits = test.inputs().iter().zip(test.targets()).take(fnn_firmware::digits::COUNT);
    let bytes: Vec<u8> = digits.flat_map(|(input, &label)| [label as u8].into_iter().chain(pixels(input))).collect();
    write(root.join("weights/test.bin"), bytes)?;
    Ok(())
}

/// The recipe of the example `mnist`.
fn trained<N: Layer<Scalar = f32, Input = [f32; 784], Output = [f32; 10]>>(
    network: Box<N>,
    train: &DataSet<[f32; 784], usize>,
) -> Result<Box<N>, Box<dyn std::error::Error>> {
    let (epochs, batch) = (10, 64);
    let steps = epochs * train.len().div_ceil(batch);
    let optimizer = Sgd::new(0.1).momentum(0.9).scheduled(Schedule::cosine(steps as u64));
    let trainer = Trainer::new(network, CrossEntropy, optimizer).batch_size(batch).epochs(epochs).seed(1);
    Ok(trainer.fit(train).map_err(|error| error.reason)?.network)
}

/// The bytes of a value of plain numbers.
fn save<T>(path: &Path, value: &T) -> std::io::Result<()> {
    // SAFETY: networks are plain numbers, in `f32` and in 8 bits; what padding there is has been zero from the start.
    write(path, unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) })
}
