fnn::network! {
    struct Images: [1, 28, 28] {
        three: Conv2d(4, kernel = 3, padding = (1, 2, 3)),
        flat: Conv2d(4, kernel = 3, padding = (1, 1, 0, 0)),
        ends_of_an_axis: Conv2d(4, kernel = 3, padding = ((1, 2, 3), 0)),
        in_brackets: Conv2d(4, kernel = 3, padding = [[1, 2], [3, 4]]),
        negative: DepthwiseConv2d(kernel = 3, padding = ((0, -1), 2)),
        same_axis: Conv2d(4, kernel = 3, padding = (same, 1)),
        causal_image: Conv2d(4, kernel = 3, padding = causal),
        pool: MaxPool2d(3, padding = (0, 1, 2)),
        valid: AvgPool2d(3, padding = valid),
    }
}

fnn::network! {
    struct Sequences: [2, 28] {
        three: Conv1d(4, kernel = 3, padding = (1, 2, 3)),
        nested: Conv1d(4, kernel = 3, padding = ((0, 1), (2, 3))),
        word: Conv1d(4, kernel = 3, padding = full),
        quoted: Conv1d(4, kernel = 3, padding = "causal"),
        negative: Conv1d(4, kernel = 3, padding = (-1, 0)),
        float: Conv1d(4, kernel = 3, padding = (0.5, 0)),
        causal_pool: MaxPool1d(3, padding = causal),
        causal_mean: AvgPool1d(3, padding = (0, causal)),
    }
}

fn main() {}
