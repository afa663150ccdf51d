use fnn::{DataSet, Trainer, losses::CrossEntropy, optimizers::Adam};

fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(16),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let data = DataSet::from([([0.0; 784], 3usize)]);
    let other = DataSet::from([([0.0; 784], [0.1; 10])]);
    let _ = Trainer::new(Digits::seeded(1), CrossEntropy, Adam::new(1e-3)).validate(&other).fit(&data);
}
