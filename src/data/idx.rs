//! The IDX format: arrays of bytes, used by MNIST and similar data sets. Independent of file names.
//!
//! Files are untrusted: any content gives either an array or an [`Error`] with the file, its invalid part, what was
//! expected and what was found.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::files::check_samples;
use crate::error::Error;
use crate::pod::zeroed;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The magic number of a gzip stream (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The type code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 0x08;

/// An array of unsigned bytes with any number of dimensions, read from an IDX file.
///
/// The format, from Yann LeCun's description on the MNIST page: two zero bytes, a type code, the number of dimensions;
/// each dimension in four bytes, big-endian; the elements in row-major order. Only the type unsigned byte (8) is
/// supported, which MNIST, Fashion-MNIST, EMNIST and KMNIST use.
///
/// ```
/// use fnn::data::Idx;
///
/// // Two pictures of one row of two pixels.
/// let file = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 51, 255, 102];
/// let idx = Idx::parse("pictures", &file[..])?;
/// assert_eq!(idx.dimensions, [2, 1, 2]);
/// assert_eq!(idx.images::<[f32; 2]>()?, [[0.0, 0.2], [1.0, 0.4]]);
///
/// let error = Idx::parse("pictures", &file[..19]).unwrap_err();
/// assert_eq!(error.to_string(), "pictures: elements: expected 4 bytes, found 3");
/// # Ok::<(), fnn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Idx {
    /// The path of the file, for error messages.
    pub path: PathBuf,
    /// The dimensions, outermost first.
    pub dimensions: Vec<usize>,
    /// The elements; their number is the product of the dimensions.
    pub bytes: Vec<u8>,
}

impl Idx {
    /// Read a file, gzipped or not; the format is detected from the content.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] unless it is a complete IDX file of unsigned
    /// bytes without trailing data.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::File { path: path.into(), source })?;
        Self::parse(path, file)
    }

    /// Parse the content of a file, gzipped or not, from any reader, such as a slice of bytes. `path` is used in error
    /// messages.
    ///
    /// Decompresses at most one byte more than the header announces, and allocates memory only as the bytes arrive.
    ///
    /// # Errors
    /// Same as [`read`](Self::read).
    pub fn parse(path: impl AsRef<Path>, mut source: impl Read) -> Result<Self, Error> {
        let path = path.as_ref();
        let start = read_at_most(&mut source, GZIP.len() as u64).map_err(|error| unreadable(path, error))?;
        let gzipped = start == GZIP;
        let source = start.chain(source);
        if gzipped { Self::parse_plain(path, MultiGzDecoder::new(source)) } else { Self::parse_plain(path, source) }
    }

    /// Parse the decompressed content of a file.
    fn parse_plain(path: &Path, mut source: impl Read) -> Result<Self, Error> {
        let (dimensions, _) = header(path, &mut source)?;
        // On 32-bit targets too, where it may exceed the address space: the error reports what the file announces.
        let Some(length) = dimensions.iter().try_fold(1u64, |length, &size| length.checked_mul(size)) else {
            return Err(Error::format(path, "dimensions", "a product below 2^64", format_args!("{dimensions:?}")));
        };

        // Read one byte more than expected, to detect trailing data and to reach the checksum at the end of a gzip
        // stream.
        let bytes = read_at_most(&mut source, length.saturating_add(1)).map_err(|error| unreadable(path, error))?;
        if bytes.len() as u64 != length {
            let more = if bytes.len() as u64 > length { " or more" } else { "" };
            let found = format_args!("{}{more}", bytes.len());
            return Err(Error::format(path, "elements", format_args!("{length} bytes"), found));
        }
        let dimensions = dimensions.into_iter().map(|size| size as usize).collect();
        Ok(Self { path: path.into(), dimensions, bytes })
    }

    /// The array as samples along its first dimension, with bytes from 0 to 255 scaled to 0 to 1.
    ///
    /// The sample type may have any shape of the right length: images of 28 rows of 28 columns can be `[f32; 784]` or
    /// `[[[f32; 28]; 28]; 1]`.
    ///
    /// # Errors
    /// [`Error::Format`] if the samples in the file have a different number of elements than `S`.
    pub fn images<S: Sample<Element: Scalar>>(&self) -> Result<Vec<S>, Error> {
        let dimensions: Vec<u64> = self.dimensions.iter().map(|&size| size as u64).collect();
        check_samples::<S>(&self.path, &dimensions)?;
        let scaled: [S::Element; 256] = std::array::from_fn(|byte| S::Element::from_f64(byte as f64 / 255.0));
        let mut samples = vec![zeroed::<S>(); self.dimensions.first().copied().unwrap_or(0)];
        for (element, byte) in S::flat_mut(&mut samples).iter_mut().zip(&self.bytes) {
            *element = scaled[usize::from(*byte)];
        }
        Ok(samples)
    }

    /// The array as labels: class indices.
    ///
    /// # Errors
    /// [`Error::Format`] if it has more than one dimension, or if a label is not below `classes`.
    pub fn labels(&self, classes: usize) -> Result<Vec<usize>, Error> {
        if self.dimensions.len() != 1 {
            let found = format_args!("{:?}", self.dimensions);
            return Err(Error::format(&self.path, "dimensions", "one dimension for labels", found));
        }
        let labels: Vec<usize> = self.bytes.iter().copied().map(usize::from).collect();
        match labels.iter().position(|&label| label >= classes) {
            None => Ok(labels),
            Some(index) => {
                let found = format_args!("{} for sample {index}", labels[index]);
                Err(Error::format(&self.path, "label", format_args!("a class below {classes}"), found))
            }
        }
    }
}

