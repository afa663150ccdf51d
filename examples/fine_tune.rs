//! Fine-tunes a network on the digits 8 and 9, which it has never seen, as on a microcontroller: the first layers are frozen and
//! stay in place, and only the last one is trained, in little memory.
//!
//! `cargo run --release --example fine_tune`, with `-- --help` for the options.

#[path = "support/options.rs"]
mod options;

use std::error::Error;

use fnn::data::Mnist;
use fnn::metrics::highest;
use fnn::{
    DataSet, Trainer,
    losses::CrossEntropy,
    optimizers::{Adam, Sgd},
    train::{FineTune, FineTuneBuffers},
};
use options::Options;

fnn::network! {
    /// Takes a 28×28 grayscale digit and returns ten class scores.
    #[split(Features, Head, at = logits)]
    #[budget(flash = 128 KiB, ram = 1 KiB)]
    #[derive(Clone)]
    pub struct Digits: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}

/// The RAM that fine-tuning needs, checked by the compiler.
const RAM: usize = FineTune::<Features, Head>::RAM_TRAINING;
const _: () = assert!(RAM <= 4 * 1024);

/// The number of digits that the device sees, each once.
const SEEN: usize = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(Options { epochs, seed, data }) = Options::read("fine_tune", 2)? else { return Ok(()) };
    let Mnist { train, test } = Mnist::read(data)?;

    println!("on a workstation, the digits from 0 to 7:");
    let known = only(&train, |digit| digit < 8);
    let trainer = Trainer::new(Digits::boxed(seed), CrossEntropy, Adam::new(1e-3)).epochs(epochs).seed(seed);
    // In firmware: `static DIGITS: Digits = fnn::include_network!("digits.safetensors" as Digits);`.
    let digits = trainer.fit(&known)?.network;

    let (frozen, head) = digits.split();
    let mut network = FineTune { frozen, head: head.clone() };
    print_accuracies("before", &network, &test);

    let mut memory = FineTuneBuffers::<Features, Head, 1>::new();
    for (input, target) in train.inputs().iter().zip(train.targets()).take(SEEN) {
        memory.train(&mut network, &CrossEntropy, &Sgd::new(0.02), &[*input], &[*target]);
    }
    print_accuracies("after", &network, &test);
    println!("\n{SEEN} digits, each seen once");
    println!("in flash: {} bytes of frozen weights", Features::FLASH);
    println!("in RAM: {RAM} bytes, {} of them trainable weights", Head::FLASH);
    println!("training the whole network would take {} bytes of RAM", Digits::RAM_TRAINING);
    Ok(())
}

/// The samples with the wanted digits.
fn only(set: &DataSet<[f32; 784], usize>, wanted: impl Fn(usize) -> bool) -> DataSet<[f32; 784], usize> {
    let samples = set.inputs().iter().zip(set.targets()).filter(|&(_, &digit)| wanted(digit));
    samples.map(|(input, digit)| (*input, *digit)).collect()
}

/// Print the accuracy on the known digits, on the new ones and on all.
fn print_accuracies(when: &str, network: &FineTune<'_, Features, Head>, test: &DataSet<[f32; 784], usize>) {
    let accuracy = |wanted: fn(usize) -> bool| {
        let set = only(test, wanted);
        let right = set
            .inputs()
            .iter()
            .zip(set.targets())
            .filter(|&(input, digit)| highest(&network.forward(input)) == Some(*digit));
        100.0 * right.count() as f64 / set.len().max(1) as f64
    };
    let (known, new, all) = (accuracy(|digit| digit < 8), accuracy(|digit| digit >= 8), accuracy(|_| true));
    println!("{when:>6}: 0 to 7 {known:5.1} %, 8 and 9 {new:5.1} %, all {all:5.1} %");
}
