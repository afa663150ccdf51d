//! Data: samples and their targets, in memory, computed, or in files.
//!
//! | samples | are read with |
//! |---|---|
//! | in memory | [`DataSet`], from pairs, iterators or two `Vec`s |
//! | computed, or read in a way of your own | [`from_fn`], or an implementation of [`Source`] |
//! | MNIST and its relatives, other IDX files | [`Mnist`], [`Idx`] |
//! | a table in CSV (feature `csv`) | `Csv` |
//! | NumPy arrays | [`ArrayFile::npy`]; archives of them (feature `npz`) with `Npz` |
//! | folders of images (feature `images`) | `ImageFolder` |
//! | files that are larger than the memory | [`ArrayFile`], [`RecordFile`] |
//!
//! [`Source`] has methods to transform, augment, mix, weight, select and concatenate samples. [`DataSet::hold_out`] and
//! [`DataSet::folds`] split a set, [`Normalizer`] scales its columns or channels, and [`Labels`] names its classes.

mod adapters;
pub mod augment;
#[cfg(feature = "csv")]
mod csv;
mod files;
mod fingerprint;
mod idx;
#[cfg(feature = "images")]
mod image_folder;
mod labels;
mod mini_batch;
mod mix_up;
mod mnist;
mod normalizer;
mod order;
mod samplers;
mod source;
mod split;

pub use adapters::{Augment, Concat, FromFn, Map, Select, Take, from_fn};
#[cfg(feature = "csv")]
pub use csv::{Csv, Missing};
#[cfg(feature = "npz")]
pub use files::Npz;
pub use files::{ArrayFile, NumberType, Paired, ReadNumber, RecordFile};
pub(crate) use fingerprint::fingerprint_of;
pub use idx::Idx;
#[cfg(feature = "images")]
pub use image_folder::ImageFolder;
pub use labels::Labels;
pub(crate) use mini_batch::{MiniBatch, gathered};
pub use mix_up::MixUp;
pub use mnist::Mnist;
pub use normalizer::Normalizer;
pub(crate) use order::Order;
pub use samplers::{Balanced, Sampled};
pub use source::Source;
pub(crate) use source::{AnySource, chance};
pub use split::{Folds, Split};

use crate::error::Error;
use crate::losses::Weighted;
use crate::scalar::Scalar;

/// The probabilities of a class that is certain: 1 for `class`, 0 for all others, and only 0 for a class of N or more.
///
/// ```
/// assert_eq!(fnn::data::one_hot::<f32, 4>(2), [0.0, 0.0, 1.0, 0.0]);
/// ```
#[must_use]
pub fn one_hot<S: Scalar, const N: usize>(class: usize) -> [S; N] {
    std::array::from_fn(|index| if index == class { S::ONE } else { S::ZERO })
}

/// Samples and their targets, of equal number.
///
/// ```
/// use fnn::DataSet;
///
/// let xor = DataSet::from([([0.0, 0.0], [0.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [0.0])]);
/// assert_eq!(xor.len(), 4);
/// assert!(DataSet::new(vec![[0.0]; 3], vec![1usize; 2]).is_err());
/// ```
///
/// After a split, each sample keeps the number of its original row ([`row`](Self::row)). Two sets are equal if their
/// samples and targets are, whatever their rows.
#[derive(Clone, Debug)]
pub struct DataSet<I, T> {
    inputs: Vec<I>,
    targets: Vec<T>,
    /// The original row of each sample after a split; `None` if the set was not split.
    rows: Option<Vec<usize>>,
}

impl<I, T> DataSet<I, T> {
    /// Create a data set from inputs and targets in the same order.
    ///
    /// # Errors
    /// [`Error::Unpaired`] if their numbers differ.
    pub fn new(inputs: Vec<I>, targets: Vec<T>) -> Result<Self, Error> {
        if inputs.len() == targets.len() {
            Ok(Self { inputs, targets, rows: None })
        } else {
            Err(Error::Unpaired { inputs: inputs.len(), targets: targets.len() })
        }
    }

    /// The samples.
    #[must_use]
    pub fn inputs(&self) -> &[I] {
        &self.inputs
    }

    /// Their targets.
    #[must_use]
    pub fn targets(&self) -> &[T] {
        &self.targets
    }

