fnn::network! {
    struct Digits: [784] -> [20] {
        Concat { left: { Dense(10) }, { Dense(10) } },
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
