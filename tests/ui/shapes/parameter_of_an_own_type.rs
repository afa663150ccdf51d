fnn::network! {
    struct Scale<const N: usize>: [N] -> [N] {
        Relu,
    }
}

fnn::network! {
    struct Digits<const HIDDEN: usize>: [784] -> [10] {
        Dense(HIDDEN),
        Scale<HIDDEN>,
        Dense(10),
    }
}

fn main() {
    let _ = Digits::<32>::seeded(1).forward(&[0.0; 784]);
}
