fnn::network! {
    struct Net: [2, 5, 5] -> [10] {
        DepthwiseConv2d(kernel = 7),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 5]; 5]; 2]);
}
