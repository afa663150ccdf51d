fnn::network! {
    struct Gated: [8] {
        Product { {}, { Dense(8), Sigmoid }, { Dense(8), Sigmoid } },
    }
}

fn main() {}
