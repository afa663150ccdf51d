use fnn::train::{FineTune, FineTuneBuffers};
use fnn::{losses::CrossEntropy, optimizers::Sgd};

fnn::network! {
    #[split(Features, Head, at = drop)]
    struct Classifier: [4] -> [3] {
        Dense(3),
        Softmax,
        drop: Dropout(0.1),
    }
}

fn main() {
    let classifier = Classifier::seeded(1);
    let mut network = FineTune { frozen: classifier.split().0, head: Head::seeded(1) };
    FineTuneBuffers::<Features, Head, 1>::new().train(&mut network, &CrossEntropy, &Sgd::new(0.1), &[[0.0; 4]], &[1]);
}
