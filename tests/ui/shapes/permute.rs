//! An order of axes that isn't one, and one for another rank.

fn main() {}

fnn::network! {
    struct Twice: [4, 3] -> [3, 4] {
        Permute(1, 1),
    }
}

fnn::network! {
    struct Sequence: [4, 3] -> [3, 4] {
        Permute(2, 0, 1),
    }
}
