//! Real numbers as 8-bit integers, and multiplication by a real factor in integer arithmetic.

/// How 8-bit integers represent real numbers: `real = scale · (integer − zero_point)`.
///
/// The scheme of TensorFlow Lite's "8-bit quantization specification"; Jacob and others, "Quantization and training of
/// neural networks for efficient integer-arithmetic-only inference", CVPR 2018, section 2.1. The range always contains
/// 0, which is represented exactly.
///
/// ```
/// use fnn::quantized::Quantization;
///
/// let quantization = Quantization::of_range(-1.0, 1.55);
/// assert_eq!(quantization.zero_point, -28);
/// assert_eq!(quantization.quantize(0.504), 22);
/// assert!((quantization.dequantize(22) - 0.5).abs() < 1e-6);
/// assert_eq!(quantization.quantize(7.0), 127);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(C)]
pub struct Quantization {
    /// The size of one step. Above 0.
    pub scale: f32,
    /// The integer that represents 0: from −128 to 127.
    pub zero_point: i32,
}

// SAFETY: both fields are numbers.
unsafe impl crate::pod::Pod for Quantization {}

crate::stored!([] Quantization { "scale": scale: f32; "zero_point": zero_point: i32 });

/// The smallest step, used for activations that are always 0.
const SMALLEST_SCALE: f32 = 1e-30;

impl Quantization {
    /// Equal steps from `low` to `high`, shifted by less than a step so that one of them is at 0.
    ///
    /// A range without 0 is widened to include it.
    #[must_use]
    pub fn of_range(low: f32, high: f32) -> Self {
        let (low, high) = (f64::from(low.min(0.0)), f64::from(high.max(0.0)));
        let scale = (((high - low) / 255.0) as f32).max(SMALLEST_SCALE);
        // Only one end can be exact: the one nearer to 0.
        let (from_low, from_high) = (-128.0 - low / f64::from(scale), 127.0 - high / f64::from(scale));
        let zero_point = if -low < high { from_low } else { from_high };
        Self { scale, zero_point: libm::round(zero_point).clamp(-128.0, 127.0) as i32 }
    }

    /// The same zero point, with steps of at least this size.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub(crate) fn at_least(self, scale: f32) -> Self {
        Self { scale: self.scale.max(scale), ..self }
    }

    /// The nearest integer: halves are rounded away from 0, and numbers out of range saturate. NaN becomes 0.
    #[inline]
    #[must_use]
    pub fn quantize(&self, value: f32) -> i8 {
        let steps = value / self.scale;
        // Rounds away from 0 without a call: `as` truncates and saturates.
        let whole = steps as i32;
        let rest = steps - whole as f32;
        let up = i32::from(rest >= 0.5) - i32::from(rest <= -0.5);
        saturate(whole.saturating_add(up).saturating_add(self.zero_point))
    }

    /// The number that an integer represents.
    #[inline]
    #[must_use]
    pub fn dequantize(&self, integer: i8) -> f32 {
        // A zero point that isn't from −128 to 127, as any bytes may contain, wraps around.
        self.scale * i32::from(integer).wrapping_sub(self.zero_point) as f32
    }

    /// The largest magnitude that an integer represents.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub(crate) fn furthest(&self) -> f32 {
        let (low, high) = self.range();
        high.max(-low)
    }

    /// The smallest and the largest number that an integer represents.
    #[must_use]
    pub fn range(&self) -> (f32, f32) {
        (self.dequantize(-128), self.dequantize(127))
    }
}

/// The nearest integer, halves away from 0, or 512 on either side for all that are further; 0 for NaN. The compiler makes vectors
/// of it, as it doesn't of conversions that saturate.
#[inline(always)]
pub(crate) fn nearest(steps: f32) -> i32 {
    /// Where the last bit of a number counts 1, so that a sum is rounded to an integer, halves to even ones.
    const ONES: f32 = (3 << 22) as f32;
    let size = steps.abs();
    let size = if size < 512.0 { size } else { 512.0 };
    let sum = size + ONES;
    let up = i32::from(size - (sum - ONES) == 0.5);
    let size = (sum.to_bits() as i32).wrapping_sub(ONES.to_bits() as i32) + up;
    let nearest = if steps < 0.0 { -size } else { size };
    if steps.is_nan() { 0 } else { nearest }
}

