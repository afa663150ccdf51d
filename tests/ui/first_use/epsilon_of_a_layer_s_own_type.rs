use fnn::{Network, layers::LayerNorm};

fn main() {
    let norm = LayerNorm::<[f32; 2], [f32; 2], { f64::to_bits(1e-50) }>::new([1.0; 2], [0.0; 2]);
    let _ = norm.forward(&[3.0, 7.0]);
}
