fnn::network! {
    struct Small: [2] -> [1] {
        hidden: Dense(3),
        Relu,
        out: Dense(1),
    }
}

static SMALL: Small = fnn::include_network!("not_a_number.safetensors" as Small);

fn main() {
    let _ = SMALL.forward(&[0.0; 2]);
}
