//! Samples in files that may be larger than memory: read one at a time, at their position in the file.

mod array;
mod npy;
#[cfg(feature = "npz")]
mod npz;
mod number;
mod record;

pub use array::{ArrayFile, Paired};
#[cfg(feature = "npz")]
pub use npz::Npz;
pub use number::{NumberType, ReadNumber};
pub use record::RecordFile;

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::Error;
use crate::shape::Sample;

/// Read bytes at a position of a file, from any number of threads.
///
/// A file that becomes shorter meanwhile is an error. Memory that is mapped to it would be undefined behaviour.
fn read_at(file: &File, bytes: &mut [u8], position: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, position);
    #[cfg(windows)]
    {
        let (mut bytes, mut position) = (bytes, position);
        while !bytes.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(file, bytes, position) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    bytes = &mut bytes[read..];
                    position += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        return Ok(());
    }
    #[cfg(not(any(unix, windows)))]
    {
        let _ = (file, bytes, position);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Open a file, and its size.
fn open(path: &Path) -> Result<(File, u64), Error> {
    let unreadable = |source| Error::File { path: path.into(), source };
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    Ok((file, size))
}

/// Check that an array of these dimensions, whose samples lie along the first one, has samples of as many elements as `A`.
pub(super) fn check_samples<A: Sample>(path: &Path, dimensions: &[u64]) -> Result<(), Error> {
    if A::LENGTH == 0 {
        // A file of a hundred bytes may announce 2⁶⁰ of them.
        return Err(Error::format(path, "dimensions", "samples of at least one element", A::SHAPE));
    }
    let mut of_sample = dimensions.iter().skip(1);
    if of_sample.try_fold(1u64, |length, &size| length.checked_mul(size)) == Some(A::LENGTH as u64) {
        return Ok(());
    }
    let expected = format_args!("samples of {} elements, as {}", A::LENGTH, A::SHAPE);
    Err(Error::format(path, "dimensions", expected, format_args!("{dimensions:?}")))
}
