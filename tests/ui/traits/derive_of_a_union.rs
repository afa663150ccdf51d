use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
union Scale<S: Scalar = f32> {
    one: S,
}

fn main() {}
