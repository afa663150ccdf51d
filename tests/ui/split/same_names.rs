//! Parts called alike, and like the whole network.

fn main() {}

fnn::network! {
    #[split(Part, Part, at = logits)]
    struct Halves: [8] -> [3] {
        Dense(4),
        logits: Dense(3),
    }
}

fnn::network! {
    #[split(Features, Whole, at = logits)]
    struct Whole: [8] -> [3] {
        Dense(4),
        logits: Dense(3),
    }
}
