const CLASSES: usize = 0;

fnn::network! {
    struct Digits: [784] -> [CLASSES] {
        hidden: Dense(128),
        Relu,
        logits: Dense(CLASSES),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
