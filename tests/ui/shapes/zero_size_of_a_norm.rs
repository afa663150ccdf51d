fnn::network! {
    struct Net: [4, 3] -> [4, 3] {
        LocalResponseNorm(0),
    }
}

fn main() {
    let _ = Net::seeded(1);
}
