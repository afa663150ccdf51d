//! The floating-point types of files: their names, and their values as `f64`, which represents all of them exactly.

use crate::weights::parameters::Parameters;

/// A floating-point type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    F16,
    Bf16,
    F32,
    F64,
}

/// A number that is not finite, or that another type cannot represent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NonFinite {
    NaN,
    Infinity,
    NegativeInfinity,
    /// Finite, but beyond the largest number of the network's type.
    TooLarge,
}

impl Number {
    const ALL: [Self; 4] = [Self::F16, Self::Bf16, Self::F32, Self::F64];

    /// The number type of `P`.
    pub(crate) const fn of<P: Parameters>() -> Self {
        if size_of::<P::Scalar>() == size_of::<f32>() { Self::F32 } else { Self::F64 }
    }

    /// Its name in safetensors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
        }
    }

    /// The type with this name.
    pub(super) const fn named(name: &str) -> Option<Self> {
        let mut index = 0;
        while index < Self::ALL.len() {
            if super::header::same(name, Self::ALL[index].name()) {
                return Some(Self::ALL[index]);
            }
            index += 1;
        }
        None
    }

    /// Whether the types are equal.
    pub(super) const fn is(self, other: Self) -> bool {
        self as u8 == other as u8
    }

    /// The size of a number in bytes.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The number with index `index` in a file's data.
    pub(super) const fn value(self, data: &[u8], index: usize) -> f64 {
        match self {
            Self::F16 => half(u16::from_le_bytes(bytes_at(data, index))),
            Self::Bf16 => f32::from_bits((u16::from_le_bytes(bytes_at(data, index)) as u32) << 16) as f64,
            Self::F32 => f32::from_le_bytes(bytes_at(data, index)) as f64,
            Self::F64 => f64::from_le_bytes(bytes_at(data, index)),
        }
    }

    /// `value` rounded to this type.
    pub(super) const fn rounded(self, value: f64) -> f64 {
        match self {
            Self::F32 => value as f32 as f64,
            _ => value,
        }
    }

    /// The first number in a file's data that is not finite, or not finite after conversion to `to`.
    pub(super) const fn first_non_finite(self, data: &[u8], to: Self) -> Option<(usize, NonFinite)> {
        let index = match self {
            Self::F64 if to.is(Self::F32) => first_too_large(data),
            Self::F16 => first_exponent::<2>(data, 0x7c, 0),
            Self::Bf16 => first_exponent::<2>(data, 0x7f, 0x80),
            Self::F32 => first_exponent::<4>(data, 0x7f, 0x80),
            Self::F64 => first_exponent::<8>(data, 0x7f, 0xf0),
        };
        match index {
            Some(index) => Some((index, classify(self.value(data, index)))),
            None => None,
        }
    }
}

/// The bytes of the number with this index, or zeros.
const fn bytes_at<const N: usize>(data: &[u8], index: usize) -> [u8; N] {
    let (numbers, _) = data.as_chunks::<N>();
    if index < numbers.len() { numbers[index] } else { [0; N] }
}

/// Classify a number that is not finite or too large.
const fn classify(value: f64) -> NonFinite {
    if value.is_nan() {
        NonFinite::NaN
    } else if value.is_finite() {
        NonFinite::TooLarge
    } else if value > 0.0 {
        NonFinite::Infinity
    } else {
        NonFinite::NegativeInfinity
    }
}

/// The first number whose exponent bits are all ones: `high` in its last byte, `low` in the one before.
///
/// The loop contains no calls: the compiler interprets two million steps before its lint fires.
const fn first_exponent<const N: usize>(data: &[u8], high: u8, low: u8) -> Option<usize> {
    let (numbers, _) = data.as_chunks::<N>();
    let (mut index, length) = (0, numbers.len());
    while index < length {
        if numbers[index][N - 1] & high == high && numbers[index][N - 2] & low == low {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// The first number that is not finite in `f32`.
const fn first_too_large(data: &[u8]) -> Option<usize> {
    let (numbers, _) = data.as_chunks::<8>();
    let mut index = 0;
    while index < numbers.len() {
        if !(f64::from_le_bytes(numbers[index]) as f32).is_finite() {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// An IEEE 754 binary16 number: a sign, 5 bits of exponent, 10 bits of fraction.
const fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 0x1f, (bits & 0x3ff) as f64);
    let magnitude = match exponent {
        0 => fraction * power_of_two(-24),
        0x1f if bits & 0x3ff == 0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * power_of_two(exponent as i32 - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// `2^exponent`, for exponents of normal numbers.
const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_the_standard() {
        // IEEE 754-2019, table 3.5: e_max 15, precision 11.
        let values = [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_625e-5),
            (0x03ff, 6.097_555_160_522_461e-5),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ];
        for (bits, value) in values {
            assert_eq!(half(bits).to_bits(), f64::to_bits(value), "{bits:#x}");
        }
        assert!(half(0x7c01).is_nan() && half(0xffff).is_nan());
    }

    #[test]
    fn what_is_not_finite_is_found() {
        let of = |number: Number, bytes: &[u8], to| number.first_non_finite(bytes, to);
        for (number, one, infinity, nan) in [
            (Number::F16, &[0, 0x3c][..], &[0, 0x7c][..], &[1, 0xfc][..]),
            (Number::Bf16, &[0x80, 0x3f], &[0x80, 0x7f], &[0x81, 0xff]),
            (Number::F32, &1f32.to_le_bytes(), &f32::INFINITY.to_le_bytes(), &f32::NAN.to_le_bytes()),
            (Number::F64, &1f64.to_le_bytes(), &f64::INFINITY.to_le_bytes(), &f64::NAN.to_le_bytes()),
        ] {
            assert_eq!(number.value(one, 0).to_bits(), 1f64.to_bits());
            for to in [Number::F32, Number::F64] {
                assert_eq!(of(number, &[one, one].concat(), to), None);
                assert_eq!(of(number, &[one, one, infinity].concat(), to), Some((2, NonFinite::Infinity)));
                assert_eq!(of(number, &[one, nan, infinity].concat(), to), Some((1, NonFinite::NaN)));
            }
        }
        assert_eq!(of(Number::F64, &f64::MIN.to_le_bytes(), Number::F64), None);
        assert_eq!(of(Number::F64, &f64::MIN.to_le_bytes(), Number::F32), Some((0, NonFinite::TooLarge)));
        assert_eq!(of(Number::F32, &f32::MIN.to_le_bytes(), Number::F32), None);
        let negative = f32::NEG_INFINITY.to_le_bytes();
        assert_eq!(of(Number::F32, &negative, Number::F32), Some((0, NonFinite::NegativeInfinity)));
    }
}
