fnn::network! {
    struct Digits: [784] -> [10] {
        Dense(16),
        Embedding(100, 8),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
