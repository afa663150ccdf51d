//! Weights in files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{dtype, read};
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
    write_whole(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        if cfg!(target_endian = "little") {
            return file.write_all(bytes(weights));
        }
        let reversed = |number: &[u8]| number.iter().rev().copied().collect::<Vec<_>>();
        file.write_all(&bytes(weights).chunks(size_of::<P::Scalar>()).flat_map(reversed).collect::<Vec<_>>())
    })
    .map_err(|source| Error::File { path: path.into(), source })
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

/// Write a file beside `path`, and give it that name when all of it is on the disk.
fn write_whole(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(path)?;
    let mut file = File::create_new(&beside)?;
    let written = write(&mut file).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // It is the first error that counts.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A name in the same folder that no other call in this or another process has.
fn beside(path: &Path) -> io::Result<PathBuf> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut beside = name.to_os_string();
    beside.push(format!(".{}-{}.part", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(beside))
}
