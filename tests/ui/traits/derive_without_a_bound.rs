use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
struct Scale<const N: usize, S> {
    gain: [S; N],
}

fn main() {}
