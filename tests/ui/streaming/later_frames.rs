//! Padding that stands for frames after the last one, or that a pool would count.

fnn::network! {
    #[streaming]
    struct Net: [4, 10] -> [4, 10] {
        Conv1d(4, kernel = 3, padding = same),
        Conv1d(4, kernel = 3, padding = 1),
        Conv1d(4, kernel = 3, padding = (2, 0)),
        Conv1d(4, kernel = 3, padding = causal),
        MaxPool1d(3, stride = 1, padding = (2, 0)),
        ZeroPad1d((1, 0)),
        MaxPool1d(2, stride = 1),
    }
}

fn main() {}
