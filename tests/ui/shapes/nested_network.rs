fnn::network! {
    struct Encoder: [64] -> [32] {
        Dense(32),
    }
}

fnn::network! {
    struct Digits: [784] -> [10] {
        encoder: Encoder,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
