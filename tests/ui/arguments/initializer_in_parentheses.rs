fnn::network! {
    struct Net: [8] -> [3] {
        Dense(3, init = HeUniform()),
    }
}

fn main() {}
