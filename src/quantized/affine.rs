//! Affine maps between 8-bit integers.

use core::fmt::Debug;

use super::quantization::saturate;
#[cfg(feature = "alloc")]
use super::{Quantization, Signal};
use crate::pod::Pod;
use crate::shape::Sample;
use crate::weights::stored::Stored;

/// `⌊(factor · x + offset) / 2^shift⌋`, saturated to 8 bits: a real factor times an integer, plus a real offset, rounded
/// once to the nearest integer, halves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Affine {
    /// The factor, times 2^shift.
    pub factor: i32,
    /// The offset plus a half, times 2^shift.
    pub offset: i32,
    /// The number of fractional bits: from 1 to 22.
    pub shift: u32,
}

// SAFETY: all fields are integers.
unsafe impl Pod for Affine {}

crate::stored!([] Affine { "factor": factor: i32; "offset": offset: i32; "shift": shift: u32 });

impl Affine {
    /// `y = factor · x + offset` of real numbers, for inputs and outputs of these quantizations; `None` if a product may
    /// overflow.
    ///
    /// ```
    /// use fnn::quantized::{Affine, Quantization};
    ///
    /// let (input, output) = (Quantization::of_range(-1.0, 1.0), Quantization::of_range(-4.0, 4.0));
    /// let affine = Affine::between(2.0, 1.0, input, output).unwrap();
    /// assert!((f64::from(affine.factor) / f64::from(1 << affine.shift) - 0.5).abs() < 1e-5);
    /// assert_eq!(Affine::between(1e9, 0.0, input, output), None);
    /// ```
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn between(factor: f64, offset: f64, input: Quantization, output: Quantization) -> Option<Self> {
        let line = Line { factor, offset };
        (line.smallest_scale(input) <= output.scale).then(|| line.between(input, output))
    }

    /// The output for an input.
    #[inline(always)]
    pub(super) fn apply(&self, x: i8) -> i8 {
        let product = i32::from(x).wrapping_mul(self.factor);
        saturate(product.wrapping_add(self.offset) >> (self.shift & 31))
    }
}

/// The maps that arrays of factors, offsets and shifts are, one after the other.
#[inline(always)]
pub(super) fn maps<I, S>(factors: &I, offsets: &I, shifts: &S) -> impl Iterator<Item = Affine>
where
    I: Sample<Element = i32>,
    S: Sample<Element = u8>,
{
    let factors = factors.elements().iter().zip(offsets.elements());
    let maps = factors.zip(shifts.elements());
    maps.map(|((&factor, &offset), &shift)| Affine { factor, offset, shift: shift.into() })
}

/// Writes lines between integers as [`maps`]. Returns the largest error of their outputs.
#[cfg(feature = "alloc")]
pub(super) fn write_maps<I, S>(
    lines: impl Iterator<Item = Line>,
    input: &Signal,
    output: Quantization,
    (factors, offsets, shifts): (&mut I, &mut I, &mut S),
) -> f64
where
    I: Sample<Element = i32>,
    S: Sample<Element = u8>,
{
    let factors = factors.elements_mut().iter_mut();
    let maps = factors.zip(offsets.elements_mut()).zip(shifts.elements_mut());
    maps.zip(lines).fold(0.0, |error, (((factor, offset), shift), line)| {
        let affine = line.between(input.quantization, output);
        (*factor, *offset, *shift) = (affine.factor, affine.offset, affine.shift as u8);
        f64::max(error, line.error(input.error, affine, output))
    })
}

/// How the outputs of a branch are brought to the quantization of a concatenation.
pub trait Rescale: Stored + Debug + PartialEq {
    /// Replaces integers by their outputs.
    fn rescale(&self, integers: &mut [i8]);
}

impl Rescale for Affine {
    #[inline(always)]
    fn rescale(&self, integers: &mut [i8]) {
        let one = 1i32 << (self.shift & 31);
        if self.factor == one && self.offset == one >> 1 {
            return;
        }
        for integer in integers {
            *integer = self.apply(*integer);
        }
    }
}

/// A function `y = factor · x + offset` of real numbers.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) factor: f64,
    pub(super) offset: f64,
}

/// Bits of the largest magnitude of a product, in steps of the output: with one fractional bit and the half, it stays
/// below 2³¹.
#[cfg(feature = "alloc")]
const ROOM: f64 = (1 << 28) as f64;

#[cfg(feature = "alloc")]
impl Line {
    /// The same number in another quantization.
    pub(super) const IDENTITY: Self = Self { factor: 1.0, offset: 0.0 };

