fnn::network! {
    struct Net: [1, 28, 28] -> [10] {
        MaxPool2d(2, padding = 2),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 28]; 28]; 1]);
}
