fnn::network! {
    struct Fused: [10] -> [8] {
        Concat { { Slice(0, 4), Dense(3) }, { Slice(4, 11), Dense(5) } },
    }
}

fn main() {
    let _ = Fused::seeded(1).forward(&[0.0; 10]);
}
