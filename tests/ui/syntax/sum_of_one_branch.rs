fnn::network! {
    struct Digits: [784] -> [10] {
        Sum { { Dense(10) } },
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
