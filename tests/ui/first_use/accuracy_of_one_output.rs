use fnn::metrics::accuracy;

fn main() {
    let outputs = [[0.9f32], [0.2]];
    let _ = accuracy(&outputs, &[1, 0]);
}