/// Read the header of an uncompressed file of unsigned bytes: its dimensions, and the length of the header.
pub(super) fn header(path: &Path, source: &mut impl Read) -> Result<(Vec<u64>, u64), Error> {
    let mut next = |length| read_at_most(source, length).map_err(|error| unreadable(path, error));

    let magic = next(4)?;
    let [zero, nought, kind, rank] = magic[..] else {
        return Err(Error::format(path, "magic number", "4 bytes", magic.len()));
    };
    if [zero, nought] == GZIP {
        return Err(Error::format(path, "magic number", "an uncompressed file", "a gzip stream"));
    }
    if [zero, nought] != [0, 0] {
        return Err(Error::format(path, "magic number", "two zero bytes", format_args!("{zero:#04x} {nought:#04x}")));
    }
    if kind != UNSIGNED_BYTE {
        return Err(Error::format(path, "element type", "8 (unsigned bytes)", type_name(kind)));
    }
    if rank == 0 {
        return Err(Error::format(path, "number of dimensions", "at least 1", rank));
    }

    let sizes = next(4 * u64::from(rank))?;
    let (sizes, rest) = sizes.as_chunks();
    if sizes.len() < rank.into() {
        let (expected, found) = (4 * usize::from(rank), 4 * sizes.len() + rest.len());
        return Err(Error::format(path, "dimensions", format_args!("{expected} bytes"), found));
    }
    let dimensions = sizes.iter().map(|&size| u32::from_be_bytes(size).into()).collect();
    Ok((dimensions, 4 + 4 * u64::from(rank)))
}

/// The next `length` bytes, or fewer at the end of the file.
fn read_at_most(source: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The buffer grows with the data, and a failed allocation is an error.
    source.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A read failure: an error of the operating system, or a truncated or damaged gzip stream.
fn unreadable(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => Error::format(path, "gzip stream", "a complete stream", "an early end"),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => Error::format(path, "gzip stream", "a valid stream", error),
        _ => Error::File { path: path.into(), source: error },
    }
}

/// The format's name for a type code.
fn type_name(code: u8) -> String {
    let name = match code {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floating-point numbers",
        0x0e => "64-bit floating-point numbers",
        _ => "unknown type",
    };
    format!("{code} ({name})")
}
