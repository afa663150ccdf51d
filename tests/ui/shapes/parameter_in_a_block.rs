fnn::network! {
    struct Digits<const HIDDEN: usize>: [784] -> [10] {
        hidden: Dense(HIDDEN),
        Relu,
        logits: Dense({ HIDDEN }),
    }
}

fn main() {
    let _ = Digits::<128>::seeded(1).forward(&[0.0; 784]);
}
