fnn::network! {
    struct Digits: [784] {
        Dense(784),
        again: Digits,
    }
}

fn main() {}
