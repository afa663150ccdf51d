fnn::network! {
    struct Net: [8] -> [10] {
        Reshape(2, 0, 4),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[0.0; 8]);
}
