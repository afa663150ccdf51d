//! From 32-bit sums to 8-bit integers: the one place where layers with weights round.

use core::fmt::Debug;

use crate::pod::Pod;
use crate::weights::stored::Stored;

use super::quantization::saturate;

/// How a layer's sums become 8-bit integers, and what all of its outputs share for that.
///
/// A sum is multiplied by the factor of its output, rounded, and shifted by the outputs' zero point.
pub trait Requantize: Stored + Debug + PartialEq {
    /// The integer for a sum whose factor is this mantissa and shift.
    fn requantize(&self, sum: i32, mantissa: i32, shift: u8) -> i8;

    /// This, if it is [`Once`], for which there are vector instructions.
    #[doc(hidden)]
    #[inline(always)]
    fn once(&self) -> Option<&Once> {
        None
    }
}

/// Any layer's rounding, as one type: kernels for vectors are compiled once for all of them.
#[cfg(fnn_integer_dot)]
#[derive(Clone, Copy)]
pub(super) struct Rounding<'a> {
    pub(super) once: Option<Once>,
    pub(super) formula: &'a dyn Formula,
}

/// The formula of a rounding.
#[cfg(fnn_integer_dot)]
pub(super) trait Formula {
    /// The integers for 16 sums, their mantissas and their shifts.
    fn requantize_all(&self, numbers: &[[i32; 16]; 3]) -> [i8; 16];
}

#[cfg(fnn_integer_dot)]
impl<R: Requantize> Formula for R {
    #[inline(never)]
    fn requantize_all(&self, numbers: &[[i32; 16]; 3]) -> [i8; 16] {
        crate::kernels::dispatch(RequantizeAll { requantization: *self, numbers })
    }
}

#[cfg(fnn_integer_dot)]
crate::kernels::operation! {
    /// The formula of one sum, of which the compiler makes vectors where it may.
    struct RequantizeAll<'a, R: Requantize;> { requantization: R, numbers: &'a [[i32; 16]; 3] }
    fn run(self, _simd: V) -> [i8; 16] {
        let [sums, mantissas, shifts] = self.numbers;
        let mut integers = [0; 16];
        for (integer, ((&sum, &mantissa), &shift)) in integers.iter_mut().zip(sums.iter().zip(mantissas).zip(shifts)) {
            *integer = self.requantization.requantize(sum, mantissa, shift as u8);
        }
        integers
    }
}

#[cfg(fnn_integer_dot)]
impl<'a> Rounding<'a> {
    #[inline(always)]
    pub(super) fn of(requantization: &'a impl Requantize) -> Self {
        Self { once: requantization.once().copied(), formula: requantization }
    }
}

/// `⌊sum · factor + ½⌋ + zero_point`, saturated to 8 bits: the product is rounded once to the nearest integer, halves up.
/// The factor is `mantissa · 2^−(33 + shift)`: see [`Multiplier`](super::Multiplier).
///
/// If the activation clips at one end, as ReLU does, the zero point lies there, so that saturation does the activation's
/// work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Once {
    /// Twice the outputs' zero point, plus 1: added before the last bit is dropped, to round and to add the zero point.
    pub rounding: i32,
}

// SAFETY: the only field is an integer.
unsafe impl Pod for Once {}

crate::stored!([] Once { "rounding": rounding: i32 });

impl Once {
    /// For outputs with this zero point.
    #[cfg(any(feature = "alloc", test))]
    pub(super) const fn at(zero_point: i32) -> Self {
        Self { rounding: 2 * zero_point + 1 }
    }

    /// Whether a factor with this shift can be [`accumulated`](Self::accumulated): then what is added has at most 30 bits, as
    /// the upper half of a product has.
    #[cfg(any(fnn_dsp, test))]
    #[inline(always)]
    pub(super) fn accumulates(&self, shift: u8) -> bool {
        shift <= 22 && (-255..=255).contains(&self.rounding)
    }

    /// The same integers, for an output whose factor allows it.
    #[cfg(any(fnn_dsp, test))]
    #[inline(always)]
    pub(super) fn accumulated(&self, mantissa: i32, shift: u8) -> Accumulated {
        let shift = u32::from(shift) & 31;
        Accumulated { mantissa, rounding: self.rounding.wrapping_shl(shift), shift: shift + 1 }
    }
}