    /// The smallest scale of outputs for which no product overflows.
    pub(super) fn smallest_scale(self, input: Quantization) -> f32 {
        ((256.0 * self.factor.abs() * f64::from(input.scale) + self.offset.abs()) / ROOM) as f32
    }

    /// The line between integers. 0 without an offset is mapped to 0 exactly.
    pub(super) fn between(self, input: Quantization, output: Quantization) -> Affine {
        let factor = self.factor * f64::from(input.scale) / f64::from(output.scale);
        let offset = self.offset / f64::from(output.scale);
        let largest = 256.0 * factor.abs() + offset.abs() + 128.0;
        let shift = (1..=22).rev().find(|&shift| largest * f64::from(1 << shift) <= 4.0 * ROOM).unwrap_or(1);
        let point = f64::from(1 << shift);
        let factor = libm::round(factor * point) as i32;
        let zero_points = (output.zero_point << shift).wrapping_sub(factor.wrapping_mul(input.zero_point));
        let offset = (libm::round(offset * point) as i32).wrapping_add(1 << (shift - 1));
        Affine { factor, offset: zero_points.wrapping_add(offset), shift }
    }

    /// The error of outputs, given that of inputs. The factor has at least one bit after the point.
    pub(super) fn error(self, input: f64, affine: Affine, output: Quantization) -> f64 {
        self.factor.abs() * input + 129.0 / f64::from(1 << affine.shift) * f64::from(output.scale)
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Random quantizations and lines whose outputs lie mostly within the range.
    fn cases() -> impl Iterator<Item = (Quantization, Line, Quantization)> {
        let mut random = Random::new(5);
        (0..500).map(move |case| {
            let mut any = |low: f64, high: f64| low + (high - low) * random.uniform();
            let input =
                Quantization { scale: libm::exp2(any(-12.0, 4.0)) as f32, zero_point: any(-128.0, 127.9) as i32 };
            let factor = libm::exp2(any(-14.0, 6.0)) * if case % 3 == 0 { -1.0 } else { 1.0 };
            let range = factor.abs() * f64::from(input.scale) * 255.0;
            let line = Line { factor, offset: if case % 4 == 0 { 0.0 } else { any(-2.0, 2.0) * range } };
            let scale = ((range + line.offset.abs()) / 255.0 * libm::exp2(any(-2.0, 2.0))) as f32;
            (input, line, Quantization { scale, zero_point: any(-128.0, 127.9) as i32 })
        })
    }

    #[test]
    fn integers_are_the_nearest_to_the_real_line() {
        let (mut exact, mut all) = (0, 0);
        for (input, line, output) in cases() {
            let affine = line.between(input, output);
            for x in i8::MIN..=i8::MAX {
                let real =
                    line.factor * f64::from(input.scale) * f64::from(i32::from(x) - input.zero_point) + line.offset;
                let steps = real / f64::from(output.scale) + f64::from(output.zero_point);
                let found = f64::from(affine.apply(x));
                assert!(
                    (found - steps.clamp(-128.0, 127.0)).abs() <= 0.5 + 1e-4,
                    "{affine:?}: {x} gives {found}, not {steps}"
                );
                all += 1;
                exact += usize::from(found == (steps + 0.5).floor().clamp(-128.0, 127.0));
            }
        }
        assert!(all - exact <= all / 10_000, "{} of {all} are rounded the other way", all - exact);
    }

    #[test]
    fn the_same_quantization_is_the_identity() {
        for (input, _, _) in cases() {
            let affine = Line::IDENTITY.between(input, input);
            assert!((i8::MIN..=i8::MAX).all(|x| affine.apply(x) == x), "{affine:?}");
        }
    }

    #[test]
    fn zero_stays_zero_and_nothing_overflows() {
        for (input, line, output) in cases() {
            let line = Line { offset: 0.0, ..line };
            assert_eq!(i32::from(line.between(input, output).apply(input.zero_point as i8)), output.zero_point);
            // Steps that are far too small are enlarged until no product overflows.
            let line = Line { factor: line.factor * 1e12, offset: 3e9 };
            let output = output.at_least(line.smallest_scale(input));
            let affine = line.between(input, output);
            for x in i8::MIN..=i8::MAX {
                let real =
                    line.factor * f64::from(input.scale) * f64::from(i32::from(x) - input.zero_point) + line.offset;
                let steps = real / f64::from(output.scale) + f64::from(output.zero_point);
                let error = 0.5 + line.error(0.0, affine, output) / f64::from(output.scale);
                assert!((f64::from(affine.apply(x)) - steps.clamp(-128.0, 127.0)).abs() <= error, "{affine:?}: {x}");
            }
        }
    }
}
