fnn::network! {
    #[quantizable]
    struct Small: [1, 6, 6] -> [2] {
        conv: Conv2d(4, kernel = (3, 1), padding = (1, 0)),
        Relu,
        Flatten,
        out: Dense(2),
    }
}

static SMALL: fnn::Quantized<Small> = fnn::include_quantized!("int8_another_dilation.int8" as Small);

fn main() {
    let _ = SMALL.forward(&[[[0.0; 6]; 6]]);
}
