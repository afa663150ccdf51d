//! Squeeze and excitation takes all positions before it multiplies the first one.
fnn::network! {
    #[streaming]
    struct Squeezed: [3, 8] {
        Product { {}, { GlobalAvgPool, Dense(3), Sigmoid } },
        GlobalAvgPool,
    }
}

fn main() {
    let _ = fnn::Streaming::<Squeezed>::new().push(&Squeezed::seeded(1), &[0.0; 3]);
}
