fnn::network! {
    #[split(Features, Head, at = logits, statistics = batch)]
    struct Digits: [784] -> [10] {
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::boxed(1).forward(&[0.0; 784]);
}
