use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
struct Scale<S: Scalar = f32> {
    gain: Vec<S>,
}

fn main() {}
