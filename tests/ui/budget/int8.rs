fnn::network! {
    #[budget(flash = 1 MiB, int8(flash = 64 KiB, ram = 16 B))]
    #[quantizable]
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
