fnn::network! {
    struct Digits: [28; 28] -> [10] {
        Flatten,
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
