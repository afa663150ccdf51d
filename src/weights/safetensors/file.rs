//! Files of weights: reading and writing.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::{MAX_LISTED, Reason};
use super::header::{self, WEIGHTS};
use super::networks::{Numbers, save_networks};
use super::recognize::ENOUGH;
use super::{LoadOptions, Loaded, WeightsError, WeightsMismatch, bytes_mut, compare, read_data};
use crate::error::{Error, Mismatch};
use crate::pod::as_bytes;
use crate::weights::parameters::Parameters;

/// Read a file of weights: its header, and if that matches the network, the data of the network's size.
pub(super) fn load<P: Parameters>(path: &Path, options: LoadOptions<'_>) -> Result<Loaded<P>, Error> {
    let error = |source| Error::File { path: path.into(), source };
    let mut file = File::open(path).map_err(error)?;
    let mut start = Vec::new();
    read_up_to(&mut file, header::START, &mut start).map_err(error)?;
    let header_length = start.first_chunk().map_or(0, |bytes| header::length(*bytes));
    // For any other file, enough of it to recognize its format.
    read_up_to(&mut file, if header_length > header::MAX_HEADER { ENOUGH as u64 } else { header_length }, &mut start)
        .map_err(error)?;
    let refused = |refused: WeightsError<'_>| in_file(path, &refused);
    let (header, _) = header::split(&start).map_err(|wrong| refused(WeightsError::new(Reason::File(wrong))))?;
    let comparison = compare::<P>(header, options);
    let length = comparison.check().map_err(|reason| refused(WeightsError::new(reason)))?;
    let mut data = Vec::new();
    read_up_to(&mut file, length + 1, &mut data).map_err(error)?;
    let mut found = data.len() as u64;
    if found > length {
        // The length of a regular file is known; for a pipe it is enough to detect that there is more data.
        found = found.max(file.metadata().map_or(0, |file| file.len().saturating_sub(start.len() as u64)));
    }
    comparison.check_data(length, found).map_err(|wrong| refused(WeightsError::new(Reason::File(wrong))))?;
    let mut network = P::zeroed_box();
    // SAFETY: the borrow is exclusive, and weights are initialized.
    let weights = unsafe { bytes_mut(&raw mut *network) };
    let largest_rounding = read_data::<P>(weights, &comparison, length, &data).map_err(refused)?;
    Ok(Loaded { network, largest_rounding })
}

/// Read up to `length` more bytes. Memory grows with the data, whatever length the file claims.
fn read_up_to(file: &mut File, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    file.take(length).read_to_end(bytes).map(|_| ())
}

/// The error about a file, without borrowing from its bytes.
pub(crate) fn in_file(path: &Path, error: &WeightsError<'_>) -> Error {
    let mut mismatches = error.mismatches();
    let owned = |mismatch: WeightsMismatch<'_>| Mismatch {
        field: mismatch.field().to_string(),
        expected: mismatch.expected().to_string(),
        found: mismatch.found().to_string(),
    };
    let listed: Vec<_> = mismatches.by_ref().take(MAX_LISTED).map(owned).collect();
    Error::Weights { path: path.into(), mismatches: listed, more: mismatches.count() }
}

/// Write a file of weights atomically.
pub(crate) fn save<P: Parameters>(weights: &P, path: &Path) -> Result<(), Error> {
    save_networks(path, WEIGHTS, &[], &[(String::new(), Numbers::of::<P>(as_bytes(weights.parameters())))])
}
