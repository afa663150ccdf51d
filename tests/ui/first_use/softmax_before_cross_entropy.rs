use fnn::{losses::CrossEntropy, train::GradientBuffers};

fnn::network! {
    struct Classifier: [4] -> [3] {
        Dense(3),
        Softmax,
    }
}

fn main() {
    let mut gradient = Classifier::zeroed();
    let mut memory = GradientBuffers::<Classifier, 1>::new();
    memory.gradient(&Classifier::seeded(1), &CrossEntropy, &[[0.0; 4]], &[2], &mut gradient);
}
