fnn::network! {
    struct Digits: [1, 28, 28] -> [10] {
        Softmax,
        Flatten,
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[[[0.0; 28]; 28]]);
}
