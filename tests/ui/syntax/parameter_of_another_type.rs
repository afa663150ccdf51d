fnn::network! {
    struct Digits<const HIDDEN: u32>: [784] -> [10] {
        hidden: Dense(HIDDEN),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::<128>::seeded(1).forward(&[0.0; 784]);
}
