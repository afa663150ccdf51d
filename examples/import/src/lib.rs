//! A LeNet that PyTorch has trained: `lenet.onnx`, as the build script declares it.

#![no_std]

include!(concat!(env!("OUT_DIR"), "/le_net.rs"));

/// The first MNIST test digits: each one's class, and then its pixels from 0 to 255.
static TEST: &[u8] = include_bytes!("../../firmware/weights/test.bin");

/// Digits, as images with pixels from 0 to 1, and their classes.
pub fn digits() -> impl Iterator<Item = ([[[f32; 28]; 28]; 1], usize)> {
    let (digits, _) = TEST.as_chunks::<785>();
    digits.iter().map(|[label, pixels @ ..]| {
        let mut image = [[[0.0; 28]; 28]; 1];
        for (row, pixels) in image[0].iter_mut().zip(pixels.as_chunks::<28>().0) {
            *row = pixels.map(|pixel| f32::from(pixel) / 255.0);
        }
        (image, usize::from(*label))
    })
}
