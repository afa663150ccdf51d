fnn::network! {
    struct Net: [4] -> [10] {
        Embedding(0, 8),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[0; 4]);
}
