fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(128, init = he_normal),
        Relu,
        logits: Dense(10, init = zeros),
    }
}

fn main() {}
