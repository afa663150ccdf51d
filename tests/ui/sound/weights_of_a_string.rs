use fnn::Scalar;
use fnn::macro_support::{MadeOf, Weights};
use fnn::weights::{Layout, Roles};

struct Text(&'static str);

impl<S: Scalar> Weights<S> for Text {
    const MADE: MadeOf<Self, S> = MadeOf::PROOF;

    const LAYOUT: Layout = Layout::NOTHING;

    fn roles(start: usize, _: &mut impl Roles) -> usize {
        start + 4
    }

    fn absorb(&mut self, _: &Self) {}
}

fn main() {}
