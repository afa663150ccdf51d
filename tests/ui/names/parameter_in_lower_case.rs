fnn::network! {
    struct Digits<const hidden: usize>: [784] -> [10] {
        Dense(hidden),
        Dense(10),
    }
}

fn main() {}
