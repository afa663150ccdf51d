use fnn::{Network, layers::Dense};

fn main() {
    let _ = Dense::<1, 200_000>::boxed(1).forward(&[0.0]);
}
