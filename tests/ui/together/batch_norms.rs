fnn::network! {
    struct Digits: [2, 6, 6] -> [4] {
        conv: Conv2d(4, kernel = 9),
        BatchNorm,
        Relu,
        block: Residual { Conv2d(5, kernel = 1), BatchNorm },
        Flatten,
        Dense(UNITS),
        BatchNorm(momentum = -0.1),
        logits: Dense(3),
    }
}

fn main() {
    let folded = Digits::seeded(1).fold_batch_norm();
    println!("{:?}", folded.forward(&[[[0.0; 6]; 6]; 2]));
}
