//! Weights and digits in flash.

#[cfg(not(feature = "host"))]
use {crate::{Digits, Flowers, SmallDigits}, fnn::Quantized};

/// A value of plain numbers from a file of its bytes, in the order of this machine: little-endian, as all of these are.
#[cfg(not(feature = "host"))]
macro_rules! from_file {
    ($type:ty, $file:literal) => {
        // SAFETY: every bit pattern is a value of the type; a file of another length is a compile error.
        unsafe { core::mem::transmute::<[u8; size_of::<$type>()], $type>(*include_bytes!(concat!("../weights/", $file))) }
    };
}

/// 784-128-10, trained by the example `mnist`'s recipe.
#[cfg(not(feature = "host"))]
pub static DIGITS: Digits = from_file!(Digits, "digits.bin");
/// 784-32-10 in 8 bits.
#[cfg(not(feature = "host"))]
pub static SMALL_DIGITS: Quantized<SmallDigits> = from_file!(Quantized<SmallDigits>, "small_digits.bin");
/// 4-16-16-3.
#[cfg(not(feature = "host"))]
pub static FLOWERS: Flowers = from_file!(Flowers, "flowers.bin");
/// 4-16-16-3 in 8 bits.
#[cfg(not(feature = "host"))]
pub static FLOWERS_INT8: Quantized<Flowers> = from_file!(Quantized<Flowers>, "flowers_int8.bin");

/// How many digits there are to read.
pub const COUNT: usize = 200;

/// The first of MNIST's test digits, in grey levels from 0 to 255, and what they are.
#[cfg(not(feature = "host"))]
static TEST: [[u8; 785]; COUNT] = from_file!([[u8; 785]; COUNT], "test.bin");

/// The digits, as grey levels from 0 to 1, and what they are.
#[cfg(not(feature = "host"))]
pub fn test() -> impl Iterator<Item = ([f32; 784], u8)> {
    TEST.iter().map(|[label, pixels @ ..]| (pixels.map(|pixel| f32::from(pixel) / 255.0), *label))
}

/// The largest score's place.
pub fn class(scores: &[f32]) -> usize {
    let best = scores.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (class, &score)| {
        if score > best.1 { (class, score) } else { best }
    });
    best.0
}
