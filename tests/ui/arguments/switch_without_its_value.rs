fnn::network! {
    struct Net: [1, 8, 8] -> [4, 6, 6] {
        Conv2d(4, kernel = 3, bias),
    }
}

fn main() {}
