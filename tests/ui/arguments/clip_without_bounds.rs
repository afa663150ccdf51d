fnn::network! {
    struct Digits: [784] -> [10] {
        Dense(10),
        Clip,
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
