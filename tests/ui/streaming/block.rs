//! Layers inside of blocks that can't compute on a stream.

fnn::network! {
    #[streaming]
    struct Net: [4, 10] -> [2] {
        Residual { LayerNorm, Conv1d(4, kernel = 3, padding = causal) },
        Sum { { Flatten, Dense(40), Reshape(4, 10) }, {} },
        Flatten,
        Residual { Dense(40), LayerNorm },
        Dense(2),
    }
}

fn main() {}
