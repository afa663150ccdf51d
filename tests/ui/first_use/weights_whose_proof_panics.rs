use fnn::macro_support::{MadeOf, Weights};
use fnn::weights::{Layout, Roles};
use fnn::{Parameters, Scalar};

struct Text(&'static str);

impl<S: Scalar> Weights<S> for Text {
    const MADE: MadeOf<Self, S> = panic!("a text is not made of weights");

    const LAYOUT: Layout = Layout::NOTHING;

    fn roles(start: usize, _: &mut impl Roles) -> usize {
        start + 4
    }

    fn absorb(&mut self, _: &Self) {}
}

#[derive(Parameters)]
#[repr(C)]
struct Named<S: Scalar = f32> {
    gain: S,
    text: Text,
}

fn main() {
    println!("{}", Named::<f32>::zeroed().text.0);
}
