fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(16),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    struct Letters: [784] -> [26] {
        Dense(26),
    }
}

fn read(digits: &Digits, picture: &[f32; 784]) -> [f32; 10] {
    digits.forward(picture)
}

fn main() {
    let letters = Letters::seeded(1);
    println!("{:?}", read(&letters, &[0.0; 784]));
}
