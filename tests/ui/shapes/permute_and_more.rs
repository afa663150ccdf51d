//! Layers behind an order of axes that isn't one, with and without an output in the header.

fn main() {}

fnn::network! {
    struct Declared: [4, 3] -> [2] {
        Permute(1, 1),
        Conv1d(3, kernel = 2),
        Flatten,
        Dense(2),
    }
}

fnn::network! {
    struct Open: [4, 3] {
        Concat { { Permute(2, 0, 1) }, {} },
        Permute(1),
    }
}
