use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
struct Scale<const N: usize, S: Scalar = f32> {
    gain: [S; N],
    count: usize,
}

fn main() {}
