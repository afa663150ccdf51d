//! The trait that everything else builds on: a layer.

pub(crate) mod deferral;
mod pass;

pub use deferral::{Deferral, Deferred, Factors, Part};
pub use pass::{Chance, Gradient, Onto, Pass, Recorded};

use crate::channels_last::{ChannelsLast, Formats};
use crate::graph::{Attribute, Node, Wiring};
use crate::kernels::{Simd, add_assign};
use crate::memory;
use crate::pod::Pod;
use crate::random::Random;
use crate::rows::Rows;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::parameters::Parameters;

/// A function with weights that can be differentiated: a layer, a block of layers, or a whole network.
///
/// Layers are immutable while they compute. All memory is passed in, and its size is known from the type: the *tape*
/// holds what `forward_train` saves for `backward`, and the *workspace* is scratch. `B` is the largest batch that fits;
/// a call may pass a smaller one. No method panics, allocates, or reads a clock.
///
/// # A layer of your own
/// Derive [`Parameters`], declare the input and output types, and write `forward_batch` and `backward`. Make it generic
/// over its scalar, as the last parameter, which `network!` fills in. The example `own_layer` shows a complete one, and
/// [`gradient_check`](crate::gradient_check()) checks `backward`.
pub trait Layer: Parameters {
    /// One input sample.
    type Input: Sample;
    /// One output sample.
    type Output: Sample<Element = Self::Scalar>;
    /// What `forward_train` saves of a batch of at most `B` samples, in addition to its inputs and outputs.
    type Tape<const B: usize>: Pod;
    /// Scratch for inference on a batch of at most `B` samples, with any contents.
    type Workspace<const B: usize>: Pod;
    /// Scratch for training on a batch of at most `B` samples, forward and backward. It has room for a `Workspace<B>`, and
    /// most layers need no more: `Self::Workspace<B>`.
    type TrainingWorkspace<const B: usize>: Pod;

    /// The kind of layer, as written in a declaration.
    const KIND: &'static str;
    /// Multiply-accumulates of one sample's forward pass.
    const MACS: u64;
    /// The smallest batch that the layer can be trained on: 2 where it needs a variance. A layer made of layers has
    /// the largest minimum among them.
    const SMALLEST_BATCH: usize = 1;
    /// What the outputs mean: a loss that takes logits rejects probabilities.
    const OUTPUTS: OutputKind = OutputKind::Values;
    /// What [`graph`](crate::Network::graph) returns. By default, a single node whose inside is unknown; a layer of
    /// your own that consists of layers can tell them with [`Node::sequence`] and similar functions.
    const GRAPH: Node = Node::opaque::<Self>();

