//! What augmentation gains when there are few samples: a small convolutional network on 1,000 digits, as they are and varied.
//!
//! `cargo run --release --example augment`, with `-- --help` for the options.

#[path = "support/options.rs"]
mod options;

use std::error::Error;

use fnn::data::{Mnist, Source, augment};
use fnn::metrics::accuracy;
use fnn::{
    DataSet, Trainer,
    losses::CrossEntropy,
    optimizers::{Adam, Optimizer, Schedule},
    train::Progress,
};
use options::Options;

fnn::network! {
    /// Takes a 28×28 grayscale digit and returns ten class scores.
    struct Reader: [1, 28, 28] -> [10] {
        conv1: Conv2d(8, kernel = 3, stride = 2, padding = same),
        Relu,
        conv2: Conv2d(16, kernel = 3, stride = 2, padding = same),
        Relu,
        Flatten,
        Dropout(0.2),
        logits: Dense(10),
    }
}

type Image = [[[f32; 28]; 28]; 1];

/// Digits to learn from.
const SAMPLES: usize = 1000;
const BATCH: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(Options { epochs, seed, data }) = Options::read("augment", 60)? else { return Ok(()) };
    let Mnist { train, test } = Mnist::<Image>::read(data)?;
    let few: DataSet<Image, usize> =
        train.inputs().iter().copied().zip(train.targets().iter().copied()).take(SAMPLES).collect();
    // Each digit is another one in each epoch, and the same ones in each run with this seed, on any number of threads.
    let varied = few.clone().augment(|image, _, random| {
        augment::rotate(image, 12.0, random);
        augment::shift(image, 2, random);
    });

    println!("{SAMPLES} digits to learn from, {} to test on, {epochs} epochs", test.len());
    println!("as they are   {:.2} %", 100.0 * test_accuracy(&few, &test, epochs, seed)?);
    println!("varied        {:.2} %", 100.0 * test_accuracy(&varied, &test, epochs, seed)?);
    Ok(())
}

/// The accuracy on the test set after training on `data`.
fn test_accuracy(
    data: &impl Source<Input = Image, Target = usize>,
    test: &DataSet<Image, usize>,
    epochs: usize,
    seed: u64,
) -> Result<f64, fnn::Error> {
    let steps = epochs * data.len().div_ceil(BATCH);
    let optimizer = Adam::new(2e-3).scheduled(Schedule::cosine(steps as u64));
    let trainer =
        Trainer::new(Reader::seeded(seed), CrossEntropy, optimizer).batch_size(BATCH).epochs(epochs).seed(seed);
    let network = trainer.progress(Progress::Silent).fit(data)?.network;
    Ok(accuracy(&network.forward_all(test.inputs()), test.targets()).unwrap_or(0.0))
}
