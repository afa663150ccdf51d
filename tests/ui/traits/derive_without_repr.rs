use fnn::{Parameters, Scalar};

#[derive(Parameters)]
struct Scale<const N: usize, S: Scalar = f32> {
    gain: [S; N],
}

fn main() {}
