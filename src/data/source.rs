//! What a network can be trained on.

use std::fmt::Debug;

use super::DataSet;
use super::adapters::{Augment, Concat, Map, Select, Take};
use super::fingerprint::Fingerprint;
use super::mix_up::MixUp;
use super::samplers::{Balanced, Sampled};
use crate::error::Error;
use crate::pod::zeroed;
use crate::random::{Random, mix};
use crate::shape::Sample;

/// Samples and their targets, read one at a time by index: what a network can be trained on.
///
/// A [`DataSet`] is a source that is in memory. [`from_fn`](super::from_fn) makes one from a closure. Files that are larger
/// than the memory are sources too. [`map`](Self::map), [`augment`](Self::augment), [`take`](Self::take),
/// [`concat`](Self::concat) and [`select`](Self::select) make new sources from others.
///
/// # Randomness
/// What is random about a sample, for example its augmentation, comes from the `random` that [`read`](Self::read) is
/// given. It depends on the seed of the training, the epoch and the index of the sample, so that the trained weights
/// are the same at any number of threads, and in a training that was resumed. An evaluation is given the same `random`
/// for a sample each time.
///
/// # Reading
/// While the trainer takes a step, it reads the samples of the next mini-batch, on the same threads. Two mini-batches
/// are in memory. Sources that are [`in_memory`](Self::in_memory) are not copied.
///
/// # Errors
/// An error ends the training. [`fit`](crate::Trainer::fit) returns it with the index of the sample, and with the
/// network as it was after the last step.
///
/// ```
/// use fnn::data::Source;
/// use fnn::{Error, Random};
///
/// /// Noisy samples of y = 2x.
/// struct Line;
///
/// impl Source for Line {
///     type Input = [f32; 1];
///     type Target = [f32; 1];
///
///     fn len(&self) -> usize {
///         1000
///     }
///
///     fn read(&self, index: usize, random: &mut Random, input: &mut [f32; 1]) -> Result<[f32; 1], Error> {
///         *input = [index as f32 / 1000.0];
///         Ok([2.0 * input[0] + 0.1 * random.normal() as f32])
///     }
/// }
///
/// # use fnn::{Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Sgd, train::Progress};
/// let trainer = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.5)).epochs(10);
/// # let trainer = trainer.progress(Progress::Silent);
/// let trained = trainer.fit(&Line)?;
/// assert!((trained.network.weight[0][0] - 2.0).abs() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of samples",
    label = "expected a `DataSet` or another `Source`",
    note = "collect pairs of a sample and its target into a `DataSet`, or implement `fnn::data::Source`"
)]
pub trait Source: Sync {
    /// A sample: an array of numbers.
    type Input: Sample;
    /// Its target.
    type Target: Copy + Debug + Send + Sync;

    /// The number of samples. A training, and the validation in it, takes those that there are when it begins;
    /// later ones wait for the next training.
    fn len(&self) -> usize;

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Write the sample at `index` to `input`, which has any content before, and return its target.
    ///
    /// Called on several threads, in any order.
    ///
    /// # Errors
    /// Any error about the sample; [`Error::other`] wraps errors of other types.
    fn read(&self, index: usize, random: &mut Random, input: &mut Self::Input) -> Result<Self::Target, Error>;

    /// The row of a sample in the file or the table that it comes from, for error messages.
    fn row(&self, index: usize) -> usize {
        index
    }

    /// A hash of the data: a training resumes from a checkpoint only if the data have the same one.
    ///
    /// By default it covers 64 to 127 samples and targets, evenly spaced, or all of fewer. A source that is slow to read,
    /// or that changes in other places, can return a number of its own.
    ///
    /// # Errors
    /// The errors of [`read`](Self::read).
    fn fingerprint(&self) -> Result<u64, Error> {
        let mut fingerprint = Fingerprint::new(self.len());
        let mut input = Box::new(zeroed::<Self::Input>());
        for index in (0..self.len()).step_by((self.len() / 64).max(1)) {
            let target = self.read(index, &mut chance(0, index), &mut input)?;
            fingerprint.inputs(std::slice::from_ref(&*input));
            fingerprint.target(&target);
        }
        Ok(fingerprint.finish())
    }

    /// The same samples and targets as slices, if all of them are in memory.
    fn in_memory(&self) -> Option<&DataSet<Self::Input, Self::Target>> {
        None
    }

