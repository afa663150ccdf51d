fnn::network! {
    struct Photo: [3, 512, 512] -> [16, 512, 512] {
        Conv2d(16, kernel = 3, padding = same),
        Relu,
        Conv2d(16, kernel = 3, padding = same),
    }
}

fn main() {
    let _ = Photo::boxed(1).forward(&[[[0.0; 512]; 512]; 3]);
}