    /// Inference: `outputs[n]` from `inputs[n]`.
    ///
    /// The caller passes as many outputs as inputs, at most `B`.
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        workspace: &mut Self::Workspace<B>,
    );

    /// What it can read and write besides batches that lie as their types say.
    #[doc(hidden)]
    const FORMATS: Formats = Formats::FIRST;

    /// [`forward_batch`](Self::forward_batch) of batches in one of the [`FORMATS`](Self::FORMATS). The default is for layers that have
    /// no other, or that don't care.
    #[doc(hidden)]
    #[inline(always)]
    fn forward_formatted<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        _format: ChannelsLast,
        workspace: &mut Self::Workspace<B>,
    ) {
        self.forward_batch::<V, B>(simd, inputs, outputs, workspace);
    }

    /// The forward pass of training: computes what `forward_batch` does, and saves on `tape` what `backward` needs.
    ///
    /// The default calls `forward_batch`, for layers whose `backward` needs only their inputs and outputs.
    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        _tape: &mut Self::Tape<B>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        self.forward_batch::<V, B>(pass.simd, inputs, outputs, memory::workspace(workspace));
    }

    /// Whether [`forward_rows`](Self::forward_rows) reads samples that lie anywhere, and
    /// [`backward_deferring`](Self::backward_deferring) needs none: `Recorded::inputs` may then be empty.
    const READS_ROWS: bool = false;

    /// [`forward_train`](Self::forward_train) on samples that may lie anywhere in a set, which spares the trainer from
    /// gathering its mini-batches.
    ///
    /// The default takes samples in order, and does nothing with others.
    #[inline(always)]
    fn forward_rows<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: Rows<'_, Self::Input>,
        outputs: &mut [Self::Output],
        tape: &mut Self::Tape<B>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        const { assert!(!Self::READS_ROWS, "a layer that reads rows needs a `forward_rows`") }
        self.forward_train(pass, inputs.samples().unwrap_or_default(), outputs, tape, workspace);
    }

    /// The chain rule: from the loss's gradient with respect to the outputs to those with respect to the weights and
    /// the inputs.
    ///
    /// Adds the batch's weight gradient to [`gradient.accumulator()`](Gradient::accumulator), or starts it as
    /// [`gradient.start`](Gradient::start) says; *overwrites* `input_gradients` where given. May use
    /// `output_gradients` as scratch.
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<B>,
    );

    /// Whether [`backward`](Self::backward) reads the recorded outputs. Where it doesn't, a block around the layer may overwrite them.
    #[doc(hidden)]
    const READS_OUTPUTS: bool = true;

    /// [`backward`](Self::backward), whose input gradients are added to others. The default adds them in a pass of its own.
    #[doc(hidden)]
    #[inline(always)]
    fn backward_onto<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<Onto<'_, Self::Input>>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) where
        Self::Input: Sample<Element = Self::Scalar>,
    {
        let (sum, mut spare) = input_gradients.map(|Onto { sum, spare }| (sum, spare)).unzip();
        self.backward(pass, recorded, output_gradients, gradient, spare.as_deref_mut(), workspace);
        if let (Some(spare), Some(sum)) = (spare, sum) {
            add_assign(pass.simd, Sample::flat(spare), Sample::flat_mut(sum));
        }
    }

    /// How many weights' gradients [`backward_deferring`](Self::backward_deferring) adds to. The gradients of all others
    /// are [`Deferred`].
    const ACCUMULATED: usize = Self::PARAMETERS;

    /// How many numbers of each sample [`backward_deferring`](Self::backward_deferring) records.
    const RECORDED: usize = 0;

    /// The first of two phases of a training step: [`backward`](Self::backward), but it leaves out the gradients of some
    /// weights. In the second phase they are computed over all samples of the mini-batch at once, so that no gradient
    /// goes through memory.
    ///
    /// A layer that defers keeps its inputs and the gradients of its outputs, which its caller keeps for it, and what
    /// it writes to the record. The default defers nothing, and calls `backward`.
    #[inline(always)]
    fn backward_deferring<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        deferral: Deferral<'_, Self::Scalar>,
        input_gradients: Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        const { assert!(Self::ACCUMULATED == Self::PARAMETERS, "a layer that defers needs a `backward_deferring`") }
        if let Some(gradient) = deferral.gradient() {
            self.backward(pass, recorded, output_gradients, gradient, input_gradients, workspace);
        }
    }

    /// The weights, in order, as to when their gradient is computed; indices begin at `start`.
    #[inline]
    fn parts(start: usize, visitor: &mut impl FnMut(Part)) {
        visitor(Part::Accumulated(start..start + Self::PARAMETERS));
    }

    /// What the gradient of the [`Deferred`] weights from index `start` on is computed from, after a call of
    /// [`backward_deferring`](Self::backward_deferring) with the same arguments, and of
    /// [`forward_rows`](Self::forward_rows) with the same inputs.
    #[inline]
    fn deferred<'a, const B: usize>(
        &self,
        _inputs: Rows<'a, Self::Input>,
        _recorded: Recorded<'a, Self, B>,
        _output_gradients: &'a [Self::Output],
        _record: &'a [Self::Scalar],
        _start: usize,
    ) -> Option<Factors<'a, Self::Scalar>> {
        None
    }

    /// [`absorb`](Parameters::absorb) of the accumulated part of a gradient.
    #[inline]
    fn absorb_accumulated(&mut self, accumulated: &[Self::Scalar]) {
        deferral::absorb(self, accumulated);
    }

    /// Checks an input sample; the trainer calls it before training. The default accepts every sample.
    ///
    /// # Errors
    /// The first invalid element, for layers that accept only some values, such as the tokens of a vocabulary.
    fn check_input(_input: &Self::Input) -> Result<(), InvalidInput> {
        Ok(())
    }

    /// Sets the initial weights by `initializer`: the one in the declaration, or the one that suits the activation that
    /// follows. A network uses its own layers' initializers instead. The default leaves the weights as they are:
    /// zero.
    fn initialize(&mut self, _initializer: Initializer, _random: &mut Random) {}
}

