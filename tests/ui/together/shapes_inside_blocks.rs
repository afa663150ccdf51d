fnn::network! {
    struct Digits: [784] -> [10] {
        first: Residual { Dense(64), Relu },
        Concat { { Dense(8), Residual { Dense(4) } }, { Reshape(3, 5) } },
        Rellu,
        logits: Dense(12),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
