fnn::network! {
    struct Net: [4, 28, 28] -> [10] {
        Conv2d(6, kernel = 3, groups = 4),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 28]; 28]; 4]);
}
