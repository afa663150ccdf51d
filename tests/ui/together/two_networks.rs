fnn::network! {
    struct Encoder: [784] -> [32] {
        Dens(64),
        Relu,
        Dense(32)
    }
}

fnn::network! {
    #[derive(Clone, Debug)]
    struct Digits: [784] -> [10] {
        encoder: Encoder,
        Relu
        logits: Dense(10),
    }
}

fnn::network! {
    struct Letters: [28, 28] -> [26] {
        Flatten,
        encoder: Encoder,
        skip: Residual { Dense(8) },
        logits: Dense(25),
    }
}

fn main() {
    let digits = Digits::boxed(1).clone();
    println!("{:?} {}", digits.forward(&[0.0; 784]), Digits::PARAMETERS);
    println!("{:?}", Letters::seeded(1).forward(&[[0.0; 28]; 28]));
}
