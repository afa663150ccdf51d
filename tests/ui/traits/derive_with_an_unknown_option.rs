use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
#[parameters(krate = fnn)]
struct Scale<const N: usize, S: Scalar = f32> {
    gain: [S; N],
}

fn main() {}
