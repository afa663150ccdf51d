fnn::network! {
    struct Digits<const SIDE: usize>: [SIDE, SIDE] -> [10] {
        Flatten,
        Dense(10),
    }
}

fn main() {
    let _ = Digits::<28>::seeded(1).forward(&[[0.0; 28]; 28]);
}
