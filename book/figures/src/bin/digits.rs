//! Chapter 8: handwritten digits.

use std::path::Path;

use fnn::data::Mnist;
use fnn::metrics::{ConfusionMatrix, highest};
use fnn::prelude::*;
use fnn::train::{Progress, Trained};
use fnn_book::{Outcome, figure, pictures};

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

    let mut mistakes: Vec<_> = test
        .inputs()
        .iter()
        .zip(test.targets())
        .zip(&scores)
        .filter_map(|((pixels, &target), scores)| {
            let answer = highest(scores)?;
            let confidence = 1.0 / scores.iter().map(|score| (score - scores[answer]).exp()).sum::<f32>();
            (answer != target).then_some((confidence, format!("a {target}, taken for {answer}"), pixels))
        })
        .collect();
    mistakes.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("{} of {} digits are wrong", mistakes.len(), test.len());
    let worst: Vec<_> = mistakes.into_iter().take(5).map(|(_, title, pixels)| (title, pixels)).collect();
    pictures(&figure("digits"), &worst)
}
