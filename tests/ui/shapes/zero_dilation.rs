fnn::network! {
    struct Net: [1, 28, 28] -> [10] {
        Conv2d(4, kernel = 3, dilation = 0),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 28]; 28]; 1]);
}
