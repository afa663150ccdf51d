//! Sources that are made from other sources, or from a closure.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use super::Source;
use crate::error::Error;
use crate::pod::zeroed;
use crate::random::Random;
use crate::shape::Sample;

/// A source of `length` samples that `read` writes: a closure of the index, the random numbers and the sample, which
/// returns the target. See [`Source::read`].
///
/// ```
/// use fnn::data::{Source, from_fn};
///
/// // A random point, and whether it lies in the unit circle: different ones in each epoch.
/// let points = from_fn(10_000, |_, random, point: &mut [f32; 2]| {
///     *point = [(); 2].map(|()| 2.0 * random.uniform() as f32 - 1.0);
///     Ok(usize::from(point[0].hypot(point[1]) < 1.0))
/// });
/// assert_eq!(points.len(), 10_000);
/// ```
pub fn from_fn<I, T, R>(length: usize, read: R) -> FromFn<I, R>
where
    I: Sample,
    T: Copy + Debug + Send + Sync,
    R: Fn(usize, &mut Random, &mut I) -> Result<T, Error> + Sync,
{
    FromFn { length, read, input: PhantomData }
}

/// The source that [`from_fn`] returns.
#[derive(Clone, Copy)]
pub struct FromFn<I, R> {
    length: usize,
    read: R,
    input: PhantomData<fn(&mut I)>,
}

impl<I, T, R> Source for FromFn<I, R>
where
    I: Sample,
    T: Copy + Debug + Send + Sync,
    R: Fn(usize, &mut Random, &mut I) -> Result<T, Error> + Sync,
{
    type Input = I;
    type Target = T;

    fn len(&self) -> usize {
        self.length
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut I) -> Result<T, Error> {
        (self.read)(index, random, input)
    }
}

/// The source that [`Source::map`] returns.
#[derive(Clone, Copy)]
pub struct Map<S, M> {
    pub(super) source: S,
    pub(super) map: M,
}

impl<S, J, U, M> Source for Map<S, M>
where
    S: Source,
    J: Sample,
    U: Copy + Debug + Send + Sync,
    M: Fn(&S::Input, S::Target, &mut Random) -> (J, U) + Sync,
{
    type Input = J;
    type Target = U;

    fn len(&self) -> usize {
        self.source.len()
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut J) -> Result<U, Error> {
        let mut before = zeroed::<S::Input>();
        let target = self.source.read(index, random, &mut before)?;
        let (after, target) = (self.map)(&before, target, random);
        *input = after;
        Ok(target)
    }

    fn row(&self, index: usize) -> usize {
        self.source.row(index)
    }
}

/// The source that [`Source::augment`] returns.
#[derive(Clone, Copy)]
pub struct Augment<S, M> {
    pub(super) source: S,
    pub(super) change: M,
}

impl<S, M> Source for Augment<S, M>
where
    S: Source,
    M: Fn(&mut S::Input, &mut S::Target, &mut Random) + Sync,
{
    type Input = S::Input;
    type Target = S::Target;

    fn len(&self) -> usize {
        self.source.len()
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut S::Input) -> Result<S::Target, Error> {
        let mut target = self.source.read(index, random, input)?;
        (self.change)(input, &mut target, random);
        Ok(target)
    }

    fn row(&self, index: usize) -> usize {
        self.source.row(index)
    }
}

/// The source that [`Source::take`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Take<S> {
    pub(super) source: S,
    pub(super) count: usize,
}

impl<S: Source> Source for Take<S> {
    type Input = S::Input;
    type Target = S::Target;

    fn len(&self) -> usize {
        self.source.len().min(self.count)
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut S::Input) -> Result<S::Target, Error> {
        if index >= self.count {
            return Err(Error::index(index, self.len()));
        }
        self.source.read(index, random, input)
    }

    fn row(&self, index: usize) -> usize {
        self.source.row(index)
    }
}

/// The source that [`Source::select`] returns.
#[derive(Clone, Debug)]
pub struct Select<S> {
    source: S,
    indices: Vec<usize>,
}

impl<S: Source> Select<S> {
    pub(super) fn new(source: S, indices: Vec<usize>) -> Result<Self, Error> {
        match indices.iter().find(|&&index| index >= source.len()) {
            Some(&index) => Err(Error::index(index, source.len())),
            None => Ok(Self { source, indices }),
        }
    }
}

impl<S: Source> Source for Select<S> {
    type Input = S::Input;
    type Target = S::Target;

    fn len(&self) -> usize {
        self.indices.len()
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut S::Input) -> Result<S::Target, Error> {
        let selected = self.indices.get(index).copied().ok_or_else(|| Error::index(index, self.len()))?;
        self.source.read(selected, random, input)
    }

    fn row(&self, index: usize) -> usize {
        self.indices.get(index).map_or(index, |&index| self.source.row(index))
    }
}

/// The source that [`Source::concat`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Concat<A, B> {
    pub(super) first: A,
    pub(super) second: B,
}

impl<A: Source, B: Source<Input = A::Input, Target = A::Target>> Source for Concat<A, B> {
    type Input = A::Input;
    type Target = A::Target;

    fn len(&self) -> usize {
        self.first.len().saturating_add(self.second.len())
    }

    fn read(&self, index: usize, random: &mut Random, input: &mut A::Input) -> Result<A::Target, Error> {
        match index.checked_sub(self.first.len()) {
            None => self.first.read(index, random, input),
            Some(index) => self.second.read(index, random, input),
        }
    }
}

impl<I, R> Debug for FromFn<I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").field("length", &self.length).finish_non_exhaustive()
    }
}

impl<S: Debug, M> Debug for Map<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("source", &self.source).finish_non_exhaustive()
    }
}

impl<S: Debug, M> Debug for Augment<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Augment").field("source", &self.source).finish_non_exhaustive()
    }
}
