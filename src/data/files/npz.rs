//! NumPy archives.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::number::ReadNumber;
use super::{check_samples, npy};
use crate::error::Error;
use crate::pod::zeroed;
use crate::shape::Sample;

/// An archive of NumPy arrays (`.npz`), as `numpy.savez` and `numpy.savez_compressed` write it.
///
/// ```no_run
/// use fnn::{DataSet, data::Npz};
///
/// let mut archive = Npz::open("mnist.npz")?;
/// let images = archive.array::<[f32; 784]>("x_train")?;
/// let data = DataSet::new(images, archive.array::<usize>("y_train")?)?.map_inputs(|image| image.map(|x| x / 255.0));
/// # Ok::<(), fnn::Error>(())
/// ```
#[derive(Debug)]
pub struct Npz {
    path: PathBuf,
    archive: zip::ZipArchive<BufReader<File>>,
}

impl Npz {
    /// Open an archive.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, and [`Error::Format`] if it is not an archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::File { path: path.into(), source })?;
        let archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(path, error.into()))?;
        Ok(Self { path: path.into(), archive })
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.archive.file_names().filter_map(|name| name.strip_suffix(".npy"))
    }

    /// Read an array. Samples lie along its first axis, and may have any shape with the right number of elements.
    ///
    /// # Errors
    /// [`Error::Format`] if there is no such array, if its header is invalid, if its samples have another number of
    /// elements than `A` or numbers that are not of its type, or if it is damaged.
    pub fn array<A: Sample<Element: ReadNumber>>(&mut self, name: &str) -> Result<Vec<A>, Error> {
        let names = self.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let path = self.path.join(format!("{name}.npy"));
        let mut entry = match self.archive.by_name(&format!("{name}.npy")) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::FileNotFound) => {
                let found = if names.is_empty() { "none".into() } else { names };
                return Err(Error::format(&self.path, "arrays", format_args!("`{name}`"), found));
            }
            Err(error) => return Err(damaged(&path, error.into())),
        };
        let npy::Header { number, dimensions, .. } = npy::header(&path, &mut entry)?;
        check_samples::<A>(&path, &dimensions)?;
        let samples = dimensions.first().copied().unwrap_or(1);
        // Memory grows with what there is, not with what the header announces.
        let (mut read, mut bytes) = (Vec::new(), vec![0; A::LENGTH * number.size()]);
        for index in 0..samples {
            entry.read_exact(&mut bytes).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    Error::format(&path, "elements", format_args!("{samples} samples"), format_args!("{index}"))
                }
                _ => damaged(&path, error),
            })?;
            let mut sample = zeroed::<A>();
            let numbers = sample.elements_mut();
            number.read(&bytes, 1.0, numbers).map_err(|(_, found)| {
                Error::format(&path, format!("sample {index}"), <A::Element as ReadNumber>::EXPECTED, found)
            })?;
            read.push(sample);
        }
        // Reading to the end compares the checksum.
        match io::copy(&mut entry.take(1), &mut io::sink()) {
            Ok(0) => Ok(read),
            Ok(_) => Err(Error::format(&path, "elements", format_args!("{samples} samples"), "more")),
            Err(error) => Err(damaged(&path, error)),
        }
    }
}

/// An error of the archive: of the operating system, or of its content.
fn damaged(path: &Path, error: io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return Error::File { path: path.into(), source: error };
    }
    Error::format(path, "archive", "a valid archive", error)
}
