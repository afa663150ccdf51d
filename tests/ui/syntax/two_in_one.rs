fnn::network! {
    struct Digits: [784] -> [10] {
        Dense(10),
    }

    struct Letters: [784] -> [26] {
        Dense(26),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
