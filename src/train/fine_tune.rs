//! Fine-tuning on the device: the first layers stay frozen in flash, the last layers train in RAM.

use core::fmt;

use crate::chunks::Chunks;
use crate::layer::{Layer, OutputKind};
use crate::losses::{Loss, Term};
use crate::network::Network;
use crate::optimizers::Optimizer;
use crate::pod::{Aligned, Pod, zeroed};
use crate::scalar::Scalar;
use crate::shape::{Sample, first_mut};
use crate::train::gradient_buffers::{assert_batch, refuse_probabilities};
use crate::train::in_place::{InPlaceBuffers, TrainInPlace};
use crate::weights::parameters::{Parameters, assert_weights};

/// A network whose first layers are frozen: a reference to the frozen layers, wherever they are stored, and the
/// trainable layers by value. The frozen layers may be [`Quantized`](crate::Quantized): features in int8 in flash, and a
/// float head in RAM.
///
/// The parts come from `#[split(…)]` on a declaration, or are any two networks where the output of the first is the
/// input of the second.
///
/// ```
/// use fnn::{losses::CrossEntropy, optimizers::Sgd, train::{FineTune, FineTuneBuffers}};
///
/// fnn::network! {
///     #[split(Features, Head, at = logits)]
///     #[derive(Clone)]
///     pub struct Digits: [64] -> [4] {
///         hidden: Dense(16),
///         Relu,
///         logits: Dense(4),
///     }
/// }
///
/// // In firmware, a `static` by `include_network!`.
/// let digits = Digits::seeded(1);
/// let (frozen, head) = digits.split();
/// let mut network = FineTune { frozen, head: head.clone() };
/// let mut memory = FineTuneBuffers::<Features, Head, 1>::new();
///
/// let digit = [0.5; 64];
/// let before = memory.train(&mut network, &CrossEntropy, &Sgd::new(0.1), &[digit], &[3]);
/// let after = memory.train(&mut network, &CrossEntropy, &Sgd::new(0.1), &[digit], &[3]);
/// assert!(after < before);
/// // A head, its gradient, and some activations: no copy of the 64·16 weights before it.
/// const { assert!(FineTune::<Features, Head>::RAM_TRAINING < 1024) }
/// ```
#[derive(Clone, Debug)]
pub struct FineTune<'a, F, H> {
    /// The frozen layers.
    pub frozen: &'a F,
    /// The trainable layers.
    pub head: H,
}

/// Layers that compute the features for fine-tuning, and are never changed: any layer or network, or a
/// [`Quantized`](crate::Quantized) network.
pub trait Frozen {
    /// The scalar type of the outputs.
    type Scalar: Scalar;
    /// One input sample.
    type Input;
    /// One output sample.
    type Output: Sample<Element = Self::Scalar>;
    /// Memory for inference on `B` samples.
    type Workspace<const B: usize>: Pod;

    /// Size of the weights in bytes.
    const FROZEN_FLASH: usize;
    /// RAM in bytes that inference on one sample needs.
    const FROZEN_RAM: usize;
    /// What the outputs are, for the check of the loss.
    const FEATURES: OutputKind;

    /// The outputs of a batch of up to `B` samples. Does not allocate.
    fn features<const B: usize>(
        &self,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        workspace: &mut Self::Workspace<B>,
    );
}

impl<L: Layer> Frozen for L {
    type Scalar = L::Scalar;
    type Input = L::Input;
    type Output = L::Output;
    type Workspace<const B: usize> = L::Workspace<B>;

    const FROZEN_FLASH: usize = L::FLASH;
    const FROZEN_RAM: usize = L::RAM_INFERENCE;
    const FEATURES: OutputKind = L::OUTPUTS;

    fn features<const B: usize>(
        &self,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        workspace: &mut L::Workspace<B>,
    ) {
        self.forward_into::<B>(inputs, outputs, workspace);
    }
}

