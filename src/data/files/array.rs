//! A file that is an array of samples.

use std::fmt;
use std::fs::File;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::number::{NumberType, ReadNumber};
use super::{check_samples, npy, open, read_at};
use crate::data::{Source, idx};
use crate::error::Error;
use crate::pod::zeroed;
use crate::random::Random;
use crate::shape::Sample;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 14;

/// An array of samples, or of targets, in a file that may be larger than the memory: IDX, `.npy`, or numbers without a
/// header.
///
/// Each sample is read when it is needed, at its position in the file. A sample may have any shape with the right number
/// of elements: pictures of 28 rows of 28 columns can be read as `[f32; 784]` or `[[[f32; 28]; 28]; 1]`, and classes as
/// `usize`.
///
/// ```
/// use fnn::data::{ArrayFile, Source, NumberType};
///
/// let folder = std::env::temp_dir().join(format!("fnn-doc-array-file-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// // Two pictures of two pixels, and their classes.
/// std::fs::write(folder.join("pictures"), [0, 51, 255, 102])?;
/// std::fs::write(folder.join("classes"), [7, 3])?;
/// let pictures = ArrayFile::<[f32; 2]>::raw(folder.join("pictures"), NumberType::U8)?.divided_by(255.0);
/// let classes = ArrayFile::<usize>::raw(folder.join("classes"), NumberType::U8)?;
/// let data = pictures.with_targets(classes)?;
/// let mut picture = [0.0; 2];
/// assert_eq!((data.len(), data.read(1, &mut fnn::Random::new(0), &mut picture)?), (2, 3));
/// assert_eq!(picture, [1.0, 0.4]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ArrayFile<A> {
    path: PathBuf,
    file: File,
    /// The position of the first sample.
    start: u64,
    samples: usize,
    number: NumberType,
    divisor: f64,
    sample: PhantomData<fn() -> A>,
}

impl<A: Sample<Element: ReadNumber>> ArrayFile<A> {
    /// Open an IDX file of unsigned bytes, which must not be compressed. Samples lie along its first dimension.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be opened, and [`Error::Format`] if its header is invalid, its samples have
    /// another number of elements than `A`, or its size is not what the header says.
    pub fn idx(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let (mut file, size) = open(path)?;
        let (dimensions, start) = idx::header(path, &mut file)?;
        Self::of(path, (file, size), start, &dimensions, NumberType::U8)
    }

    /// Open a NumPy file (`.npy`) of numbers, little-endian and in C order. Samples lie along the first axis.
    ///
    /// # Errors
    /// Same as [`idx`](Self::idx).
    pub fn npy(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let (mut file, size) = open(path)?;
        let npy::Header { number, dimensions, length } = npy::header(path, &mut file)?;
        Self::of(path, (file, size), length, &dimensions, number)
    }

    /// Open a file of nothing but numbers, sample after sample.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be opened, and [`Error::Format`] unless it has whole samples.
    pub fn raw(path: impl AsRef<Path>, number: NumberType) -> Result<Self, Error> {
        let path = path.as_ref();
        let (file, size) = open(path)?;
        let sample = (A::LENGTH * number.size()) as u64;
        if sample == 0 || !size.is_multiple_of(sample) {
            return Err(Error::format(
                path,
                "size",
                format_args!("samples of {sample} bytes"),
                format_args!("{size} bytes"),
            ));
        }
        let samples = usize::try_from(size / sample).unwrap_or(usize::MAX);
        Ok(Self { path: path.into(), file, start: 0, samples, number, divisor: 1.0, sample: PhantomData })
    }

    fn of(
        path: &Path,
        (file, size): (File, u64),
        start: u64,
        dimensions: &[u64],
        number: NumberType,
    ) -> Result<Self, Error> {
        let Some(&samples) = dimensions.first() else {
            return Err(Error::format(path, "dimensions", "at least one", "none"));
        };
        check_samples::<A>(path, dimensions)?;
        let expected = samples.checked_mul((A::LENGTH * number.size()) as u64);
        if expected.and_then(|expected| expected.checked_add(start)) != Some(size) {
            let expected = expected.map_or("fewer than 2^64".into(), |expected| expected.to_string());
            return Err(Error::format(path, "elements", format_args!("{expected} bytes"), size.saturating_sub(start)));
        }
        // As many as there are bytes, which the file does have.
        let samples = usize::try_from(samples).unwrap_or(usize::MAX);
        Ok(Self { path: path.into(), file, start, samples, number, divisor: 1.0, sample: PhantomData })
    }

    /// Divide each number by `divisor`, for example 255 for bytes that become numbers from 0 to 1.
    #[must_use]
    pub fn divided_by(self, divisor: f64) -> Self {
        Self { divisor, ..self }
    }

    /// The number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.samples
    }

    /// Whether there are no samples.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// Read the sample at `index`.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] if a number is not of the sample's type, and
    /// [`Error::Setting`] if there is no such sample.
    pub fn read(&self, index: usize, sample: &mut A) -> Result<(), Error> {
        if index >= self.samples {
            return Err(Error::index(index, self.samples));
        }
        let size = self.number.size();
        let mut position = self.start + index as u64 * (A::LENGTH * size) as u64;
        let mut memory = [0; BLOCK];
        for numbers in sample.elements_mut().chunks_mut(BLOCK / size) {
            let bytes = &mut memory[..numbers.len() * size];
            let unreadable = |source| Error::File { path: self.path.clone(), source };
            read_at(&self.file, bytes, position).map_err(unreadable)?;
            position += bytes.len() as u64;
            self.number.read(bytes, self.divisor, numbers).map_err(|(_, found)| {
                Error::format(&self.path, format!("sample {index}"), <A::Element as ReadNumber>::EXPECTED, found)
            })?;
        }
        Ok(())
    }

    /// Read all samples into memory.
    ///
    /// # Errors
    /// The errors of [`read`](Self::read).
    pub fn read_all(&self) -> Result<Vec<A>, Error> {
        let mut samples = vec![zeroed::<A>(); self.samples];
        samples.iter_mut().enumerate().try_for_each(|(index, sample)| self.read(index, sample))?;
        Ok(samples)
    }

    /// These samples with the targets in another file: a [`Source`].
    ///
    /// # Errors
    /// [`Error::Unpaired`] if their numbers differ.
    pub fn with_targets<T: Sample<Element: ReadNumber>>(self, targets: ArrayFile<T>) -> Result<Paired<A, T>, Error> {
        if self.samples != targets.samples {
            return Err(Error::Unpaired { inputs: self.samples, targets: targets.samples });
        }
        Ok(Paired { inputs: self, targets })
    }
}

impl<A> fmt::Debug for ArrayFile<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, samples, number, .. } = self;
        let mut debug = f.debug_struct("ArrayFile");
        debug.field("path", path).field("samples", samples).field("number", number).finish_non_exhaustive()
    }
}

/// Samples in one file and their targets in another: [`ArrayFile::with_targets`].
#[derive(Debug)]
pub struct Paired<A, T> {
    inputs: ArrayFile<A>,
    targets: ArrayFile<T>,
}

impl<A, T> Source for Paired<A, T>
where
    A: Sample<Element: ReadNumber>,
    T: Sample<Element: ReadNumber>,
{
    type Input = A;
    type Target = T;

    fn len(&self) -> usize {
        self.inputs.samples
    }

    fn read(&self, index: usize, _: &mut Random, input: &mut A) -> Result<T, Error> {
        self.inputs.read(index, input)?;
        let mut target = zeroed::<T>();
        self.targets.read(index, &mut target)?;
        Ok(target)
    }
}
