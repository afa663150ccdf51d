//! A norm over all of time changes every earlier output with each new frame.

fnn::network! {
    #[streaming]
    struct Net: [4, 10] -> [2] {
        Conv1d(8, kernel = 3),
        norm: LayerNorm,
        groups: GroupNorm(2),
        Softmax(axes = 1),
        Flatten,
        // After `Flatten`, anything goes.
        LayerNorm,
        Dense(2),
        Softmax,
    }
}

fn main() {}
