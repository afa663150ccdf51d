fnn::network! {
    struct Digits: [784] -> [10] {
        Dense(10),
        Clip(0.0, f64::INFINITY),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
