const CLASSES: usize = 10;

fnn::network! {
    struct Digits: [784] -> [CLASSES] {
        hidden: Dense(128),
        Relu,
        logits: Dense(CLASSES + 2),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
