//! Digits and what reads them, in flash.

/// How many digits there are to read.
pub const COUNT: usize = 200;
/// How many other digits there are to learn from.
pub const PRACTICE: usize = 300;

#[cfg(not(feature = "host"))]
pub use trained::{DIGITS, FLOWERS, FLOWERS_INT8, LENET_INT8, READER, SMALL_DIGITS, practice, report, test};

/// What there is once the weights are.
#[cfg(not(feature = "host"))]
mod trained {
    use core::fmt::{Result, Write};

    use fnn::metrics::highest;
    use fnn::{Quantized, include_network};

    use super::{COUNT, PRACTICE};
    use crate::hash::Hash;
    use crate::{Digits, Flowers, LeNet, Reader, SmallDigits};

    /// 784-128-10, trained by the example `mnist`.
    pub static DIGITS: Digits = include_network!("../weights/digits.safetensors" as Digits);
    /// 4-16-16-3.
    pub static FLOWERS: Flowers = include_network!("../weights/flowers.safetensors" as Flowers);
    /// 784-32-10, which has seen the digits from 0 to 7.
    pub static READER: Reader = include_network!("../weights/reader.safetensors" as Reader);
    /// 784-32-10 in 8 bits.
    pub static SMALL_DIGITS: Quantized<SmallDigits> =
        Quantized::<SmallDigits>::from_bytes(include_bytes!("../weights/small_digits.int8"));
    /// LeNet in 8 bits.
    pub static LENET_INT8: Quantized<LeNet> = Quantized::<LeNet>::from_bytes(include_bytes!("../weights/lenet.int8"));
    /// 4-16-16-3 in 8 bits.
    pub static FLOWERS_INT8: Quantized<Flowers> =
        Quantized::<Flowers>::from_bytes(include_bytes!("../weights/flowers.int8"));

    /// The first of MNIST's test digits: what each is, and then its grey levels from 0 to 255.
    static TEST: &[u8; 785 * COUNT] = include_bytes!("../weights/test.bin");
    /// The first of those to train on.
    static TRAIN: &[u8; 785 * PRACTICE] = include_bytes!("../weights/practice.bin");

    /// Digits, as grey levels from 0 to 1, and what they are.
    fn digits(bytes: &[u8]) -> impl Iterator<Item = ([f32; 784], usize)> {
        let (digits, _) = bytes.as_chunks::<785>();
        digits.iter().map(|[label, pixels @ ..]| (pixels.map(|pixel| f32::from(pixel) / 255.0), usize::from(*label)))
    }

    /// The digits to read.
    pub fn test() -> impl Iterator<Item = ([f32; 784], usize)> {
        digits(TEST)
    }

    /// The digits to learn from.
    pub fn practice() -> impl Iterator<Item = ([f32; 784], usize)> {
        digits(TRAIN)
    }

    /// How many are read right, in `f32` and in 8 bits, and a hash of all the integers that 8 bits give.
    pub fn report(out: &mut impl Write) -> Result {
        let right = right(|pixels| highest(&DIGITS.forward(pixels)));
        writeln!(out, "784-128-10, f32: {right} of {COUNT} right")?;
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
        writeln!(out, "{name}, 8 bits: {right} of {COUNT} right, scores {hash}")
    }

    /// An image as LeNet takes it.
    fn image(pixels: &[f32; 784]) -> [[[f32; 28]; 28]; 1] {
        let mut image = [[0.0; 28]; 28];
        image.as_flattened_mut().copy_from_slice(pixels);
        [image]
    }

    /// How many of the digits are given the class that they have.
    fn right(mut class: impl FnMut(&[f32; 784]) -> Option<usize>) -> usize {
        test().filter(|(pixels, label)| class(pixels) == Some(*label)).count()
    }
}