    /// Transform each sample and its target with `map`, which may be random too.
    ///
    /// ```
    /// use fnn::{DataSet, data::Source};
    ///
    /// let numbers = DataSet::from([([1.0f32, 2.0], 3usize), ([4.0, 5.0], 6)]);
    /// let sums = numbers.map(|&[a, b], target, _| ([a + b], [target as f32]));
    /// let mut input = [0.0];
    /// assert_eq!((sums.read(1, &mut fnn::Random::new(0), &mut input)?, input), ([6.0], [9.0]));
    /// # Ok::<(), fnn::Error>(())
    /// ```
    fn map<J: Sample, U, M>(self, map: M) -> Map<Self, M>
    where
        Self: Sized,
        U: Copy + Debug + Send + Sync,
        M: Fn(&Self::Input, Self::Target, &mut Random) -> (J, U) + Sync,
    {
        Map { source: self, map }
    }

    /// Change each sample, and possibly its target, each time that it is read, as `random` decides. The functions in
    /// [`augment`](super::augment) shift, flip, crop, rotate and add noise.
    ///
    /// ```
    /// use fnn::{DataSet, data::Source};
    ///
    /// let points = DataSet::from([([1.0f32, 2.0], 0usize), ([4.0, 5.0], 1)]);
    /// let scaled = points.augment(|input, _, random| {
    ///     let factor = 0.9 + 0.2 * random.uniform() as f32;
    ///     input.iter_mut().for_each(|x| *x *= factor);
    /// });
    /// # let mut input = [0.0; 2];
    /// # scaled.read(1, &mut fnn::Random::new(0), &mut input)?;
    /// # assert!(input != [4.0, 5.0] && (input[1] / input[0] - 1.25).abs() < 1e-6);
    /// # Ok::<(), fnn::Error>(())
    /// ```
    fn augment<M>(self, change: M) -> Augment<Self, M>
    where
        Self: Sized,
        M: Fn(&mut Self::Input, &mut Self::Target, &mut Random) + Sync,
    {
        Augment { source: self, change }
    }

    /// Mix-up: samples between two samples, with targets between their targets.
    ///
    /// Each sample x is replaced by `λ·x + (1 − λ)·y`, where y is any sample and λ is drawn from the distribution
    /// Beta(α, α): with α = 0.2 most samples are close to x or to y. Classes become probabilities first, for example with
    /// [`one_hot`](super::one_hot). Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond empirical risk minimization", ICLR
    /// 2018.
    ///
    /// ```
    /// use fnn::{DataSet, data::{Source, one_hot}};
    ///
    /// let data = DataSet::from([([1.0f32, 2.0], 0usize), ([4.0, 5.0], 1)]);
    /// let mixed = data.map(|&input, class, _| (input, one_hot::<f32, 3>(class))).mix_up(0.2)?;
    /// let mut input = [0.0; 2];
    /// let target = mixed.read(0, &mut fnn::Random::new(0), &mut input)?;
    /// assert!((target[0] + target[1] - 1.0).abs() < 1e-6);
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] unless `alpha` is above 0.
    fn mix_up(self, alpha: f64) -> Result<MixUp<Self>, Error>
    where
        Self: Sized,
    {
        MixUp::new(self, alpha)
    }

    /// Oversample rare classes: an epoch has as many samples as before, and equally many of each class, which are drawn from the
    /// class with replacement.
    ///
    /// A source that is not in memory is read once, to learn the class of each sample. Keeps the index of each sample in memory.
    ///
    /// ```
    /// use fnn::{DataSet, Random, data::Source};
    ///
    /// // One sample of class 1 among a hundred.
    /// let rare: DataSet<[f32; 1], usize> = (0..100).map(|x| ([x as f32], usize::from(x == 7))).collect();
    /// let balanced = rare.balanced()?;
    /// let mut ones = 0;
    /// for index in 0..balanced.len() {
    ///     ones += balanced.read(index, &mut Random::new(1), &mut [0.0])?;
    /// }
    /// assert_eq!(ones, 50);
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`read`](Self::read).
    fn balanced(self) -> Result<Balanced<Self>, Error>
    where
        Self: Sized + Source<Target = usize>,
    {
        Balanced::new(self)
    }

    /// Draw samples with replacement, each with a probability proportional to its weight. An epoch has as many samples as before.
    ///
    /// A draw takes constant time, and 16 bytes of memory for each sample: Vose, "A linear algorithm for generating random numbers
    /// with a given distribution", IEEE Transactions on Software Engineering 17, 1991.
    ///
    /// ```
    /// use fnn::{DataSet, Random, data::Source};
    ///
    /// let data = DataSet::from([([1.0f32], 0usize), ([2.0], 1), ([3.0], 2)]);
    /// // The second sample is drawn as often as the first, and the third never.
    /// let sampled = data.sampled(&[0.5, 0.5, 0.0])?;
    /// assert!(sampled.read(0, &mut Random::new(1), &mut [0.0])? < 2);
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] unless there is a weight for each sample, all are finite and none is negative, and not all are
    /// 0.
    fn sampled(self, weights: &[f64]) -> Result<Sampled<Self>, Error>
    where
        Self: Sized,
    {
        Sampled::new(self, weights)
    }

    /// Only the first `count` samples, or all if there are fewer.
    fn take(self, count: usize) -> Take<Self>
    where
        Self: Sized,
    {
        Take { source: self, count }
    }

    /// The samples at these indices, in this order. An index may occur several times.
    ///
    /// ```
    /// use fnn::{DataSet, Random, data::Source};
    ///
    /// let data = DataSet::from([([1.0f32], 10usize), ([2.0], 20), ([3.0], 30)]);
    /// let selected = data.select(vec![2, 0])?;
    /// assert_eq!((selected.len(), selected.read(0, &mut Random::new(0), &mut [0.0])?), (2, 30));
    /// # Ok::<(), fnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] for an index that is not below the number of samples.
    fn select(self, indices: Vec<usize>) -> Result<Select<Self>, Error>
    where
        Self: Sized,
    {
        Select::new(self, indices)
    }

    /// These samples followed by those of `other`.
    fn concat<S>(self, other: S) -> Concat<Self, S>
    where
        Self: Sized,
        S: Source<Input = Self::Input, Target = Self::Target>,
    {
        Concat { first: self, second: other }
    }
}

