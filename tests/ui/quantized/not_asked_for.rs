use fnn::Quantized;

fnn::network! {
    struct Whole: [2] -> [4] {
        Dense(4),
    }
}

fn main() {
    let quantized: Option<Quantized<Whole>> = None;
    println!("{:?}", quantized.is_some());
}
