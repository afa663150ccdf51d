//! What the functions of a layer are called with in training.

use super::Layer;
use crate::kernels::{Simd, Start};
use crate::random::{Random, mix};
use crate::scalar::Scalar;
use crate::weights::parameters::Parameters;

/// A completed forward pass, which [`Layer::backward`] differentiates.
#[derive(Debug)]
pub struct Recorded<'a, L: Layer, const B: usize> {
    /// The inputs.
    pub inputs: &'a [L::Input],
    /// The outputs.
    ///
    /// Not valid for `Dense`, which doesn't need them: an activation right after it shares their memory.
    pub outputs: &'a [L::Output],
    /// What `forward_train` saved.
    pub tape: &'a L::Tape<B>,
}

/// Gradients of inputs that are added to those of another branch.
#[doc(hidden)]
#[derive(Debug)]
pub struct Onto<'a, I> {
    /// What is added to.
    pub sum: &'a mut [I],
    /// Memory for as many, for layers that only overwrite.
    pub spare: &'a mut [I],
}

/// Where a layer writes the gradient of its weights, and whether it is the first to write there.
///
/// A gradient has the type of the weights. The chunks of a mini-batch add to it one after the other. To save the pass
/// over memory that would set it to zero, the first chunk may overwrite what is there.
///
/// ```
/// use fnn::layers::{Gradient, Start};
///
/// // A layer that only adds starts from zeros.
/// let mut weights = [7.0, 7.0];
/// Gradient::new(&mut weights, Start::Zero).accumulator()[1] += 0.5;
/// assert_eq!(weights, [0.0, 0.5]);
/// Gradient::new(&mut weights, Start::Sum).accumulator()[1] += 0.5;
/// assert_eq!(weights, [0.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Gradient<'a, P> {
    /// The gradient. With [`Start::Zero`], its contents are arbitrary, and all of it must be overwritten.
    pub weights: &'a mut P,
    /// What the sum over the samples starts from.
    pub start: Start,
}

impl<'a, P: Parameters> Gradient<'a, P> {
    /// A gradient, or the part of one that belongs to an inner layer.
    #[inline(always)]
    pub const fn new(weights: &'a mut P, start: Start) -> Self {
        Self { weights, start }
    }

    /// The gradient to add to, zeroed if nothing was written yet.
    #[inline(always)]
    pub fn accumulator(self) -> &'a mut P {
        if self.start == Start::Zero {
            self.weights.parameters_mut().fill(P::Scalar::ZERO);
        }
        self.weights
    }
}

/// One training pass: its instruction set, and the source of its randomness.
///
/// A layer's random numbers are a function of the seed, the sample and the layer, and of nothing else, so they don't
/// depend on the number of threads or the order of computation.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a, V> {
    /// The instruction set to compute with.
    pub simd: V,
    chance: Chance<'a>,
    /// Identifies the layer in the network.
    place: u64,
}

/// What the random numbers of a pass over a batch depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chance<'a> {
    /// Identifies the pass: different for each epoch, or for each step of your own loop.
    pub seed: u64,
    /// The index of each sample of the batch in its data set. Samples past its end are counted from `first`.
    pub samples: &'a [usize],
    /// The index of the batch's first sample, where `samples` is empty.
    pub first: usize,
}

impl Chance<'_> {
    /// For one step of a loop that the caller writes.
    pub(crate) const fn of_step(seed: u64, step: u64) -> Self {
        Self { seed: mix(seed, step), samples: &[], first: 0 }
    }

    /// The same for the samples from index `first` on.
    #[inline(always)]
    pub(crate) fn from(self, first: usize) -> Self {
        Self { samples: self.samples.get(first..).unwrap_or_default(), first: self.first + first, ..self }
    }
}

impl<'a, V> Pass<'a, V> {
    /// The same pass with another instruction set, or none.
    #[inline(always)]
    pub(crate) fn with<W>(self, simd: W) -> Pass<'a, W> {
        Pass { simd, chance: self.chance, place: self.place }
    }
}

impl<'a, V: Simd> Pass<'a, V> {
    /// A pass over a batch.
    #[must_use]
    pub const fn new(simd: V, chance: Chance<'a>) -> Self {
        Self { simd, chance, place: 0 }
    }

    /// The same pass inside the layer at `index`.
    #[inline(always)]
    #[must_use]
    pub fn inside(self, index: u64) -> Self {
        Self { place: mix(self.place, index + 1), ..self }
    }

    /// This layer's random numbers for the batch's sample at `sample`.
    #[inline(always)]
    #[must_use]
    pub fn random(&self, sample: usize) -> Random {
        let Chance { samples, first, .. } = self.chance;
        let sample = samples.get(sample).copied().unwrap_or(first.wrapping_add(sample));
        Random::new(mix(mix(self.chance.seed, sample as u64), self.place))
    }
}
