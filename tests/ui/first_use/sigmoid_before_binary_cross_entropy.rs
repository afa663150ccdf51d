use fnn::{DataSet, Trainer, losses::BinaryCrossEntropy, optimizers::Adam};

fnn::network! {
    struct Classifier: [4] -> [1] {
        Dense(1),
        Sigmoid,
    }
}

fn main() {
    let data = DataSet::from([([0.0; 4], [1.0])]);
    let _ = Trainer::new(Classifier::seeded(1), BinaryCrossEntropy, Adam::new(1e-3)).fit(&data);
}
