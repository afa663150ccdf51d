//! Chapter 8: handwritten digits.

#[path = "../../../../examples/support/mistakes.rs"]
mod mistakes;

use std::path::Path;

use fnn::data::Mnist;
use fnn::metrics::ConfusionMatrix;
use fnn::prelude::*;
use fnn::train::{Progress, Trained};
use fnn_book::{Outcome, figure, pictures};
use mistakes::Mistake;

// ANCHOR: network
fnn::network! {
    /// Takes a 28×28 grayscale digit and returns ten class scores.
    pub struct Digits: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}
// ANCHOR_END: network

fn main() -> Outcome {
    // ANCHOR: train
    let Mnist { train, test } = Mnist::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/mnist"))?;
    let trainer = Trainer::new(Digits::boxed(1), CrossEntropy, Sgd::new(0.03).momentum(0.9))
        .batch_size(64)
        .epochs(3)
        .seed(1)
        .validate(&test);
    // ANCHOR_END: train
    let Trained { network, history, .. } = trainer.progress(Progress::Silent).fit(&train)?;
    println!("epoch   loss in training   on the test set   accuracy there");
    for (number, epoch) in (1..).zip(&history.epochs) {
        let after = epoch.validation.ok_or("a validation set was given")?;
        let accuracy = after.accuracy.ok_or("cross-entropy has an accuracy")?;
        println!("{number:>5}   {:>16.3}   {:>15.3}   {:>12.1} %", epoch.training.loss, after.loss, 100.0 * accuracy);
    }

    let scores = network.forward_all(test.inputs());
    println!("\n{}", ConfusionMatrix::of(&scores, test.targets()));

    let mistakes = mistakes::worst_first(&test, &scores);
    println!("{} of {} digits are wrong", mistakes.len(), test.len());
    let title = |mistake: &Mistake<'_>| format!("a {}, taken for {}", mistake.target, mistake.answer);
    let worst: Vec<_> = mistakes.iter().take(5).map(|mistake| (title(mistake), mistake.pixels)).collect();
    pictures(&figure("digits"), &worst)
}
