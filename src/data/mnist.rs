//! MNIST, and data sets in files with the same names: Fashion-MNIST, KMNIST.

use std::path::{Path, PathBuf};

use super::{DataSet, Idx};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The number of classes of MNIST and its drop-in replacements.
const CLASSES: usize = 10;

/// MNIST, or a data set in files with the same names and sizes.
///
/// The sample type may have any shape of 784 elements, usually inferred from the network that it is used with:
/// `[f32; 784]` or `[[[f32; 28]; 28]; 1]`.
///
/// ```no_run
/// use fnn::data::Mnist;
///
/// let Mnist { train, test } = Mnist::<[f32; 784]>::read("data/mnist")?;
/// assert_eq!((train.len(), test.len()), (60_000, 10_000));
/// # Ok::<(), fnn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mnist<S> {
    /// The training set.
    pub train: DataSet<S, usize>,
    /// The test set, written by other people.
    pub test: DataSet<S, usize>,
}

impl<S: Sample<Element: Scalar>> Mnist<S> {
    /// Read both sets from a folder, with pixels scaled from 0..255 to 0..1.
    ///
    /// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte`, gzipped (as `….gz`) or not.
    ///
    /// # Errors
    /// [`Error::File`] if a file cannot be read, [`Error::Format`] if its content is invalid: the errors of [`Idx`],
    /// and a different number of images and labels.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        Ok(Self { train: set(folder, "train")?, test: set(folder, "t10k")? })
    }
}

/// The data set in the files whose names begin with `name`.
fn set<S: Sample<Element: Scalar>>(folder: &Path, name: &str) -> Result<DataSet<S, usize>, Error> {
    let labels_path = file(folder, &format!("{name}-labels-idx1-ubyte"));
    let labels = Idx::read(&labels_path)?.labels(CLASSES)?;
    let images = Idx::read(file(folder, &format!("{name}-images-idx3-ubyte")))?.images()?;
    if labels.len() != images.len() {
        let expected = format!("{}, one for each image", images.len());
        return Err(Error::format(&labels_path, "number of labels", expected, labels.len()));
    }
    DataSet::new(images, labels)
}

/// The path of a file: its gzipped version if the plain one does not exist.
fn file(folder: &Path, name: &str) -> PathBuf {
    let plain = folder.join(name);
    if plain.exists() { plain } else { folder.join(format!("{name}.gz")) }
}
