fnn::network! {
    #[derive(Clone, Copy, Default)]
    struct Digits: [784] -> [10] {
        Dense(10),
    }
}

fn main() {}
