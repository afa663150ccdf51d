//! Branches of a sum that answer after two frames and after one.

fnn::network! {
    #[streaming]
    struct Net: [2, 16] -> [4, 8] {
        Sum { { Conv1d(4, kernel = 2, stride = 2) }, { Conv1d(4, kernel = 9) } },
    }
}

fn main() {
    let _ = fnn::Streaming::<Net>::new().push(&Net::seeded(1), &[0.0; 2]);
}
