fnn::network! {
    struct Digits: [1, 28, 28] -> [10] {
        hidden: Dense(128, biass = false),
        Rellu,
        hidden: Dense(0),
        Dropout(1.0),
        logits: Dense(10),
    }
}

fn main() {
    let digits = Digits::seeded(1);
    let scores: [f32; 10] = digits.forward(&[[[0.0; 28]; 28]]);
    println!("{scores:?} {:?}", digits.hidden.weight);
}