impl<F: Frozen, H: TrainInPlace<Scalar = F::Scalar, Input = F::Output>> FineTune<'_, F, H> {
    /// Size of the frozen weights in bytes: the flash they need.
    pub const FLASH: usize = F::FROZEN_FLASH;
    /// RAM in bytes that inference on one sample needs: the trainable weights, the output of the frozen layers, and
    /// the working memory of the part that needs more.
    pub const RAM_INFERENCE: usize = {
        let (frozen, head) = (F::FROZEN_RAM, H::RAM_INFERENCE);
        H::FLASH + size_of::<F::Output>() + if frozen > head { frozen } else { head }
    };
    /// RAM in bytes that training on one sample at a time needs: the trainable weights and a [`FineTuneBuffers`].
    pub const RAM_TRAINING: usize = size_of::<F::Output>() + F::FROZEN_RAM + H::RAM_TRAINING_IN_PLACE;

    /// Run inference on one sample. Does not allocate.
    #[must_use]
    pub fn forward(&self, input: &F::Input) -> H::Output {
        let (mut features, mut workspace) = ([zeroed::<F::Output>()], zeroed::<F::Workspace<1>>());
        self.frozen.features::<1>(core::slice::from_ref(input), &mut features, &mut workspace);
        let [features] = &features;
        Network::forward(&self.head, features)
    }
}

/// All memory that fine-tuning needs for mini-batches of up to `B` samples, with an optimizer of `SLOTS`: none for
/// [`Sgd`](crate::optimizers::Sgd), one for momentum.
///
/// Keep it on the heap ([`boxed`](Self::boxed)), in a `static`, or on the stack.
pub struct FineTuneBuffers<F: Frozen, H: TrainInPlace, const B: usize, const SLOTS: usize = 0> {
    /// The outputs of the frozen layers.
    features: Aligned<[F::Output; B]>,
    workspace: Aligned<F::Workspace<B>>,
    /// The buffers of the trainable layers, with the seed of their dropout, the step count, and the optimizer's slots.
    pub head: InPlaceBuffers<H, B, SLOTS>,
}

impl<F, H, const B: usize, const SLOTS: usize> FineTuneBuffers<F, H, B, SLOTS>
where
    F: Frozen,
    H: TrainInPlace<Scalar = F::Scalar, Input = F::Output>,
{
    /// Buffers for mini-batches of up to `B` samples.
    #[must_use]
    pub const fn new() -> Self {
        const { assert_weights::<H>() }
        // SAFETY: fields that are `Pod`, and buffers, of which zero bytes are values.
        unsafe { core::mem::zeroed() }
    }

    /// [`new`](Self::new), built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn boxed() -> alloc::boxed::Box<Self> {
        const { assert_weights::<H>() }
        // SAFETY: as in `new`.
        unsafe { crate::pod::zero_bytes_box() }
    }

    /// Update the trainable layers along the gradient of the mean loss of a mini-batch. Returns the loss before the
    /// update.
    ///
    /// Equivalent to [`InPlaceBuffers::train`] on the outputs of the frozen layers. Does not allocate.
    pub fn train<T, L: Loss<H::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut FineTune<'_, F, H>,
        loss: &L,
        optimizer: &O,
        inputs: &[F::Input],
        targets: &[T],
    ) -> F::Scalar {
        const { assert_batch::<H, B>() }
        const { refuse_probabilities(F::FEATURES.then(H::OUTPUTS), L::TAKES_LOGITS) }
        let Self { features: Aligned(features), workspace: Aligned(workspace), head } = self;
        let mut all = Term::default();
        for (inputs, targets) in inputs.parts(B).zip(targets.parts(B)) {
            let features = first_mut(features, inputs.len());
            network.frozen.features::<B>(inputs, features, workspace);
            all += head.step(&mut network.head, loss, optimizer, features, targets);
        }
        all.mean()
    }
}

impl<F, H, const B: usize, const SLOTS: usize> Default for FineTuneBuffers<F, H, B, SLOTS>
where
    F: Frozen,
    H: TrainInPlace<Scalar = F::Scalar, Input = F::Output>,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Frozen, H: TrainInPlace, const B: usize, const SLOTS: usize> fmt::Debug for FineTuneBuffers<F, H, B, SLOTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FineTuneBuffers of {} bytes", size_of::<Self>())
    }
}

/// The two parts of a network whose weights are those of the first part followed by those of the second.
#[inline]
#[must_use]
pub const fn split<N, F, H>(network: &N) -> (&F, &H)
where
    N: Parameters,
    F: Parameters<Scalar = N::Scalar>,
    H: Parameters<Scalar = N::Scalar>,
{
    const { assert!(F::PARAMETERS + H::PARAMETERS == N::PARAMETERS, "the parts have the weights of the whole") }
    let weights = core::ptr::from_ref(network).cast::<N::Scalar>();
    // SAFETY: `Parameters` promises that all three are arrays of the same scalar and that any bit pattern is valid,
    // and the lengths of the parts add up to that of the whole, as asserted above.
    unsafe { (&*weights.cast::<F>(), &*weights.add(F::PARAMETERS).cast::<H>()) }
}
