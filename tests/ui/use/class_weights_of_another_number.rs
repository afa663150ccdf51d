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
    let loss = CrossEntropy.class_weights([1.0; 9]);
    let _ = Trainer::new(Digits::seeded(1), loss, Adam::new(1e-3)).fit(&data);
}
