//! The second branch of a product has the shape of the first one, or its channels alone.
fnn::network! {
    struct Gated: [3, 8] {
        Conv1d(4, kernel = 3),
        gate: Product { {}, { Conv1d(4, kernel = 3), Sigmoid } },
    }
}

fn main() {}
