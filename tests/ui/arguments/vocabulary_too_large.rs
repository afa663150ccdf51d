fnn::network! {
    struct Net: [8] -> [8, 2] {
        Embedding(65_537, 2),
    }
}

fn main() {}
