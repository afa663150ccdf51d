fnn::network! {
    struct Digits: [1, 28, 28] -> [10] {
        hidden: Dense(128, biass = false),
        Rellu,
        hidden: Dense(0),
        Dropout(1.0),
        logits: Dense(12),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[[[0.0; 28]; 28]]);
}
