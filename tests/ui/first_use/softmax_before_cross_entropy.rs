use fnn::{Backpropagation, CrossEntropy};

fnn::network! {
    struct Classifier: [4] -> [3] {
        Dense(3),
        Softmax,
    }
}

fn main() {
    let mut gradient = Classifier::zeroed();
    let mut memory = Backpropagation::<Classifier, 1>::new();
    memory.gradient(&Classifier::seeded(1), &CrossEntropy, &[[0.0; 4]], &[2], &mut gradient);
}
