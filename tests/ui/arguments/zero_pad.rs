fnn::network! {
    struct Images: [1, 28, 28] {
        missing: ZeroPad2d,
        same: ZeroPad2d(same),
        torch: ZeroPad2d((0, 1, 2, 3)),
        four: ZeroPad2d(0, 1, 2, 3),
        negative: ZeroPad2d((-1, 0)),
        words: AvgPool2d(2, padding = 1, count_padding = yes),
        counted: MaxPool2d(2, padding = 1, count_padding = true),
        Pad(1),
    }
}

fnn::network! {
    struct Sequences: [2, 28] {
        nested: ZeroPad1d(((0, 1), (2, 3))),
        grouped: DepthwiseConv1d(kernel = 3, groups = 2),
        filters: DepthwiseConv1d(8, kernel = 3),
    }
}

fn main() {}
