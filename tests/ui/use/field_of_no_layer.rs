fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(16),
        Relu,
        logits: Dense(10),
    }
}

fn main() {
    println!("{:?}", Digits::seeded(1).hiden.bias);
}
