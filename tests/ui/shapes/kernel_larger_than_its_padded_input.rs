fnn::network! {
    struct Net: [1, 8, 8] -> [10] {
        Conv2d(4, kernel = (3, 11), padding = 1),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 8]; 8]; 1]);
}
