use fnn::layers::Dense;

fn outputs(dense: &Dense<2, 3, f32, [f32; 5]>) -> usize {
    dense.weight[0].len()
}

fn main() {}
