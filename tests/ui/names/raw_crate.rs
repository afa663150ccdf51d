fnn::network! {
    struct Digits: [784] -> [10] {
        r#crate: Dense(128),
        Dense(10),
    }
}

fn main() {}
