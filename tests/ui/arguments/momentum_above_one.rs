fnn::network! {
    struct Net: [8] -> [8] {
        BatchNorm(momentum = 1.5),
    }
}

fn main() {}
