fnn::network! {
    struct Net: [2, 28, 28] -> [10] {
        DepthwiseConv2d(kernel = 3, multiplier = 0),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 28]; 28]; 2]);
}
