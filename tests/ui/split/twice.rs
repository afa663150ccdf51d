fnn::network! {
    #[split(A, B, at = logits)]
    #[split(C, D, at = relu_1)]
    struct Digits: [784] -> [10] {
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::boxed(1).forward(&[0.0; 784]);
}
