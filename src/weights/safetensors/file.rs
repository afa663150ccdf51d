//! Files of weights: reading and writing.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use super::error::{MAX_LISTED, Reason};
use super::header::{self, CONTENT, CONVENTION, PYTORCH, WEIGHTS};
use super::number::Number;
use super::recognize::ENOUGH;
use super::{LoadOptions, Loaded, WeightsError, WeightsMismatch, bytes_mut, compare, read_data};
use crate::atomic_file::write_atomically;
use crate::error::{Error, Mismatch};
use crate::scalar::Scalar;
use crate::weights::layout::{ArrayLocation, Stored};
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
fn in_file(path: &Path, error: &WeightsError<'_>) -> Error {
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
    let arrays = arrays(weights);
    let header = header(&arrays, Number::of::<P>());
    write_atomically(path, |file| {
        let mut file = BufWriter::new(file);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        let numbers = weights.parameters();
        for Array { location, .. } in &arrays {
            write_array(&mut file, &numbers[location.start..location.start + location.shape.length()], location)?;
        }
        file.flush()
    })
}

/// An array of weights and its dotted name.
struct Array {
    name: String,
    location: ArrayLocation,
}

/// All nonempty arrays, in file order: counts first, so that each tensor is aligned to the size of its numbers.
fn arrays<P: Parameters>(weights: &P) -> Vec<Array> {
    let (mut arrays, mut number) = (Vec::new(), 0);
    weights.for_each(&mut |name, _, values| {
        if let Some(location) = P::LAYOUT.locate(number)
            && !values.is_empty()
        {
            arrays.push(Array { name: name.to_string(), location });
        }
        number += 1;
    });
    arrays.sort_by_key(|array| array.location.stored != Stored::Count);
    arrays
}

/// The header: the content, and the name, type, shape and offsets of each array.
fn header(arrays: &[Array], number: Number) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut header = format!(
        r#"{{"__metadata__":{{"format":"pt","{CONTENT}":"{WEIGHTS}","{CONVENTION}":"{PYTORCH}","fnn.version":"{version}"}}"#
    );
    let mut end = 0;
    for Array { name, location } in arrays {
        let shape = location.shape_in_file();
        let (dtype, size) = match location.stored {
            Stored::Count => ("I64", size_of::<i64>()),
            Stored::AsItIs | Stored::Transposed => (number.name(), number.size()),
        };
        let begin = end;
        end += shape.length() * size;
        let sizes: Vec<_> = shape.sizes().iter().map(usize::to_string).collect();
        let shape = sizes.join(",");
        header
            .push_str(&format!(r#","{name}":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{begin},{end}]}}"#));
    }
    header.push('}');
    // Align the data to 8 bytes.
    let padded = header.len().next_multiple_of(8);
    header.extend(std::iter::repeat_n(' ', padded - header.len()));
    header
}

/// Write an array in its file format.
fn write_array<S: Scalar>(file: &mut impl Write, numbers: &[S], location: &ArrayLocation) -> io::Result<()> {
    match location.stored {
        Stored::Count => numbers.iter().try_for_each(|count| file.write_all(&(count.to_f64() as i64).to_le_bytes())),
        Stored::AsItIs => numbers.iter().try_for_each(|number| write_number(file, *number)),
        Stored::Transposed => {
            let (rows, columns) = (location.shape.size(0), location.shape.size(1));
            let transposed = (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
            transposed.into_iter().try_for_each(|index| write_number(file, numbers[index]))
        }
    }
}

/// Write a number, little-endian.
fn write_number<S: Scalar>(file: &mut impl Write, number: S) -> io::Result<()> {
    if size_of::<S>() == size_of::<f32>() {
        file.write_all(&(number.to_f64() as f32).to_le_bytes())
    } else {
        file.write_all(&number.to_f64().to_le_bytes())
    }
}
