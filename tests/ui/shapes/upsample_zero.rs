fnn::network! {
    struct Net: [1, 4, 4] -> [10] {
        Upsample2d(0),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 4]; 4]; 1]);
}