    /// Transform every sample with `map`.
    ///
    /// ```
    /// use fnn::DataSet;
    ///
    /// let grams = DataSet::from([([1200.0f32], 0usize), ([800.0], 1)]);
    /// assert_eq!(grams.map_inputs(|[x]| [x / 1000.0]).inputs(), [[1.2], [0.8]]);
    /// ```
    #[must_use]
    pub fn map_inputs<J>(self, map: impl FnMut(I) -> J) -> DataSet<J, T> {
        DataSet { inputs: self.inputs.into_iter().map(map).collect(), targets: self.targets, rows: self.rows }
    }

    /// Weight each target, so that a sample counts as that many samples in the loss
    /// [`SampleWeights`](crate::losses::SampleWeights).
    ///
    /// ```
    /// use fnn::{DataSet, losses::Weighted};
    ///
    /// let data = DataSet::from([([1.0f32], 0usize), ([2.0], 1)]);
    /// // The second class is three times as important.
    /// let weighted = data.weighted(|_, class| if *class == 1 { 3.0 } else { 1.0 });
    /// assert_eq!(weighted.targets()[1], Weighted { target: 1, weight: 3.0 });
    /// ```
    #[must_use]
    pub fn weighted(self, mut weight: impl FnMut(&I, &T) -> f32) -> DataSet<I, Weighted<T>> {
        let Self { inputs, targets, rows } = self;
        let targets = inputs.iter().zip(targets).map(|(input, target)| {
            let weight = weight(input, &target);
            Weighted { target, weight }
        });
        let targets = targets.collect();
        DataSet { inputs, targets, rows }
    }

    /// The original row of sample number `sample`, counted from 0: its row in the set before the first split.
    ///
    /// Errors about a sample report this row too, so that it can be found in the file.
    ///
    /// ```
    /// use fnn::{DataSet, data::Split};
    ///
    /// let squares: DataSet<usize, usize> = (0..100).map(|x| (x, x * x)).collect();
    /// let Split { test, .. } = squares.hold_out(0.2, 1)?;
    /// assert_eq!(test.row(0), test.inputs()[0]);
    /// # Ok::<(), fnn::Error>(())
    /// ```
    #[must_use]
    pub fn row(&self, sample: usize) -> usize {
        self.rows.as_ref().and_then(|rows| rows.get(sample)).copied().unwrap_or(sample)
    }

    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether the set has no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }
}

impl<I> DataSet<I, usize> {
    /// A weight for each of N classes, by which all classes together count equally: the number of samples, divided by N
    /// and by the number of samples of the class. Scikit-learn calls it "balanced". 0 for a class without samples.
    ///
    /// ```
    /// use fnn::{DataSet, losses::CrossEntropy};
    ///
    /// let data = DataSet::from([([1.0f32], 0), ([2.0], 0), ([3.0], 0), ([4.0], 1)]);
    /// assert_eq!(data.class_weights(), [4.0 / (2.0 * 3.0), 4.0 / (2.0 * 1.0)]);
    /// let loss = CrossEntropy.class_weights(data.class_weights::<2>());
    /// ```
    #[must_use]
    pub fn class_weights<const N: usize>(&self) -> [f64; N] {
        let mut counts = [0usize; N];
        for &class in &self.targets {
            if let Some(count) = counts.get_mut(class) {
                *count += 1;
            }
        }
        counts.map(|count| if count == 0 { 0.0 } else { self.len() as f64 / (N * count) as f64 })
    }
}

impl<I: PartialEq, T: PartialEq> PartialEq for DataSet<I, T> {
    fn eq(&self, other: &Self) -> bool {
        self.inputs == other.inputs && self.targets == other.targets
    }
}

impl<I, T> FromIterator<(I, T)> for DataSet<I, T> {
    fn from_iter<P: IntoIterator<Item = (I, T)>>(pairs: P) -> Self {
        let (inputs, targets) = pairs.into_iter().unzip();
        Self { inputs, targets, rows: None }
    }
}

impl<I, T, const N: usize> From<[(I, T); N]> for DataSet<I, T> {
    fn from(pairs: [(I, T); N]) -> Self {
        pairs.into_iter().collect()
    }
}
