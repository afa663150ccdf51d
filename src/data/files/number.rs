//! The numbers of a file, and what they are read as.

/// The type of the numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberType {
    /// Unsigned bytes.
    U8,
    /// Signed bytes.
    I8,
    /// Unsigned 16-bit integers, little-endian.
    U16,
    /// Signed 16-bit integers, little-endian.
    I16,
    /// Unsigned 32-bit integers, little-endian.
    U32,
    /// Signed 32-bit integers, little-endian.
    I32,
    /// Unsigned 64-bit integers, little-endian.
    U64,
    /// Signed 64-bit integers, little-endian.
    I64,
    /// 32-bit floating-point numbers, little-endian.
    F32,
    /// 64-bit floating-point numbers, little-endian.
    F64,
}

impl NumberType {
    /// Bytes per number.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Read `bytes` into `numbers`, each divided by `divisor`. The index of the first one that is not a number of that
    /// type, and its value.
    pub(super) fn read<E: ReadNumber>(self, bytes: &[u8], divisor: f64, numbers: &mut [E]) -> Result<(), (usize, f64)> {
        fn each<const B: usize, E: ReadNumber>(
            bytes: &[u8],
            divisor: f64,
            numbers: &mut [E],
            number: impl Fn([u8; B]) -> f64,
        ) -> Result<(), (usize, f64)> {
            for (index, (&bytes, to)) in bytes.as_chunks::<B>().0.iter().zip(numbers).enumerate() {
                let value = number(bytes) / divisor;
                *to = E::read(value).ok_or((index, value))?;
            }
            Ok(())
        }
        match self {
            Self::U8 => each(bytes, divisor, numbers, |bytes| u8::from_le_bytes(bytes).into()),
            Self::I8 => each(bytes, divisor, numbers, |bytes| i8::from_le_bytes(bytes).into()),
            Self::U16 => each(bytes, divisor, numbers, |bytes| u16::from_le_bytes(bytes).into()),
            Self::I16 => each(bytes, divisor, numbers, |bytes| i16::from_le_bytes(bytes).into()),
            Self::U32 => each(bytes, divisor, numbers, |bytes| u32::from_le_bytes(bytes).into()),
            Self::I32 => each(bytes, divisor, numbers, |bytes| i32::from_le_bytes(bytes).into()),
            Self::U64 => each(bytes, divisor, numbers, |bytes| u64::from_le_bytes(bytes) as f64),
            Self::I64 => each(bytes, divisor, numbers, |bytes| i64::from_le_bytes(bytes) as f64),
            Self::F32 => each(bytes, divisor, numbers, |bytes| f32::from_le_bytes(bytes).into()),
            Self::F64 => each(bytes, divisor, numbers, f64::from_le_bytes),
        }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A number that a file's numbers can be read as: `f32` and `f64` for samples, `usize` for classes, and other integers.
pub trait ReadNumber: Copy + sealed::Sealed {
    /// What it is, for error messages.
    #[doc(hidden)]
    const EXPECTED: &'static str;

    /// The number, rounded if it is a floating-point number; `None` if it is an integer that this type does not have.
    #[doc(hidden)]
    fn read(value: f64) -> Option<Self>;
}

impl sealed::Sealed for f32 {}
impl ReadNumber for f32 {
    const EXPECTED: &'static str = "a number";

    #[inline(always)]
    fn read(value: f64) -> Option<Self> {
        Some(value as f32)
    }
}

impl sealed::Sealed for f64 {}
impl ReadNumber for f64 {
    const EXPECTED: &'static str = "a number";

    #[inline(always)]
    fn read(value: f64) -> Option<Self> {
        Some(value)
    }
}

macro_rules! integers {
    ($($number:ty),*) => {$(
        impl sealed::Sealed for $number {}
        impl ReadNumber for $number {
            const EXPECTED: &'static str = concat!("a whole number that is a `", stringify!($number), "`");

            fn read(value: f64) -> Option<Self> {
                let whole = value as i64;
                // Up to 2⁵³, an `f64` has every whole number.
                let exact = whole as f64 == value && whole.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS;
                if exact { whole.try_into().ok() } else { None }
            }
        }
    )*};
}
integers!(u8, u16, u32, usize, i8, i32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_types_are_read() {
        let mut numbers = [0.0f64; 2];
        for (stored, bytes, expected) in [
            (NumberType::U8, &[200, 7][..], [200.0, 7.0]),
            (NumberType::I8, &[200, 7], [-56.0, 7.0]),
            (NumberType::U16, &[1, 2, 255, 255], [513.0, 65535.0]),
            (NumberType::I16, &[1, 2, 255, 255], [513.0, -1.0]),
            (NumberType::U32, &[1, 0, 0, 0, 255, 255, 255, 255], [1.0, 4294967295.0]),
            (NumberType::I32, &[1, 0, 0, 0, 254, 255, 255, 255], [1.0, -2.0]),
            (NumberType::U64, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], [1.0, 256.0]),
            (NumberType::I64, &[255, 255, 255, 255, 255, 255, 255, 255, 0, 1, 0, 0, 0, 0, 0, 0], [-1.0, 256.0]),
            (NumberType::F32, &[0, 0, 128, 63, 0, 0, 32, 192], [1.0, -2.5]),
            (NumberType::F64, &[0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 4, 192], [1.0, -2.5]),
        ] {
            assert_eq!(bytes.len(), 2 * stored.size());
            assert_eq!(stored.read(bytes, 1.0, &mut numbers), Ok(()));
            assert_eq!(numbers, expected, "{stored:?}");
        }
        assert_eq!(NumberType::U8.read(&[51], 255.0, &mut numbers[..1]), Ok(()));
        assert_eq!(numbers[0], 0.2);
    }

    #[test]
    fn what_is_not_a_class_is_refused() {
        let mut classes = [0usize; 2];
        assert_eq!(NumberType::I8.read(&[3, 255], 1.0, &mut classes), Err((1, -1.0)));
        assert_eq!(NumberType::F32.read(&[0, 0, 128, 63, 0, 0, 32, 64], 1.0, &mut classes), Err((1, 2.5)));
        assert_eq!(usize::read(1e300), None);
        assert_eq!((u8::read(255.0), u8::read(256.0), i8::read(-128.0)), (Some(255), None, Some(-128)));
        assert_eq!((u32::read(f64::NAN), i32::read(f64::INFINITY)), (None, None));
    }
}
