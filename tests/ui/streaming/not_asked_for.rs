//! A network without `#[streaming]` on a stream.

fnn::network! {
    struct Net: [4, 10] -> [2] {
        Conv1d(8, kernel = 3),
        Flatten,
        Dense(2),
    }
}

fn listen(_: &mut fnn::Streaming<Net>) {}

fn main() {}
