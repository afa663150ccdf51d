fnn::network! {
    #[quantisable]
    struct Digits: [784] -> [10] {
        Dense(10),
    }
}

fn main() {}
