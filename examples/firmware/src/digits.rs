//! Digits and the networks that classify them, in flash.

/// The number of digits to classify.
pub const COUNT: usize = 200;
/// The number of digits to learn from.
pub const PRACTICE: usize = 300;

#[cfg(not(feature = "host"))]
pub use trained::{DIGITS, FEATURES_INT8, FLOWERS, FLOWERS_INT8, LENET_INT8, READER, SMALL_DIGITS, practice, report, test};

/// Everything that needs the weight files.
#[cfg(not(feature = "host"))]
mod trained {
    use core::fmt::{Result, Write};

    use fnn::metrics::highest;
    use fnn::{Quantized, include_network, include_quantized};

    use super::{COUNT, PRACTICE};
    use crate::hash::Hash;
    use crate::{Digits, Features, Flowers, LeNet, Reader, SmallDigits};

    /// 784-128-10, trained by the example `mnist`.
    pub static DIGITS: Digits = include_network!("../weights/digits.safetensors" as Digits);
    /// 4-16-16-3.
    pub static FLOWERS: Flowers = include_network!("../weights/flowers.safetensors" as Flowers);
    /// 784-32-10, trained on the digits from 0 to 7.
    pub static READER: Reader = include_network!("../weights/reader.safetensors" as Reader);
    /// The layers of the last one before its head, in int8.
    pub static FEATURES_INT8: Quantized<Features> = include_quantized!("../weights/features.int8" as Features);
    /// 784-32-10 in int8.
    pub static SMALL_DIGITS: Quantized<SmallDigits> =
        include_quantized!("../weights/small_digits.int8" as SmallDigits);
    /// LeNet in int8.
    pub static LENET_INT8: Quantized<LeNet> = include_quantized!("../weights/lenet.int8" as LeNet);
    /// 4-16-16-3 in int8.
    pub static FLOWERS_INT8: Quantized<Flowers> =
        include_quantized!("../weights/flowers.int8" as Flowers);

    /// The first MNIST test digits: each one's class, and then its pixels from 0 to 255.
    static TEST: &[u8; 785 * COUNT] = include_bytes!("../weights/test.bin");
    /// The first MNIST training digits.
    static TRAIN: &[u8; 785 * PRACTICE] = include_bytes!("../weights/practice.bin");

    /// Digits, as pixels from 0 to 1, and their classes.
    fn digits(bytes: &[u8]) -> impl Iterator<Item = ([f32; 784], usize)> {
        let (digits, _) = bytes.as_chunks::<785>();
        digits.iter().map(|[label, pixels @ ..]| (pixels.map(|pixel| f32::from(pixel) / 255.0), usize::from(*label)))
    }

    /// The digits to classify.
    pub fn test() -> impl Iterator<Item = ([f32; 784], usize)> {
        digits(TEST)
    }

    /// The digits to learn from.
    pub fn practice() -> impl Iterator<Item = ([f32; 784], usize)> {
        digits(TRAIN)
    }

    /// Print how many are classified correctly, in `f32` and in int8, and a hash of all int8 outputs.
    pub fn report(out: &mut impl Write) -> Result {
        let right = right(|pixels| highest(&DIGITS.forward(pixels)));
        writeln!(out, "784-128-10, f32: {right} of {COUNT} correct")?;
        report_int8(out, "784-32-10", |pixels| {
            let scores = SMALL_DIGITS.forward_integers(&SMALL_DIGITS.quantize(pixels));
            (scores, SMALL_DIGITS.dequantize(&scores))
        })?;
        report_int8(out, "LeNet", |pixels| {
            let scores = LENET_INT8.forward_integers(&LENET_INT8.quantize(&image(pixels)));
            (scores, LENET_INT8.dequantize(&scores))
        })
    }

    fn report_int8(out: &mut impl Write, name: &str, scores: impl Fn(&[f32; 784]) -> ([i8; 10], [f32; 10])) -> Result {
        let mut hash = Hash::new();
        let right = right(|pixels| {
            let (integers, scores) = scores(pixels);
            integers.iter().for_each(|integer| hash.add(&integer.to_le_bytes()));
            highest(&scores)
        });
        writeln!(out, "{name}, int8: {right} of {COUNT} correct, scores {hash}")
    }

    /// An image in LeNet's input shape.
    fn image(pixels: &[f32; 784]) -> [[[f32; 28]; 28]; 1] {
        let mut image = [[0.0; 28]; 28];
        image.as_flattened_mut().copy_from_slice(pixels);
        [image]
    }

    /// How many of the digits are classified correctly.
    fn right(mut class: impl FnMut(&[f32; 784]) -> Option<usize>) -> usize {
        test().filter(|(pixels, label)| class(pixels) == Some(*label)).count()
    }
}
