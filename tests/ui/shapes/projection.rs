fnn::network! {
    struct Digits: [784] -> [10] {
        Residual { { Dense(64), Relu }, { Dense(32) } },
        Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
