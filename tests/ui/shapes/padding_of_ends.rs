const WIDE: usize = 3;

fnn::network! {
    struct Images: [1, 9, 9] {
        fits: Conv2d(4, kernel = 7, padding = ((1, 0), (0, 1))),
        above: MaxPool2d(2, stride = 1, padding = ((1, 2), 0)),
        right: AvgPool2d((1, 3), stride = 1, padding = (0, (1, WIDE))),
    }
}

fnn::network! {
    struct Sequences: [1, 6] {
        Conv1d(4, kernel = 9, padding = (2, 0)),
    }
}

fnn::network! {
    struct Zeros: [1, 6] {
        Conv1d(4, kernel = 0, padding = same),
        Conv1d(4, kernel = 2, stride = 0, padding = same),
        Conv1d(4, kernel = 2, dilation = 0, padding = causal),
        MaxPool1d(0, padding = same),
    }
}

fn main() {
    let _ = (Images::seeded(1), Sequences::seeded(1), Zeros::seeded(1));
}
