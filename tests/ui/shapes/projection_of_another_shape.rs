fnn::network! {
    struct Net: [2, 8, 8] -> [10] {
        Residual { { Conv2d(3, kernel = 3, padding = 1) }, { Conv2d(4, kernel = 1) } },
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 8]; 8]; 2]);
}