/// The random numbers for a sample: those of the layers have another place.
pub(crate) fn chance(seed: u64, sample: usize) -> Random {
    const PLACE: u64 = u64::from_le_bytes(*b"the data");
    Random::new(mix(mix(seed, sample as u64), PLACE))
}

impl<I: Sample, T: Copy + Debug + Send + Sync> Source for DataSet<I, T> {
    type Input = I;
    type Target = T;

    fn len(&self) -> usize {
        self.inputs.len()
    }

    fn read(&self, index: usize, _: &mut Random, input: &mut I) -> Result<T, Error> {
        let (Some(sample), Some(target)) = (self.inputs.get(index), self.targets.get(index)) else {
            return Err(Error::index(index, self.len()));
        };
        *input = *sample;
        Ok(*target)
    }

    fn row(&self, index: usize) -> usize {
        Self::row(self, index)
    }

    /// Covers all inputs, and up to 4 MiB of targets, evenly spaced.
    fn fingerprint(&self) -> Result<u64, Error> {
        let mut fingerprint = Fingerprint::new(self.len());
        fingerprint.inputs(&self.inputs);
        // Targets of any type can only be printed, which is slow for large ones.
        let stride = size_of_val(&*self.targets) / Fingerprint::MOST_TARGET_BYTES + 1;
        self.targets.iter().step_by(stride).for_each(|target| fingerprint.target(target));
        Ok(fingerprint.finish())
    }

    fn in_memory(&self) -> Option<&Self> {
        Some(self)
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<S: Source + ?Sized> Source for $pointer
        where
            Self: Sync,
        {
            type Input = S::Input;
            type Target = S::Target;

            fn len(&self) -> usize {
                (**self).len()
            }

            fn read(&self, index: usize, random: &mut Random, input: &mut S::Input) -> Result<S::Target, Error> {
                (**self).read(index, random, input)
            }

            fn row(&self, index: usize) -> usize {
                (**self).row(index)
            }

            fn fingerprint(&self) -> Result<u64, Error> {
                (**self).fingerprint()
            }

            fn in_memory(&self) -> Option<&DataSet<S::Input, S::Target>> {
                (**self).in_memory()
            }
        }
    )*};
}
pointers!(&S, Box<S>, std::sync::Arc<S>);

/// A source of samples `I` with targets `T`, of any type.
pub(crate) type AnySource<'a, I, T> = dyn Source<Input = I, Target = T> + 'a;
