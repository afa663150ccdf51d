use std::marker::PhantomData;

use fnn::weights::Layout;
use fnn::{Parameters, Scalar};

#[repr(C, align(16))]
struct Aligned<S>(PhantomData<S>);

// SAFETY: nobody promised anything of the alignment.
unsafe impl<S: Scalar> Parameters for Aligned<S> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::NOTHING;
}

#[derive(Parameters)]
#[repr(C)]
struct Three<S: Scalar = f32> {
    weight: [S; 3],
    aligned: Aligned<S>,
}

fn main() {
    println!("{}", Three::<f32>::PARAMETERS);
}
