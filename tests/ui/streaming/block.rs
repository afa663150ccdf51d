//! A block before `Flatten`.

fnn::network! {
    #[streaming]
    struct Net: [4, 10] -> [2] {
        Residual { Conv1d(4, kernel = 3, padding = causal) },
        Flatten,
        Residual { Dense(40) },
        Dense(2),
    }
}

fn main() {}
