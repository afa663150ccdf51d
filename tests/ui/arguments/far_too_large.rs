fnn::network! {
    struct Net: [6, 8, 8] -> [10] {
        a: Conv2d(6, kernel = 3, padding = 10000000000000000000),
        b: Conv2d(6, kernel = 18446744073709551615, padding = 1),
        c: DepthwiseConv2d(kernel = 3, dilation = 18446744073709551616),
        Flatten,
        d: Dense(16777217),
        e: Dense(10),
    }
}

fn main() {
    let _ = Net::seeded(1);
}
