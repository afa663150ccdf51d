fnn::network! {
    pub struct Digits: [1, 28, 28] -> [10] {
        hidden: Dense(128),
        Rellu,
        logits: Dense(12),
    }
}

fn main() {}
