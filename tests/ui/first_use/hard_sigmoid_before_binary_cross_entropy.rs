use fnn::{losses::BinaryCrossEntropy, train::GradientBuffers};

fnn::network! {
    struct Classifier: [4] -> [1] {
        Dense(1),
        HardSigmoid,
    }
}

fn main() {
    let (network, mut gradient) = (Classifier::seeded(1), Classifier::zeroed());
    GradientBuffers::<_, 1>::new().gradient(&network, &BinaryCrossEntropy, &[[0.0; 4]], &[[1.0]], &mut gradient);
}
