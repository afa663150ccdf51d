//! Weights in files.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{dtype, read};
use crate::atomic_file::write_atomically;
use crate::error::Error;
use crate::weights::parameters::Parameters;

/// Read a file of weights.
pub(crate) fn load<P: Parameters>(path: &Path) -> Result<Box<P>, Error> {
    let file = fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
    let mut weights = P::zeroed_box();
    match read(&mut *weights, &file) {
        Ok(()) => Ok(weights),
        Err(error) => Err(Error::Format {
            path: path.into(),
            field: error.field().to_string().into(),
            expected: error.expected().to_string(),
            found: error.found().to_string(),
        }),
    }
}

/// Write a file of weights: as a whole, or not at all.
pub(crate) fn save<P: Parameters>(weights: &P, path: &Path) -> Result<(), Error> {
    let header = header(weights);
    write_atomically(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        if cfg!(target_endian = "little") {
            return file.write_all(bytes(weights));
        }
        let reversed = |number: &[u8]| number.iter().rev().copied().collect::<Vec<_>>();
        file.write_all(&bytes(weights).chunks(size_of::<P::Scalar>()).flat_map(reversed).collect::<Vec<_>>())
    })
}

/// The weights' bytes.
fn bytes<P: Parameters>(weights: &P) -> &[u8] {
    let numbers = weights.parameters();
    // SAFETY: numbers have no padding, and every byte is one.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

/// The header: each array's name, type, shape and place, in their order.
fn header<P: Parameters>(weights: &P) -> String {
    let mut entries = Vec::new();
    let mut end = 0;
    weights.for_each(&mut |name, shape, values| {
        let begin = end;
        end += size_of_val(values);
        let sizes: Vec<_> = shape.sizes().iter().map(usize::to_string).collect();
        let (dtype, shape) = (dtype::<P>(), sizes.join(","));
        entries.push(format!(r#""{name}":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{begin},{end}]}}"#));
    });
    let mut header = format!("{{{}}}", entries.join(","));
    // So that the data begins at a multiple of 8 bytes.
    let padded = header.len().next_multiple_of(8);
    header.extend(std::iter::repeat_n(' ', padded - header.len()));
    header
}
