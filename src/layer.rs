//! The one concept: a layer.

use crate::kernels::{Simd, Start};
use crate::pod::Pod;
use crate::random::{Random, mix};
use crate::scalar::Scalar;
use crate::shape::{Sample, Shape};
use crate::weights::initializer::Initializer;
use crate::weights::parameters::Parameters;

/// A function with weights that can be differentiated: a layer, a block of layers, or a whole network.
///
/// Layers are immutable while they compute. All memory is passed in, its size known from the type: the *tape* holds
/// what `forward_train` remembers for `backward`, the *workspace* is scratch. `B` is the largest batch that such
/// memory has room for; a call may use less of it. No method panics, allocates, or reads a clock.
///
/// # A layer of your own
/// Derive [`Parameters`], say what goes in and out, and write `forward_batch` and `backward`. Make it generic over its
/// scalar, last in the list, as `network!` fills it in. The example `own_layer` is a whole one, and
/// [`gradient_check`](crate::gradient_check()) tells whether `backward` is right.
pub trait Layer: Parameters {
    /// One sample that goes in.
    type Input: Sample;
    /// One sample that comes out.
    type Output: Sample<Element = Self::Scalar>;
    /// What `forward_train` remembers of a batch of at most `B` samples, beside its inputs and outputs.
    type Tape<const B: usize>: Pod;
    /// Scratch for a batch of at most `B` samples.
    type Workspace<const B: usize>: Pod;

    /// What kind of layer it is, as a declaration writes it.
    const KIND: &'static str;
    /// Multiply-accumulates of one sample's forward pass.
    const MACS: u64;
    /// The fewest samples of a batch that it can be trained with: 2 where it needs their variance. A layer of layers has
    /// the largest of theirs.
    const SMALLEST_BATCH: usize = 1;
    /// What its outputs are: a loss that takes logits refuses probabilities.
    const OUTPUTS: OutputKind = OutputKind::Values;

    /// Inference: `outputs[n]` from `inputs[n]`.
    ///
    /// The caller gives as many outputs as inputs, and at most `B`.
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        workspace: &mut Self::Workspace<B>,
    );

    /// The forward pass of training: as `forward_batch`, and remembers on `tape` what `backward` needs.
    ///
    /// As provided, it is `forward_batch`, for layers that need no more than their inputs and outputs to go back.
    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        _tape: &mut Self::Tape<B>,
        workspace: &mut Self::Workspace<B>,
    ) {
        self.forward_batch(pass.simd, inputs, outputs, workspace);
    }

    /// The chain rule: from the loss's gradient by the outputs to its gradient by the weights and by the inputs.
    ///
    /// Adds the batch's weight gradient to [`gradient.accumulator()`](Gradient::accumulator), or starts as
    /// [`gradient.start`](Gradient::start) says; and *overwrites* `input_gradients` where they are asked for. May use
    /// `output_gradients` as scratch.
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [Self::Input]>,
        workspace: &mut Self::Workspace<B>,
    );

    /// Check a sample that goes in, as the trainer does before it trains. As provided, any is right.
    ///
    /// # Errors
    /// What is wrong, where only some values have a meaning, as tokens have in a vocabulary.
    fn check_input(_input: &Self::Input) -> Result<(), InvalidInput> {
        Ok(())
    }

    /// Set the first weights: by `initializer`, which is the declaration's or the one that suits the activation that
    /// follows. A network passes on its own layers' initializers instead. As provided, leaves weights as they are:
    /// zero.
    fn initialize(&mut self, _initializer: Initializer, _random: &mut Random) {}

    /// Describe the layer, and what is inside it, for the table of [`summary`](crate::Network::summary).
    fn describe(name: &'static str, depth: usize, visitor: &mut dyn FnMut(Row)) {
        visitor(Row::of::<Self>(name, depth));
    }
}

/// What is wrong with a sample that goes into a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidInput {
    /// The number of the first element that is wrong, from 0.
    pub element: usize,
    /// What was expected there, as "a token below 1000".
    pub expected: &'static str,
}

impl InvalidInput {
    /// The element of this number is wrong.
    #[must_use]
    pub const fn new(element: usize, expected: &'static str) -> Self {
        Self { element, expected }
    }
}

impl core::fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "element {}: expected {}", self.element, self.expected)
    }
}

impl core::error::Error for InvalidInput {}

/// The largest of some sizes, at compile time.
#[must_use]
pub const fn largest(sizes: &[usize]) -> usize {
    let (mut largest, mut index) = (0, 0);
    while index < sizes.len() {
        if sizes[index] > largest {
            largest = sizes[index];
        }
        index += 1;
    }
    largest
}

/// What a layer's outputs are, as far as a loss has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputKind {
    /// Any numbers.
    Values,
    /// Probabilities, of which a loss that takes logits would make probabilities of probabilities.
    Probabilities,
    /// What its inputs are: they are passed on, some of them or their means.
    AsInput,
}

