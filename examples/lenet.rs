//! A convolutional network on MNIST: LeCun's LeNet-5 with ReLU and max pooling.
//!
//! `cargo run --release --example lenet`, with `-- --help` for the options.
//! LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.

#[path = "support/options.rs"]
mod options;

use std::error::Error;

use fnn::data::Mnist;
use fnn::{
    Trainer,
    losses::CrossEntropy,
    optimizers::{Adam, Optimizer, Schedule},
    train::evaluate,
};
use options::Options;

fnn::network! {
    /// Takes a 28×28 grayscale digit and returns ten class scores.
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

fn main() -> Result<(), Box<dyn Error>> {
    let Some(Options { epochs, seed, data }) = Options::read("lenet", 5)? else { return Ok(()) };
    let Mnist { train, test } = Mnist::read(data)?;
    println!("{}\n", LeNet::summary());

    let steps = epochs * train.len().div_ceil(BATCH);
    let trained =
        Trainer::new(LeNet::boxed(seed), CrossEntropy, Adam::new(2e-3).scheduled(Schedule::cosine(steps as u64)))
            .batch_size(BATCH)
            .epochs(epochs)
            .seed(seed)
            .validate(&test)
            .fit(&train)?;

    let accuracy = evaluate(&*trained.network, &CrossEntropy, &test).accuracy.unwrap_or(0.0);
    println!("\ntest accuracy {:.2} %", 100.0 * accuracy);
    Ok(())
}
