//! The IDX format: arrays of bytes, as MNIST and its relatives come. Knows nothing of where the files lie.
//!
//! A file is not trusted: whatever is in it, reading it ends in an array or in an [`Error`] that names the file, the
//! part of it, what was expected and what was found.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// What a gzip stream begins with (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The type code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 0x08;

/// An array of unsigned bytes of any number of dimensions, read from an IDX file.
///
/// The format, as Yann LeCun describes it on MNIST's page: two zero bytes, a type code, the number of dimensions; each
/// dimension in four bytes, big-endian; the elements, the last dimension changing fastest. Of its types only unsigned
/// bytes (8) are read, which is what MNIST, Fashion-MNIST, EMNIST and KMNIST are made of.
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
pub struct Idx {
    /// The file that it was read from, which errors name.
    pub path: PathBuf,
    /// The dimensions, outermost first.
    pub dimensions: Vec<usize>,
    /// The elements, as many as the product of the dimensions.
    pub bytes: Vec<u8>,
}

impl Idx {
    /// Read a file, gzipped or not, which is seen from what is in it.
    ///
    /// # Errors
    /// [`Error::File`] where it can't be read, [`Error::Format`] where it isn't a whole IDX file of unsigned bytes and
    /// nothing more.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::File { path: path.into(), source })?;
        Self::parse(path, file)
    }

    /// Read what a file holds, gzipped or not, from anywhere: a slice of bytes will do. `path` is what errors name.
    ///
    /// Inflates and keeps at most one byte more than the header announces, and asks for no memory before the bytes to
    /// fill it are there.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn parse(path: impl AsRef<Path>, mut source: impl Read) -> Result<Self, Error> {
        let path = path.as_ref();
        let start = read_at_most(&mut source, GZIP.len() as u64).map_err(|error| unreadable(path, error))?;
        let gzipped = start == GZIP;
        let source = start.chain(source);
        if gzipped { Self::parse_plain(path, MultiGzDecoder::new(source)) } else { Self::parse_plain(path, source) }
    }

    /// Read what a file holds when it isn't gzipped any more.
    fn parse_plain(path: &Path, mut source: impl Read) -> Result<Self, Error> {
        let mut next = |length| read_at_most(&mut source, length).map_err(|error| unreadable(path, error));

        let magic = next(4)?;
        let [zero, nought, kind, rank] = magic[..] else {
            return Err(wrong(path, "magic number", "4 bytes", magic.len()));
        };
        if [zero, nought] != [0, 0] {
            return Err(wrong(path, "magic number", "two zero bytes", format_args!("{zero:#04x} {nought:#04x}")));
        }
        if kind != UNSIGNED_BYTE {
            return Err(wrong(path, "element type", "8 (unsigned bytes)", type_name(kind)));
        }
        if rank == 0 {
            return Err(wrong(path, "number of dimensions", "at least 1", rank));
        }

        let sizes = next(4 * u64::from(rank))?;
        let (sizes, rest) = sizes.as_chunks();
        if sizes.len() < rank.into() {
            let (expected, found) = (4 * usize::from(rank), 4 * sizes.len() + rest.len());
            return Err(wrong(path, "dimensions", format_args!("{expected} bytes"), found));
        }
        let dimensions: Vec<usize> = sizes.iter().map(|&size| u32::from_be_bytes(size) as usize).collect();
        // On 32 bits too, where it may be more than there is memory for, it is what the file announces.
        let Some(length) = dimensions.iter().try_fold(1u64, |length, &size| length.checked_mul(size as u64)) else {
            return Err(wrong(path, "dimensions", "a product below 2^64", format_args!("{dimensions:?}")));
        };

        // One more than there should be, to see whether there is more; and so that the end of a gzip stream is reached,
        // where its checksum is.
        let bytes = next(length.saturating_add(1))?;
        if bytes.len() as u64 != length {
            let more = if bytes.len() as u64 > length { " or more" } else { "" };
            let found = format_args!("{}{more}", bytes.len());
            return Err(wrong(path, "elements", format_args!("{length} bytes"), found));
        }
        Ok(Self { path: path.into(), dimensions, bytes })
    }

    /// The array as samples along its first dimension, the bytes 0 to 255 scaled to 0 to 1.
    ///
    /// The sample may have any shape of the right length: pictures of 28 rows of 28 columns can be `[f32; 784]` or
    /// `[[[f32; 28]; 28]; 1]`.
    ///
    /// # Errors
    /// [`Error::Format`] where the file's samples have another number of elements than `S`.
    pub fn images<S: Sample<Element: Scalar>>(&self) -> Result<Vec<S>, Error> {
        let (count, sizes) = self.dimensions.split_first().unwrap_or((&0, &[]));
        // A product, since it is part of the whole one; unless that is of no elements.
        if sizes.iter().try_fold(1usize, |length, &size| length.checked_mul(size)) != Some(S::LENGTH) {
            let expected = format_args!("samples of {} elements, as {}", S::LENGTH, S::SHAPE);
            return Err(wrong(&self.path, "dimensions", expected, format_args!("{:?}", self.dimensions)));
        }
        let scaled: [S::Element; 256] = std::array::from_fn(|byte| S::Element::from_f64(byte as f64 / 255.0));
        let mut samples = vec![S::zeroed(); *count];
        for (element, byte) in S::flat_mut(&mut samples).iter_mut().zip(&self.bytes) {
            *element = scaled[usize::from(*byte)];
        }
        Ok(samples)
    }

    /// The array as labels: numbers of classes.
    ///
    /// # Errors
    /// [`Error::Format`] where it has more than one dimension, or where a label is not below `classes`.
    pub fn labels(&self, classes: usize) -> Result<Vec<usize>, Error> {
        if self.dimensions.len() != 1 {
            let found = format_args!("{:?}", self.dimensions);
            return Err(wrong(&self.path, "dimensions", "one, as labels have", found));
        }
        let labels: Vec<usize> = self.bytes.iter().copied().map(usize::from).collect();
        match labels.iter().position(|&label| label >= classes) {
            None => Ok(labels),
            Some(index) => {
                let found = format_args!("{} for sample {index}", labels[index]);
                Err(wrong(&self.path, "label", format_args!("a class below {classes}"), found))
            }
        }
    }
}

/// The next `length` bytes, or as many as there are.
fn read_at_most(source: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Grows with what is read, and reports memory that isn't there as an error.
    source.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A failure to read: the operating system's, or a gzip stream that is cut off or damaged.
fn unreadable(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => wrong(path, "gzip stream", "a whole one", "its end too early"),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => wrong(path, "gzip stream", "a whole one", error),
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
        _ => "no type of the format",
    };
    format!("{code} ({name})")
}

/// An error in what a file holds.
fn wrong(path: &Path, field: &'static str, expected: impl Display, found: impl Display) -> Error {
    Error::Format { path: path.into(), field: field.into(), expected: expected.to_string(), found: found.to_string() }
}
