fnn::network! {
    struct Net: [1, 28] -> [10] {
        MaxPool1d(0),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[0.0; 28]; 1]);
}
