fnn::network! {
    #[budget(int8(flash = 64 KiB))]
    struct Digits: [784] -> [10] {
        hidden: Dense(128),
        BatchNorm,
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::boxed(1).forward(&[0.0; 784]);
}
