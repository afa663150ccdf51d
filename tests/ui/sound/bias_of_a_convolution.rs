use fnn::Network;
use fnn::layers::{Conv, Window};

type Two = Conv<[[f32; 4]; 1], [[f32; 3]; 2], [[[f32; 2]; 1]; 2], Window<2>, [f32; 1]>;

fn main() {
    let conv = Two::new([[[1.0, 1.0]], [[1.0, -1.0]]], [0.0]);
    println!("{:?}", conv.forward(&[[1.0, 2.0, 3.0, 4.0]]));
}