/// The nearest 8-bit integer.
#[inline(always)]
pub(crate) fn saturate(integer: i32) -> i8 {
    integer.clamp(-128, 127) as i8
}

/// The nearest to a finite factor: `mantissa · 2^(exponent − 31)`, 2³⁰ ≤ mantissa < 2³¹. Both are 0 for 0.
pub(super) fn normalized(factor: f64) -> (i32, i32) {
    let (fraction, exponent) = libm::frexp(factor);
    let mantissa = libm::round(fraction * (1u64 << 31) as f64) as i64;
    if mantissa == 1 << 31 { (1 << 30, exponent + 1) } else { (mantissa as i32, exponent) }
}

/// The upper bound, exclusive, of a [`Multiplier`].
pub(crate) const LARGEST_FACTOR: f64 = 0.249_999;

/// A factor from 0 to 1/4, as an integer and a shift: `factor = mantissa · 2^−(33 + shift)`.
///
/// TensorFlow Lite and gemmlowp write a factor as `mantissa · 2^−31 · 2^−n`, 2³⁰ ≤ mantissa < 2³¹. Here the shift
/// follows the product's upper half and one more bit, so that rounding needs no wider integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Multiplier {
    /// From 2³⁰ to 2³¹, or smaller if the factor is below 2⁻³².
    pub mantissa: i32,
    /// From 0 to 29.
    pub shift: u8,
}

impl Multiplier {
    /// The nearest to a factor from 0 to below 1/4; the largest one for factors above.
    #[must_use]
    pub fn nearest(factor: f64) -> Self {
        let (mantissa, exponent) = normalized(if factor > 0.0 { factor.min(LARGEST_FACTOR) } else { 0.0 });
        let shift = (-2 - exponent).max(0);
        let beyond = (shift - 29).clamp(0, 31);
        Self { mantissa: mantissa >> beyond, shift: shift.min(29) as u8 }
    }

