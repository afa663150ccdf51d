fnn::network! {
    struct Fused: [10] -> [5] {
        Slice(4, 4),
        Dense(5),
    }
}

fn main() {
    let _ = Fused::seeded(1).forward(&[0.0; 10]);
}
