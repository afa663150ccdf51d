fnn::network! {
    struct Half: [8] -> [4] {
        Dense(4),
    }
}

fnn::network! {
    struct Double: [4] -> [8] {
        Dense(8),
    }
}

fnn::network! {
    struct Digits: [784] -> [10] {
        Dense(4),
        double: Double,
        Flatten,
        skip: Residual { half: Half, Flatten },
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