/// Why a layer rejects an input sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidInput {
    /// The index of the first invalid element.
    pub element: usize,
    /// What was expected there, such as "a token below 1000".
    pub expected: &'static str,
}

impl InvalidInput {
    /// The element at this index is invalid.
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

/// What a layer's outputs mean to a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputKind {
    /// Arbitrary numbers.
    Values,
    /// Probabilities, which a loss that takes logits would normalize a second time.
    Probabilities,
    /// The same as its inputs, which it passes on: all of them, some of them, or their means.
    AsInput,
}

impl OutputKind {
    /// The outputs of a layer of kind `next` that follows one of this kind.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        match next {
            Self::AsInput => self,
            next => next,
        }
    }

    /// The outputs of two branches side by side.
    #[must_use]
    pub(crate) const fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Probabilities, Self::Probabilities) => Self::Probabilities,
            (Self::AsInput, Self::AsInput) => Self::AsInput,
            _ => Self::Values,
        }
    }
}

/// Whether samples and weights are so few that narrow vectors hold them, as far as a layer's or a network's sizes tell.
pub(crate) const fn is_tiny<L: Layer>() -> bool {
    const SHORT: usize = 8;
    let (inputs, outputs) = (<L::Input as Sample>::LENGTH, <L::Output as Sample>::LENGTH);
    let few = (SHORT * SHORT) as u64;
    inputs <= SHORT && outputs <= SHORT && L::PARAMETERS as u64 <= few && L::MACS <= few
}

/// The nodes of layers, in `Layer::GRAPH`.
impl Node {
    const fn of<L: Layer>(wiring: Wiring) -> Self {
        let (input, output) = (<L::Input as Sample>::SHAPE, <L::Output as Sample>::SHAPE);
        Self { name: "", kind: L::KIND, input, output, macs: L::MACS, weights: L::LAYOUT, wiring }
    }

    /// A layer whose formula the library doesn't know.
    #[must_use]
    pub const fn opaque<L: Layer>() -> Self {
        Self::of::<L>(Wiring::Opaque)
    }

    /// A layer of this library.
    pub(crate) const fn layer<L: Layer>(attributes: &'static [Attribute]) -> Self {
        Self::of::<L>(Wiring::Layer(attributes))
    }

    /// A network or block of these nodes, one after the other.
    #[must_use]
    pub const fn sequence<L: Layer>(nodes: &'static [Self]) -> Self {
        Self::around::<L>(Wiring::Sequence(nodes))
    }

    /// A block of branches whose outputs are added.
    #[must_use]
    pub const fn sum<L: Layer>(branches: &'static [Self]) -> Self {
        Self::around::<L>(Wiring::Sum(branches))
    }

    /// A block of two branches whose outputs are multiplied.
    #[must_use]
    pub const fn product<L: Layer>(branches: &'static [Self; 2]) -> Self {
        Self::around::<L>(Wiring::Product(branches))
    }

    /// A block of branches whose channels lie one after the other in its output.
    #[must_use]
    pub const fn concat<L: Layer>(branches: &'static [Self]) -> Self {
        Self::around::<L>(Wiring::Concat(branches))
    }

    /// A node with nodes inside, which have all of its weights.
    const fn around<L: Layer>(wiring: Wiring) -> Self {
        let node = Self::of::<L>(wiring);
        let (nodes, mut index, mut weights) = (node.nodes(), 0, 0);
        while index < nodes.len() {
            weights += nodes[index].parameters();
            index += 1;
        }
        assert!(weights == L::LAYOUT.length(), "the nodes inside another one have all of its weights, in their order");
        node
    }
}
