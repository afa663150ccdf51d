fnn::network! {
    struct Net: [3, 16] -> [10] {
        Conv1d(4, kernel = 4, dilation = 6),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[0.0; 16]; 3]);
}
