fnn::network! {
    struct Digits: [1, 28, 28] -> [10] {
        Conv2d(4, kernel = (3, 3, 3)),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[[[0.0; 28]; 28]]);
}
