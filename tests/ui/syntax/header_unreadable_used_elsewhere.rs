mod model {
    fnn::network! {
        pub struct Digits: 784 -> [10] {
            Dense(10),
        }
    }
}

use model::Digits;

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
