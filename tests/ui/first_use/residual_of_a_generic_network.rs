fnn::network! {
    struct Wide<const HIDDEN: usize, const INNER: usize>: [4] -> [2] {
        hidden: Dense(HIDDEN),
        skip: Residual { Dense(INNER), Tanh },
        logits: Dense(2),
    }
}

fn main() {
    let _ = Wide::<3, 5>::seeded(1).forward(&[0.0; 4]);
}
