mod model {
    fnn::network! {
        pub struct Digits: [784] -> [10] {
            hidden: Dense(128),
            Relu
            logits: Dense(10),
        }
    }

    pub mod inner {
        pub fn digits() -> Box<super::Digits> {
            super::Digits::boxed(1)
        }
    }
}

mod other {
    use crate::model::{Digits, inner::digits};

    pub fn read(digits: &Digits) -> [f32; 10] {
        digits.forward(&[0.0; 784])
    }

    pub fn read_again() -> [f32; 10] {
        digits().forward(&[0.0; 784])
    }
}

fn main() {
    println!("{:?}", other::read(&model::Digits::seeded(1)));
    println!("{:?}", other::read_again());
}
