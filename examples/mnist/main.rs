//! Trains a network on MNIST, and shows its accuracy and its mistakes.
//!
//! `cargo run --release --example mnist`, with `-- --help` for the options.

#[path = "../../src/plot/chart.rs"]
mod chart;
#[path = "../support/mistakes.rs"]
mod mistakes;
mod options;
mod text;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use chart::Chart;
use fnn::data::Mnist;
use fnn::metrics::ConfusionMatrix;
use fnn::{
    Trainer,
    losses::CrossEntropy,
    optimizers::{Optimizer, Schedule, Sgd},
    train::{Epoch, Evaluation, Trained},
};
use options::Options;

fnn::network! {
    /// Takes a 28×28 grayscale digit and returns ten class scores.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Digits: [784] -> [10] {
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mnist: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = Options::read()? else { return Ok(()) };
    let Mnist { train, test } = Mnist::read(&options.data)?;
    println!("{}", Digits::<f32>::summary());
    println!("{} digits to train on, {} to test on\n", train.len(), test.len());

    // Large steps at first, then smaller and smaller ones.
    let steps = options.epochs * train.len().div_ceil(options.batch_size.max(1));
    let optimizer = Sgd::new(options.learning_rate).momentum(0.9).scheduled(Schedule::cosine(steps as u64));
    let mut trainer = Trainer::new(Digits::boxed(options.seed), CrossEntropy, optimizer)
        .batch_size(options.batch_size)
        .epochs(options.epochs)
        .seed(options.seed)
        .validate(&test);
    if let Some(threads) = options.threads {
        trainer = trainer.threads(threads);
    }
    if let Some(folder) = options.checkpoint.as_ref().or(options.resume.as_ref()) {
        trainer = trainer.checkpoint(folder);
    }
    if let Some(folder) = &options.resume {
        trainer = trainer.resume(folder);
    }
    if let Some(path) = &options.log {
        trainer = trainer.log(path);
    }
    let Trained { network, history, .. } = trainer.fit(&train)?;

    let scores = network.forward_all(test.inputs());
    let confusion = ConfusionMatrix::of(&scores, test.targets());
    println!("\ntest accuracy {:.2} %\n\n{confusion}\n", 100.0 * confusion.accuracy().unwrap_or(0.0));
    text::print(6, &mistakes::worst_first(&test, &scores));
    println!("learning curve: {}", draw(&history.epochs)?.display());
    if let Some(path) = &options.save {
        network.save(path)?;
        println!("weights: {}", path.display());
    }
    Ok(())
}

/// Plot the loss into a file in the current folder.
fn draw(epochs: &[Epoch]) -> Result<PathBuf, Box<dyn Error>> {
    let curve = |evaluation: fn(&Epoch) -> Option<Evaluation>| {
        let losses = (1..).zip(epochs).filter_map(move |(number, epoch)| Some((number, evaluation(epoch)?.loss)));
        losses.map(|(number, loss)| (f64::from(number), loss))
    };
    Chart::new("Cross-entropy during training", "epoch", "loss")
        .logarithmic()
        .line("training set, during the epoch", curve(|epoch| Some(epoch.training)))
        .line("test set, after the epoch", curve(|epoch| epoch.validation))
        .write("mnist.svg")
}
