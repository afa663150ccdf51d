use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
enum Scale<S: Scalar = f32> {
    One(S),
}

fn main() {}
