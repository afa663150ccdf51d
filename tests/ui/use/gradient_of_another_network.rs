use fnn::{losses::CrossEntropy, train::GradientBuffers};

fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(16),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    struct Letters: [784] -> [26] {
        Dense(26),
    }
}

fn main() {
    let (digits, mut gradient) = (Digits::seeded(1), Letters::zeroed());
    let mut memory = GradientBuffers::<Digits, 1>::new();
    memory.gradient(&digits, &CrossEntropy, &[[0.0; 784]], &[3], &mut gradient);
}
