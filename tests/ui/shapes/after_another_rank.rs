fnn::network! {
    struct Digits: [1, 28, 28] -> [10] {
        GlobalAvgPool,
        MaxPool2d(40),
        LayerNorm(axes = 3),
        GroupNorm(3),
        Flatten,
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[[[0.0; 28]; 28]]);
}
