fnn::network! {
    struct Digits: [1, 28, 28] {
        Conv2d(4, kernel = 3, padding = "same"),
        Gelu("tanh"),
        Flatten,
        Dense(10, bias = "false", init = "HeNormal"),
    }
}

fn main() {}
