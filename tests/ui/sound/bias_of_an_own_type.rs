use fnn::layers::Bias;
use fnn::{Parameters, Scalar};

#[derive(Clone, Debug, PartialEq, Parameters)]
#[repr(C)]
struct Shared<S: Scalar = f32>([S; 1]);

impl<S: Scalar> Bias<[S; 3]> for Shared<S> {}

fn main() {}
