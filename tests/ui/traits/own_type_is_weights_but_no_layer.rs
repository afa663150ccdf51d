use fnn::{Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
struct Scale<const N: usize, S: Scalar = f32> {
    gain: [S; N],
}

fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(128),
        scale: Scale<128>,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
