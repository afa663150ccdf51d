//! A network that takes all positions, in front of another layer.

fnn::network! {
    #[streaming]
    struct Encoder: [4, 10] -> [8, 1] {
        Flatten,
        Dense(8),
        Reshape(8, 1),
    }
}

fnn::network! {
    #[streaming]
    struct Net: [4, 10] -> [2] {
        encoder: Encoder,
        Relu,
        Flatten,
        Dense(2),
    }
}

fn main() {
    let _ = fnn::Streaming::<Net>::new().push(&Net::seeded(1), &[0.0; 4]);
}
