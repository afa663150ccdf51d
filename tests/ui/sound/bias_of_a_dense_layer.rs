use fnn::layers::Dense;

fn main() {
    let _ = Dense::<2, 3, f32, [f32; 1]> { weight: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], bias: [0.0] };
}
