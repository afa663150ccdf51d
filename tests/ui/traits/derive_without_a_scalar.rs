use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
struct Scale<const N: usize> {
    gain: [f32; N],
}

fn main() {}
