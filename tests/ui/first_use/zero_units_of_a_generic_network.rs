fnn::network! {
    struct Wide<const HIDDEN: usize>: [4] -> [2] {
        hidden: Dense(HIDDEN),
        Tanh,
        logits: Dense(2),
    }
}

fn main() {
    let _ = Wide::<0>::seeded(1).forward(&[0.0; 4]);
}
