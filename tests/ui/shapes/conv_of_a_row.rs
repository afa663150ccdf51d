fnn::network! {
    struct Digits: [784] -> [10] {
        Conv2d(4, kernel = 3),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
