fnn::network! {
    struct Inside: [3] -> [5] {
        Dense(5),
    }
}

fnn::network! {
    #[quantizable]
    struct Whole: [2] -> [4] {
        Dense(3),
        inside: Inside,
        Dense(4),
    }
}

fn main() {
    let quantized = Whole::seeded(1).quantize(&[]).unwrap();
    println!("{:?}", quantized.forward(&[0.0; 2]));
}