    /// The factor.
    #[must_use]
    pub fn factor(&self) -> f64 {
        libm::ldexp(f64::from(self.mantissa), -33 - i32::from(self.shift))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random::Random;

    /// Sums, factors and zero points.
    pub(in crate::quantized) fn cases() -> impl Iterator<Item = (i32, f64, i32)> {
        let mut random = Random::new(7);
        let edges = [0, 1, -1, 2, -2, 127, -128, 1 << 20, -(1 << 20), i32::MAX, -i32::MAX];
        let mut edge = edges.into_iter().cycle();
        (0..20_000).map(move |n| {
            let factor = libm::exp2(-2.01 - 30.0 * random.uniform());
            // Mostly in the range of 8 bits, so that not everything saturates.
            let x = if n % 4 == 0 { edge.next().unwrap() } else { ((random.uniform() - 0.5) * 300.0 / factor) as i32 };
            (x.max(-i32::MAX), factor, (random.uniform() * 256.0) as i32 - 128)
        })
    }

    /// gemmlowp's `SaturatingRoundingDoublingHighMul`, as fixedpoint.h has it.
    pub(in crate::quantized) fn doubling_high_mul(a: i32, b: i32) -> i32 {
        let product = i64::from(a) * i64::from(b);
        let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        ((product + nudge) / (1 << 31)) as i32
    }

    /// gemmlowp's `RoundingDivideByPOT`, as fixedpoint.h has it.
    pub(in crate::quantized) fn rounding_divide(x: i32, exponent: u32) -> i32 {
        let mask = ((1i64 << exponent) - 1) as i32;
        let threshold = (mask >> 1) + i32::from(x < 0);
        (x >> exponent) + i32::from((x & mask) > threshold)
    }

    #[test]
    fn multipliers_are_accurate_to_the_31st_bit() {
        for (_, factor, _) in cases() {
            let multiplier = Multiplier::nearest(factor);
            assert!((multiplier.factor() / factor - 1.0).abs() <= libm::exp2(-29.0));
            assert!(multiplier.mantissa >= 1 << 29 && multiplier.shift <= 29);
        }
        assert_eq!(Multiplier::nearest(0.125), Multiplier { mantissa: 1 << 30, shift: 0 });
        assert_eq!(Multiplier::nearest(0.0).factor(), 0.0);
        assert!(Multiplier::nearest(9.0).factor() < 0.25);
        assert_eq!(Multiplier::nearest(libm::exp2(-80.0)).mantissa, 0);
    }

    #[test]
    fn integers_stand_for_the_nearest_number() {
        for (low, high) in [(-1.0f32, 1.0f32), (0.0, 6.0), (-3.0, 0.0), (-0.1, 25.0), (2.0, 3.0), (0.0, 0.0)] {
            let quantization = Quantization::of_range(low, high);
            assert_eq!(quantization.dequantize(quantization.zero_point as i8), 0.0);
            let (first, last) = quantization.range();
            // Less than a step is lost at either end.
            assert!(first < low.min(0.0) + quantization.scale && last > high.max(0.0) - quantization.scale);
            for integer in i8::MIN..=i8::MAX {
                assert_eq!(quantization.quantize(quantization.dequantize(integer)), integer);
            }
            let value = 0.37 * low + 0.63 * high;
            let error = quantization.dequantize(quantization.quantize(value)) - value.clamp(first, last);
            assert!(error.abs() <= 0.5001 * quantization.scale);
        }
        // Zero points that no network has.
        let foreign = |zero_point| Quantization { scale: 1.0, zero_point };
        assert_eq!(foreign(i32::MIN).range(), (2_147_483_520.0, -2_147_483_521.0));
        assert_eq!(foreign(i32::MAX).range(), (2_147_483_521.0, -2_147_483_520.0));
        assert_eq!((foreign(i32::MIN).quantize(-1.0), foreign(i32::MAX).quantize(9e9)), (-128, 127));

        let quantization = Quantization { scale: 1.0, zero_point: 0 };
        let integers = [2.5, -2.5, 0.499_999_97, -0.5, 1e30, -1e30, f32::NAN].map(|value| quantization.quantize(value));
        assert_eq!(integers, [3, -3, 0, -1, 127, -128, 0]);
    }

    #[test]
    fn any_bytes_are_a_quantization() {
        // Half of 2³¹ − 1 and of its negative, to the nearest `f32`.
        let (high, low) = (1_073_741_824.0, -1_073_741_824.0);
        let lowest = Quantization { scale: 0.5, zero_point: i32::MIN };
        assert_eq!([-1, 1].map(|integer| lowest.dequantize(integer)), [high, low]);
        assert_eq!([3.0, f32::MAX].map(|value| lowest.quantize(value)), [-128, -1]);
        let highest = Quantization { scale: 0.5, zero_point: i32::MAX };
        assert_eq!([-2, 0].map(|integer| highest.dequantize(integer)), [high, low]);
        assert_eq!([-3.0, f32::MIN].map(|value| highest.quantize(value)), [127, -1]);
    }

    /// Vectors quantize as the formula of one number does: halves and their neighbours, numbers of all sizes, infinities and NaN, at
    /// scales of all sizes, and with zero points that a caller may have written.
    #[test]
    fn vectors_quantize_like_the_formula() {
        let mut random = Random::new(9);
        let halves = (-1100..1100).map(|half| half as f32 * 0.5);
        let near = halves.clone().flat_map(|x| [x.next_down(), x.next_up()]);
        let edges = [f32::NAN, -f32::NAN, f32::INFINITY, -f32::INFINITY, f32::MAX, f32::MIN, 2147483648.0, 1e-45, -0.0];
        let drawn = (0..5000).map(|_| ((random.uniform() - 0.5) * libm::exp2(40.0 * random.uniform() - 10.0)) as f32);
        let values: [f32; 11_609] = {
            let mut values = halves.chain(near).chain(edges).chain(drawn);
            core::array::from_fn(|_| values.next().unwrap())
        };
        for scale in [1.0, 0.5, 0.1, 1e-3, 3e7, 1e-30, f32::MAX, 1e-45] {
            for zero_point in [-128, -3, 0, 127, 128, -129, 1 << 20, i32::MAX, i32::MIN] {
                let quantization = Quantization { scale, zero_point };
                for values in [values, values.map(|value| value * scale)] {
                    let integers: [i8; 11_609] = quantization.quantize_all(&values);
                    for (integer, value) in integers.into_iter().zip(values) {
                        assert_eq!(integer, quantization.quantize(value), "{value} by {scale} + {zero_point}");
                    }
                }
            }
        }
    }
}
