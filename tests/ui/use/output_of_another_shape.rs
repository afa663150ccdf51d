fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(16),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    let scores: [f32; 12] = Digits::seeded(1).forward(&[0.0; 784]);
    println!("{scores:?}");
}
