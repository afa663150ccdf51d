use fnn::{losses::MeanSquaredError, train::GradientBuffers};

fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(16),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let mut gradient = Digits::zeroed();
    let mut memory = GradientBuffers::<Digits, 1>::new();
    memory.gradient(&Digits::seeded(1), &MeanSquaredError, &[[0.0; 784]], &[3usize], &mut gradient);
}
