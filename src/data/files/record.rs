//! A file of records of a fixed size.

use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::fs::File;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::{open, read_at};
use crate::data::Source;
use crate::error::Error;
use crate::random::Random;
use crate::shape::Sample;

/// A file of records of a fixed size, each a sample and its target, which may be larger than the memory.
///
/// ```
/// use fnn::data::{RecordFile, Source};
///
/// let path = std::env::temp_dir().join(format!("fnn-doc-record-file-{}", std::process::id()));
/// // The format of CIFAR-10, with two pixels: a class, and bytes.
/// std::fs::write(&path, [3, 0, 255, 7, 51, 102])?;
/// let data = RecordFile::open(&path, 0, 3, |record: &[u8], input: &mut [f32; 2]| {
///     let [class, pixels @ ..] = record else { return Err(fnn::Error::other("a record is not empty")) };
///     input.iter_mut().zip(pixels).for_each(|(x, &byte)| *x = f32::from(byte) / 255.0);
///     Ok(usize::from(*class))
/// })?;
/// let mut input = [0.0; 2];
/// assert_eq!((data.read(1, &mut fnn::Random::new(0), &mut input)?, input), (7, [0.2, 0.4]));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RecordFile<I, D> {
    path: PathBuf,
    file: File,
    header: u64,
    record: usize,
    records: usize,
    decode: D,
    input: PhantomData<fn(&mut I)>,
}

impl<I, T, D> RecordFile<I, D>
where
    I: Sample,
    T: Copy + Debug + Send + Sync,
    D: Fn(&[u8], &mut I) -> Result<T, Error> + Sync,
{
    /// Open a file with a header of `header` bytes, followed by records of `record` bytes. `decode` writes a record's
    /// sample, and returns its target.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be opened, and [`Error::Format`] unless it has a header and whole records.
    pub fn open(path: impl AsRef<Path>, header: u64, record: usize, decode: D) -> Result<Self, Error> {
        let path = path.as_ref();
        let (file, size) = open(path)?;
        let records = size.checked_sub(header).filter(|rest| record > 0 && rest.is_multiple_of(record as u64));
        let Some(records) = records.map(|rest| rest / record.max(1) as u64) else {
            let expected = format_args!("a header of {header} bytes, and records of {record} bytes");
            return Err(Error::format(path, "size", expected, format_args!("{size} bytes")));
        };
        let records = usize::try_from(records).unwrap_or(usize::MAX);
        Ok(Self { path: path.into(), file, header, record, records, decode, input: PhantomData })
    }
}

impl<I, T, D> Source for RecordFile<I, D>
where
    I: Sample,
    T: Copy + Debug + Send + Sync,
    D: Fn(&[u8], &mut I) -> Result<T, Error> + Sync,
{
    type Input = I;
    type Target = T;

    fn len(&self) -> usize {
        self.records
    }

    fn read(&self, index: usize, _: &mut Random, input: &mut I) -> Result<T, Error> {
        thread_local! {
            // Grows to the size of a record, once per thread.
            static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        if index >= self.records {
            return Err(Error::index(index, self.records));
        }
        // Taken out, so that `decode` may read from another file.
        let mut memory = MEMORY.take();
        memory.resize(self.record, 0);
        let read = read_at(&self.file, &mut memory, self.header + index as u64 * self.record as u64);
        let target = match read {
            Ok(()) => (self.decode)(&memory, input),
            Err(source) => Err(Error::File { path: self.path.clone(), source }),
        };
        MEMORY.set(memory);
        target
    }
}

impl<I, D> fmt::Debug for RecordFile<I, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RecordFile");
        debug.field("path", &self.path).field("records", &self.records).finish_non_exhaustive()
    }
}
