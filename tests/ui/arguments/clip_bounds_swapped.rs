fnn::network! {
    struct Digits: [784] -> [10] {
        Dense(10),
        Clip(1.0, -1.0),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
