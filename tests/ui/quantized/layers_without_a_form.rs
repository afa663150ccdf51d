fnn::network! {
    #[quantizable]
    struct Digits: [2, 6, 6] -> [4] {
        norm: GroupNorm(1),
        conv: Conv2d(4, kernel = 3),
        LayerNorm,
        Residual { Conv2d(4, kernel = 1), inner: RmsNorm },
        Flatten,
        logits: Dense(4),
        LogSoftmax,
    }
}

fn main() {
    let quantized = Digits::seeded(1).quantize(&[]).unwrap();
    println!("{:?}", quantized.forward(&[[[0.0; 6]; 6]; 2]));
}