impl Requantize for Once {
    /// TensorFlow Lite has this formula as `MultiplyByQuantizedMultiplier` in its single-rounding form:
    /// `(x · mantissa + 2^(n − 1)) >> n`. Here n ≥ 33, so the addend has no bits in the lower half of the product, and
    /// `(upper half + 2^(n − 33)) >> (n − 32)` is the same; and that is `((upper half >> (n − 33)) + 1) >> 1`.
    #[inline(always)]
    fn requantize(&self, sum: i32, mantissa: i32, shift: u8) -> i8 {
        let upper = ((i64::from(sum) * i64::from(mantissa)) >> 32) as i32;
        saturate(((upper >> (shift & 31)).wrapping_add(self.rounding)) >> 1)
    }

    #[inline(always)]
    fn once(&self) -> Option<&Once> {
        Some(self)
    }
}

/// [`Once`], with what is added moved in front of the shift, where it is added to the product by one instruction:
/// `((upper half >> n) + rounding) >> 1` is `(upper half + (rounding << n)) >> (n + 1)`.
#[cfg(any(fnn_dsp, test))]
#[derive(Clone, Copy)]
pub(super) struct Accumulated {
    mantissa: i32,
    rounding: i32,
    shift: u32,
}

#[cfg(any(fnn_dsp, test))]
impl Accumulated {
    /// The integer for a sum.
    #[inline(always)]
    pub(super) fn requantize(self, sum: i32) -> i8 {
        let upper = ((i64::from(sum) * i64::from(self.mantissa)) >> 32) as i32;
        saturate(upper.wrapping_add(self.rounding).wrapping_shr(self.shift))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Multiplier;
    use super::super::quantization::tests::{cases, doubling_high_mul, rounding_divide};
    use super::*;
    use crate::random::Random;

    /// The formula in 128 bits: TensorFlow Lite's single rounding.
    fn single_rounding(x: i32, mantissa: i32, n: u32) -> i128 {
        (i128::from(x) * i128::from(mantissa) + (1 << (n - 1))) >> n
    }

    #[test]
    fn requantized_is_rounded_once() {
        for (x, factor, zero_point) in cases() {
            let Multiplier { mantissa, shift } = Multiplier::nearest(factor);
            let expected = single_rounding(x, mantissa, 33 + u32::from(shift)) + i128::from(zero_point);
            let given = Once::at(zero_point).requantize(x, mantissa, shift);
            assert_eq!(i128::from(given), expected.clamp(-128, 127), "{x} · {factor} + {zero_point}");
        }
    }

    /// For all shifts and zero points that allow it, at the ends of their ranges, and for any mantissa, as a file may have it.
    #[test]
    fn accumulated_is_the_same() {
        let mut random = Random::new(8);
        let ends = [i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX];
        for zero_point in [-128, -127, -1, 0, 3, 126, 127] {
            let once = Once::at(zero_point);
            for shift in (0..=22).filter(|&shift| once.accumulates(shift)) {
                let any = core::array::from_fn::<i32, 50, _>(|_| (random.uniform() * 4_294_967_296.0) as u32 as i32);
                for &mantissa in ends.iter().chain(&any) {
                    for &sum in ends.iter().chain(&any) {
                        let given = once.accumulated(mantissa, shift).requantize(sum);
                        assert_eq!(given, once.requantize(sum, mantissa, shift), "{sum} · {mantissa} >> {shift}");
                    }
                }
            }
            assert!(once.accumulates(22) && !once.accumulates(23) && !Once { rounding: 256 }.accumulates(0));
        }
    }

    #[test]
    fn requantized_is_the_nearest_of_the_real_product() {
        for (x, factor, zero_point) in cases() {
            let Multiplier { mantissa, shift } = Multiplier::nearest(factor);
            let exact = (f64::from(x) * factor + f64::from(zero_point)).clamp(-128.0, 127.0);
            let given = f64::from(Once::at(zero_point).requantize(x, mantissa, shift));
            // Half a step, plus the error of the factor's 31 bits.
            assert!((given - exact).abs() <= 0.5 + 1e-6, "{x} · {factor} + {zero_point}: {given}, not {exact}");
        }
    }

    #[test]
    fn double_rounding_differs_by_one_at_most() {
        let mut different = 0;
        for (x, factor, zero_point) in cases() {
            let Multiplier { mantissa, shift } = Multiplier::nearest(factor);
            let double = rounding_divide(doubling_high_mul(x, mantissa), 2 + u32::from(shift));
            let double = double.saturating_add(zero_point).clamp(-128, 127);
            let given = i32::from(Once::at(zero_point).requantize(x, mantissa, shift));
            assert!((given - double).abs() <= 1);
            different += i32::from(given != double);
        }
        assert!(different < 4000, "{different} of 20,000");
    }
}
