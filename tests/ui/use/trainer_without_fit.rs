#![deny(unused_must_use)]

use fnn::{Trainer, losses::CrossEntropy, optimizers::Adam};

fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(16),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    Trainer::new(Digits::seeded(1), CrossEntropy, Adam::new(1e-3)).epochs(2);
}
