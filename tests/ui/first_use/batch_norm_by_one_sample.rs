use fnn::{losses::CrossEntropy, optimizers::Sgd, train::InPlaceBuffers};

fnn::network! {
    struct Classifier: [4] -> [3] {
        Dense(8),
        BatchNorm,
        Relu,
        Dense(3),
    }
}

fn main() {
    let mut network = Classifier::seeded(1);
    InPlaceBuffers::<Classifier, 1>::new().train(&mut network, &CrossEntropy, &Sgd::new(0.1), &[[0.0; 4]], &[1]);
}
