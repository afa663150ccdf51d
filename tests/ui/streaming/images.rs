//! The frames of a stream are vectors.

fnn::network! {
    #[streaming]
    struct Net: [1, 4, 10] -> [2] {
        Conv2d(8, kernel = 3),
        Flatten,
        Dense(2),
    }
}

fn main() {}
