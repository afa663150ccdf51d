fnn::network! {
    struct Wide<const HIDDEN: usize>: [4] -> [2] {
        hidden: Dense(HIDDEN),
        Tanh,
        logits: Dense(HIDDEN),
    }
}

fn main() {
    let _ = Wide::<3>::seeded(1).forward(&[0.0; 4]);
}
