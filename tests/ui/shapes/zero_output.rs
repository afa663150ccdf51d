fnn::network! {
    struct Digits: [784] -> [0] {
        hidden: Dense(128),
        Relu,
        logits: Dense(0),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
