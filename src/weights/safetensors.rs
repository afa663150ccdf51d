//! Weights as bytes: safetensors files, read at run time and at compile time by the same functions.

mod check;
mod copy;
mod error;
#[cfg(feature = "std")]
mod file;
mod header;
mod include;
mod names;
#[cfg(feature = "std")]
mod networks;
mod number;
mod options;
mod recognize;
mod stored;

pub use error::{WeightsError, WeightsMismatch};
#[cfg(feature = "std")]
pub(crate) use file::{in_file, save};
pub use include::include;
pub(crate) use include::include_image;
#[cfg(feature = "std")]
pub(crate) use networks::{NetworksFile, Numbers, escape, save_networks};
pub use options::LoadOptions;
#[cfg(feature = "alloc")]
pub use options::Loaded;
#[cfg(feature = "alloc")]
pub(crate) use stored::to_bytes;
pub(crate) use stored::{Image, aligned};

use crate::weights::parameters::{Parameters, assert_weights};
use check::Comparison;
use error::Reason;
use number::Number;

/// Read weights from the bytes of a file; on error they are unchanged. Returns the largest rounding error.
pub(crate) fn read<'a, P: Parameters>(
    weights: &mut P,
    file: &'a [u8],
    options: LoadOptions<'a>,
) -> Result<f64, WeightsError<'a>> {
    // SAFETY: the borrow is exclusive, and weights are initialized.
    read_bytes::<P>(unsafe { bytes_mut(core::ptr::from_mut(weights)) }, file, options)
}

/// [`read`] into the memory of a `P`.
const fn read_bytes<'a, P: Parameters>(
    weights: &mut [u8],
    file: &'a [u8],
    options: LoadOptions<'a>,
) -> Result<f64, WeightsError<'a>> {
    match header::split(file) {
        Ok((header, data)) => {
            let comparison = compare::<P>(header, options);
            match comparison.check() {
                Ok(length) => read_data::<P>(weights, &comparison, length, data),
                Err(reason) => Err(WeightsError::new(reason)),
            }
        }
        Err(wrong) => Err(WeightsError::new(Reason::File(wrong))),
    }
}

/// A header to compare with the weights of a `P`.
const fn compare<'a, P: Parameters>(header: &'a str, options: LoadOptions<'a>) -> Comparison<'a> {
    Comparison::new(header, const { &P::LAYOUT }, Number::of::<P>(), options)
}

/// Read weights from the data of a file whose header has been checked; `length` bytes, according to the header.
const fn read_data<'a, P: Parameters>(
    weights: &mut [u8],
    comparison: &Comparison<'a>,
    length: u64,
    data: &'a [u8],
) -> Result<f64, WeightsError<'a>> {
    if let Err(wrong) = comparison.check_data(length, data.len() as u64) {
        return Err(WeightsError::new(Reason::File(wrong)));
    }
    if let Err(wrong) = comparison.check_values(data) {
        return Err(WeightsError::new(Reason::File(wrong)));
    }
    Ok(copy::copy(comparison, data, weights, const { &P::LAYOUT }, Number::of::<P>()))
}

/// The bytes of weights.
///
/// # Safety
/// `weights` is valid to read and write a `P`, whose bytes are initialized, and nothing else does so meanwhile.
const unsafe fn bytes_mut<'a, P: Parameters>(weights: *mut P) -> &'a mut [u8] {
    const { assert_weights::<P>() }
    // SAFETY: the caller's promise; `P` has no padding, and every bit pattern of it is a value, by the trait's promise.
    unsafe { core::slice::from_raw_parts_mut(weights.cast(), size_of::<P>()) }
}
