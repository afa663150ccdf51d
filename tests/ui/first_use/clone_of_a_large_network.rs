fnn::network! {
    struct Wide: [784] -> [512] { Dense(512) }
}

fn main() {
    let network = Wide::boxed(1);
    let _ = network.clone();
}
