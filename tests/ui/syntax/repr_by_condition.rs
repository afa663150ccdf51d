fnn::network! {
    #[cfg_attr(all(), repr(align(16)))]
    struct Digits: [784] -> [10] {
        Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
