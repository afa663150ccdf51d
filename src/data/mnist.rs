//! MNIST, and the data sets that took over its files' names: Fashion-MNIST, KMNIST.

use std::path::{Path, PathBuf};

use super::{DataSet, Idx};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// The classes of MNIST and of its relatives.
const CLASSES: usize = 10;

/// MNIST, or a data set that comes in files of the same names and sizes.
///
/// The sample may have any shape of 784 elements, which inference finds from the network that it goes into: `[f32; 784]`
/// or `[[[f32; 28]; 28]; 1]`.
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
    /// Digits to train on.
    pub train: DataSet<S, usize>,
    /// Digits by other hands, to test on.
    pub test: DataSet<S, usize>,
}

impl<S: Sample<Element: Scalar>> Mnist<S> {
    /// Read both sets from a folder, with pixels scaled from 0 to 255 to 0 to 1.
    ///
    /// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte`, gzipped (as `….gz`) or not.
    ///
    /// # Errors
    /// [`Error::File`] where a file can't be read, [`Error::Format`] where it holds something else than it should: what
    /// [`Idx`] finds, and images and labels of different number.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        Ok(Self { train: set(folder, "train")?, test: set(folder, "t10k")? })
    }
}

/// The data set whose files' names begin with `name`.
fn set<S: Sample<Element: Scalar>>(folder: &Path, name: &str) -> Result<DataSet<S, usize>, Error> {
    let labels_path = file(folder, &format!("{name}-labels-idx1-ubyte"));
    let labels = Idx::read(&labels_path)?.labels(CLASSES)?;
    let images = Idx::read(file(folder, &format!("{name}-images-idx3-ubyte")))?.images()?;
    if labels.len() != images.len() {
        return Err(Error::Format {
            path: labels_path,
            field: "number of labels".into(),
            expected: format!("{}, one for each image", images.len()),
            found: labels.len().to_string(),
        });
    }
    DataSet::new(images, labels)
}

/// The file of that name, gzipped where there is no other.
fn file(folder: &Path, name: &str) -> PathBuf {
    let plain = folder.join(name);
    if plain.exists() { plain } else { folder.join(format!("{name}.gz")) }
}
