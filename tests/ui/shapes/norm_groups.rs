fnn::network! {
    struct Net: [6, 4, 4] -> [10] {
        GroupNorm(4),
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1).forward(&[[[0.0; 4]; 4]; 6]);
}
