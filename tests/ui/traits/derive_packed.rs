use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C, packed)]
struct Scale<const N: usize, S: Scalar = f32> {
    gain: [S; N],
}

fn main() {}
