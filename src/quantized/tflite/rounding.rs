//! Multiplication by a real factor, as TensorFlow Lite's kernels do it.

use super::super::quantization::normalized;
use super::super::requantization::Requantize;
use crate::pod::Pod;

/// A factor as TensorFlow Lite's `QuantizeMultiplier` writes it, `mantissa · 2^−shift`: the mantissa from 2³⁰ to 2³¹, and
/// the shift from 1 to 62.
///
/// Factors of 2³⁰ and above become the largest one, those below 2⁻³² and NaN become 0.
///
/// ```
/// use fnn::quantized::tflite::multiplier;
///
/// assert_eq!(multiplier(0.375), (3 << 29, 32));
/// assert_eq!(multiplier(5.0), (5 << 28, 28));
/// ```
#[must_use]
pub fn multiplier(factor: f64) -> (i32, u8) {
    if factor.is_nan() || factor <= 0.0 {
        return (0, 31);
    }
    match normalized(factor.min(f64::MAX)) {
        (_, ..-31) => (0, 31),
        (mantissa, exponent @ ..=30) => (mantissa, (31 - exponent) as u8),
        _ => (i32::MAX, 1),
    }
}

/// `⌊x · mantissa · 2^−shift + ½⌋`: one rounding, halves up.
#[inline(always)]
pub(super) fn once(x: i32, mantissa: i32, shift: u8) -> i64 {
    let shift = u32::from(shift & 63);
    (i64::from(x) * i64::from(mantissa) + ((1 << shift) >> 1)) >> shift
}

/// TensorFlow Lite's `MultiplyByQuantizedMultiplier`: the product is rounded to 31 fractional bits of the mantissa first,
/// halves up, and then to an integer, halves away from zero.
#[inline(always)]
pub(super) fn twice(x: i32, mantissa: i32, shift: u8) -> i32 {
    let shift = u32::from(shift & 63);
    let (left, right) = (31u32.saturating_sub(shift), shift.saturating_sub(31));
    let product = i64::from(x.wrapping_shl(left)) * i64::from(mantissa);
    let high = ((product + (1 << 30)) >> 31) as i32;
    divide(high, right)
}

/// `x · 2^−exponent`, rounded, halves away from zero. The exponent is below 32.
#[inline(always)]
pub(super) fn divide(x: i32, exponent: u32) -> i32 {
    let mask = (1i64 << (exponent & 31)) - 1;
    let rest = i64::from(x) & mask;
    let half = (mask >> 1) + i64::from(x < 0);
    (x >> (exponent & 31)).wrapping_add(i32::from(rest > half))
}

/// A real factor: see [`multiplier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Factor {
    /// The mantissa.
    pub mantissa: i32,
    /// The shift.
    pub shift: i32,
}

// SAFETY: all fields are integers.
unsafe impl Pod for Factor {}

crate::stored!([] Factor { "mantissa": mantissa: i32; "shift": shift: i32 });

impl Factor {
    /// The product, rounded twice, as in convolutions.
    #[inline(always)]
    pub fn apply(&self, x: i32) -> i32 {
        twice(x, self.mantissa, self.shift as u8)
    }
}

/// The outputs' zero point, and the integers to which an activation clips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Clipped {
    /// The integer that represents 0.
    pub zero_point: i32,
    /// The smallest output: −128, or more for an activation.
    pub low: i32,
    /// The largest output: 127, or less for an activation.
    pub high: i32,
}

// SAFETY: all fields are integers.
unsafe impl Pod for Clipped {}

crate::stored!([] Clipped { "zero_point": zero_point: i32; "low": low: i32; "high": high: i32 });

impl Clipped {
    /// The output for a rounded sum.
    #[inline(always)]
    pub(super) fn clip(&self, sum: i32) -> i8 {
        // Not `clamp`, which panics where `high` is below `low`.
        sum.saturating_add(self.zero_point).max(self.low).min(self.high) as i8
    }
}

/// The rounding of dense layers: once, halves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Once(pub Clipped);

/// The rounding of convolutions: to the 31 bits of the mantissa, halves up, and then to an integer, halves away from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Twice(pub Clipped);

// SAFETY: the only field is `Pod`.
unsafe impl Pod for Once {}
// SAFETY: the only field is `Pod`.
unsafe impl Pod for Twice {}