impl OutputKind {
    /// What comes out of a layer of the kind `next` that follows one of this kind.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        match next {
            Self::AsInput => self,
            next => next,
        }
    }

    /// What two branches give side by side.
    #[must_use]
    pub(crate) const fn beside(self, other: Self) -> Self {
        match (self, other) {
            (Self::Probabilities, Self::Probabilities) => Self::Probabilities,
            (Self::AsInput, Self::AsInput) => Self::AsInput,
            _ => Self::Values,
        }
    }
}

/// A forward pass that has been made: what [`Layer::backward`] goes back over.
#[derive(Debug)]
pub struct Recorded<'a, L: Layer, const B: usize> {
    /// The samples that went in.
    pub inputs: &'a [L::Input],
    /// What came out.
    ///
    /// Not so for `Dense`, which has no use for it: an activation right after it shares its memory.
    pub outputs: &'a [L::Output],
    /// What `forward_train` remembered.
    pub tape: &'a L::Tape<B>,
}

/// Where a layer writes its gradient by the weights, and whether it is the first to.
///
/// A gradient is of the same type as the weights. The chunks of a mini-batch add to it one after the other, the first of
/// them to zeros; so that no pass over memory is needed to write these, that one may overwrite what is there.
///
/// ```
/// use fnn::layers::{Gradient, Start};
///
/// // A layer that only adds is given zeros.
/// let mut weights = [7.0, 7.0];
/// Gradient::new(&mut weights, Start::Zero).accumulator()[1] += 0.5;
/// assert_eq!(weights, [0.0, 0.5]);
/// Gradient::new(&mut weights, Start::Sum).accumulator()[1] += 0.5;
/// assert_eq!(weights, [0.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Gradient<'a, P> {
    /// The gradient. With [`Start::Zero`], it holds anything, and all of it is to be overwritten.
    pub weights: &'a mut P,
    /// What the sum over samples starts from.
    pub start: Start,
}

impl<'a, P: Parameters> Gradient<'a, P> {
    /// A gradient, or the part of one that is a layer's inside of another.
    #[inline(always)]
    pub const fn new(weights: &'a mut P, start: Start) -> Self {
        Self { weights, start }
    }

    /// The gradient to add to: zeros where nothing was written yet.
    #[inline(always)]
    pub fn accumulator(self) -> &'a mut P {
        if self.start == Start::Zero {
            self.weights.parameters_mut().fill(P::Scalar::ZERO);
        }
        self.weights
    }
}

/// One pass of training: the instruction set, and what chance depends on.
///
/// Randomness in a layer is a function of the seed, the sample and the layer, and of nothing else, so that it doesn't
/// depend on threads or on the order of computation.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a, V> {
    /// The instruction set to compute with.
    pub simd: V,
    chance: Chance<'a>,
    /// A number for where in the network the pass is.
    place: u64,
}

/// What chance depends on in a pass over a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chance<'a> {
    /// A number for the pass: another one for each epoch, or for each step of a loop of one's own.
    pub seed: u64,
    /// The number of each sample of the batch in its data set. Where there are none, samples are counted from `first`.
    pub samples: &'a [usize],
    /// The number of the batch's first sample, where `samples` has none.
    pub first: usize,
}

impl Chance<'_> {
    /// What chance depends on in a step of a loop of one's own.
    pub(crate) const fn of_step(seed: u64, step: u64) -> Self {
        Self { seed: mix(seed, step), samples: &[], first: 0 }
    }

    /// The same for the samples from number `first` on.
    #[inline(always)]
    pub(crate) fn from(self, first: usize) -> Self {
        Self { samples: self.samples.get(first..).unwrap_or_default(), first: self.first + first, ..self }
    }
}

impl<'a, V> Pass<'a, V> {
    /// The same pass, with another instruction set, or none.
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

    /// The same pass, inside the layer number `index`.
    #[inline(always)]
    #[must_use]
    pub fn inside(self, index: u64) -> Self {
        Self { place: mix(self.place, index + 1), ..self }
    }

    /// The random numbers of the batch's sample number `sample` in this layer.
    #[inline(always)]
    #[must_use]
    pub fn random(&self, sample: usize) -> Random {
        let Chance { samples, first, .. } = self.chance;
        let sample = samples.get(sample).copied().unwrap_or(first.wrapping_add(sample));
        Random::new(mix(mix(self.chance.seed, sample as u64), self.place))
    }
}

/// One line of a network's table: a layer, its shapes and its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The layer's name in the declaration.
    pub name: &'static str,
    /// How many networks and blocks it lies in.
    pub depth: usize,
    /// Its kind.
    pub kind: &'static str,
    /// The shape of one sample that goes in.
    pub input: Shape,
    /// The shape of one sample that comes out.
    pub output: Shape,
    /// How many weights it has.
    pub parameters: usize,
    /// Multiply-accumulates of one sample's forward pass.
    pub macs: u64,
}

impl Row {
    /// The row of a layer.
    #[must_use]
    pub const fn of<L: Layer>(name: &'static str, depth: usize) -> Self {
        Self {
            name,
            depth,
            kind: L::KIND,
            input: <L::Input as Sample>::SHAPE,
            output: <L::Output as Sample>::SHAPE,
            parameters: L::PARAMETERS,
            macs: L::MACS,
        }
    }
}
