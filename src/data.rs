//! Data sets: samples and their targets, and the files that they come from.

mod idx;
mod mnist;
mod normalizer;
mod split;

pub use idx::Idx;
pub use mnist::Mnist;
pub use normalizer::Normalizer;

use crate::error::Error;

/// Samples and the targets that belong to them, as many of the one as of the other.
///
/// ```
/// use fnn::DataSet;
///
/// let xor = DataSet::from([([0.0, 0.0], [0.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [0.0])]);
/// assert_eq!(xor.len(), 4);
/// assert!(DataSet::new(vec![[0.0]; 3], vec![1usize; 2]).is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet<I, T> {
    inputs: Vec<I>,
    targets: Vec<T>,
}

impl<I, T> DataSet<I, T> {
    /// Inputs and their targets, in the same order.
    ///
    /// # Errors
    /// [`Error::Unpaired`] where there are more of the one than of the other.
    pub fn new(inputs: Vec<I>, targets: Vec<T>) -> Result<Self, Error> {
        if inputs.len() == targets.len() {
            Ok(Self { inputs, targets })
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

    /// The same set with other samples: what `map` makes of them, one by one.
    ///
    /// ```
    /// use fnn::DataSet;
    ///
    /// let grams = DataSet::from([([1200.0f32], 0usize), ([800.0], 1)]);
    /// assert_eq!(grams.map_inputs(|[x]| [x / 1000.0]).inputs(), [[1.2], [0.8]]);
    /// ```
    #[must_use]
    pub fn map_inputs<J>(self, map: impl FnMut(I) -> J) -> DataSet<J, T> {
        DataSet { inputs: self.inputs.into_iter().map(map).collect(), targets: self.targets }
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }
}

impl<I, T> FromIterator<(I, T)> for DataSet<I, T> {
    fn from_iter<P: IntoIterator<Item = (I, T)>>(pairs: P) -> Self {
        let (inputs, targets) = pairs.into_iter().unzip();
        Self { inputs, targets }
    }
}

impl<I, T, const N: usize> From<[(I, T); N]> for DataSet<I, T> {
    fn from(pairs: [(I, T); N]) -> Self {
        pairs.into_iter().collect()
    }
}
