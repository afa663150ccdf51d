fn main() {
    fnn::network! {
        struct Digits: [784] -> [10] {
            hidden: Dense(128),
            Relu
            logits: Dense(10),
        }
    }

    let digits = Digits::seeded(1);
    let scores: [f32; 10] = digits.forward(&[0.0; 784]);
    println!("{scores:?} {:?}", digits.hidden.weight);
}