crate::stored!([] Once { "output": 0: Clipped });
crate::stored!([] Twice { "output": 0: Clipped });

impl Requantize for Once {
    #[inline(always)]
    fn requantize(&self, sum: i32, mantissa: i32, shift: u8) -> i8 {
        self.0.clip(once(sum, mantissa, shift).clamp(i32::MIN.into(), i32::MAX.into()) as i32)
    }
}

impl Requantize for Twice {
    #[inline(always)]
    fn requantize(&self, sum: i32, mantissa: i32, shift: u8) -> i8 {
        self.0.clip(twice(sum, mantissa, shift))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::quantization::tests::{doubling_high_mul, rounding_divide};
    use super::*;
    use crate::random::Random;

    fn cases() -> impl Iterator<Item = (i32, f64)> {
        let mut random = Random::new(11);
        let edges = [0, 1, -1, 2, -2, 3, -3, 127, -128, 1 << 20, -(1 << 20)];
        let mut edge = edges.into_iter().cycle();
        (0..40_000).map(move |n| {
            let factor = libm::exp2(6.0 - 36.0 * random.uniform());
            let wide = ((random.uniform() - 0.5) * 300.0 / factor).clamp(-2e9, 2e9) as i32;
            (if n % 4 == 0 { edge.next().unwrap() } else { wide }, factor)
        })
    }

    #[test]
    fn rounded_twice_as_gemmlowp_defines_it() {
        for (x, factor) in cases() {
            let (mantissa, shift) = multiplier(factor);
            let (left, right) = (31u32.saturating_sub(shift.into()), u32::from(shift).saturating_sub(31));
            let expected = rounding_divide(doubling_high_mul(x.wrapping_mul(1 << left), mantissa), right);
            assert_eq!(twice(x, mantissa, shift), expected, "{x} · {factor}");
        }
    }

    #[test]
    fn rounded_once_is_the_nearest_integer_halves_up() {
        for (x, factor) in cases() {
            let (mantissa, shift) = multiplier(factor);
            let exact = f64::from(x) * (f64::from(mantissa) * libm::exp2(-f64::from(shift)));
            assert!((once(x, mantissa, shift) as f64 - exact).abs() <= 0.5 + 1e-6, "{x} · {factor}");
        }
        assert_eq!([3, 1, -1, -3].map(|x| once(x, 1 << 30, 31)), [2, 1, 0, -1]);
        assert_eq!([6, 2, -2, -6].map(|x| twice(x, 1 << 30, 32)), [2, 1, -1, -2]);
    }

    #[test]
    fn multipliers_are_those_of_quantize_multiplier() {
        // Of quantization_util_test.cc: the value, the mantissa as a fraction, and TensorFlow Lite's shift.
        for (value, fraction, shift) in
            [(0.25, 0.5, -1), (0.5, 0.5, 0), (0.125, 0.5, -2), (1.0, 0.5, 1), (1.5, 0.75, 1)]
        {
            let (mantissa, given) = multiplier(value);
            assert_eq!((f64::from(mantissa) / f64::from(1u32 << 31), 31 - i32::from(given)), (fraction, shift));
        }
        for (x, factor) in cases() {
            let (mantissa, shift) = multiplier(factor);
            let given = f64::from(mantissa) * libm::exp2(-f64::from(shift));
            assert!((given / factor - 1.0).abs() <= libm::exp2(-30.0), "{factor}, {x}");
        }
        assert_eq!([0.0, -1.0, f64::NAN, 1e-12].map(multiplier), [(0, 31); 4]);
        assert_eq!([1e12, f64::INFINITY].map(multiplier), [(i32::MAX, 1); 2]);
    }

    #[test]
    fn no_number_in_a_file_makes_it_panic() {
        for (x, mantissa) in [(i32::MIN, i32::MIN), (i32::MIN, i32::MAX), (i32::MAX, i32::MIN), (-1, -1)] {
            for shift in 0..=255 {
                for (low, high) in [(-128, 127), (127, -128), (i32::MIN, i32::MAX)] {
                    let clipped = Clipped { zero_point: x, low, high };
                    let _ =
                        (Once(clipped).requantize(x, mantissa, shift), Twice(clipped).requantize(x, mantissa, shift));
                }
            }
        }
    }
}
