//! A module that looks like the library, and takes anything for weights.

use fnn::{Parameters, Scalar};

mod lookalike {
    pub mod macro_support {
        pub use fnn::macro_support::{Field, Layout, MadeOf, Parameters, Roles, Scalar};

        pub trait Weights<S: Scalar> {
            const MADE: MadeOf<[S; 4], S> = MadeOf::PROOF;

            const LAYOUT: Layout = Layout::NOTHING;

            fn roles(start: usize, _: &mut impl Roles) -> usize {
                start
            }

            fn absorb(&mut self, _: &Self) {}
        }

        impl<S: Scalar, T> Weights<S> for T {}
    }
}

#[derive(Parameters)]
#[parameters(crate = lookalike)]
#[repr(C)]
struct Text<S: Scalar = f32> {
    text: &'static str,
    scalar: std::marker::PhantomData<S>,
}

fn main() {}
