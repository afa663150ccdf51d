fnn::network! {
    struct Digits: [1, 28, 28] -> [10] {
        BatchNorm(epsilon = 1e-50),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[[[0.0; 28]; 28]]);
}
