//! A network inside of one on a stream, which wasn't declared for one.

fnn::network! {
    struct Encoder: [4, 10] -> [8, 8] {
        Conv1d(8, kernel = 3),
    }
}

fnn::network! {
    #[streaming]
    struct Net: [4, 10] -> [2] {
        encoder: Encoder,
        Flatten,
        Dense(2),
    }
}

fn main() {}
