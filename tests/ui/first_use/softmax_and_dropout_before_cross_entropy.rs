use fnn::{DataSet, Trainer, losses::CrossEntropy, optimizers::Adam};

fnn::network! {
    struct Classifier: [4] -> [3] {
        Dense(3),
        Softmax,
        Dropout(0.1),
    }
}

fn main() {
    let data = DataSet::from([([0.0; 4], 1)]);
    let _ = Trainer::new(Classifier::seeded(1), CrossEntropy, Adam::new(1e-3)).fit(&data);
}
