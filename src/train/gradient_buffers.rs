//! Backpropagation on a batch: forward, loss, backward.

use core::fmt;
use core::ops::AddAssign;

use crate::chunks::Chunks;
use crate::const_message::ConstMessage;
use crate::kernels::{Start, dispatch, operation};
use crate::layer::{Chance, Gradient, Layer, OutputKind, Pass, Recorded, is_tiny};
use crate::losses::{Loss, Term};
use crate::pod::Aligned;
use crate::scalar::Scalar;
use crate::shape::{Sample, first, first_mut};
use crate::train::loop_state::{LoopState, loop_state_methods};

/// All memory that backpropagation through `L` needs for batches of up to `B` samples: the outputs and their
/// gradients, the tape, and scratch memory.
///
/// The size is known at compile time. Keep it on the heap ([`boxed`](Self::boxed)), in a `static`, or on the stack.
///
/// With a loss, [`gradient`](Self::gradient) does all of backpropagation. With anything else,
/// [`forward`](Self::forward) returns a [`ForwardPass`](crate::train::ForwardPass) that has the outputs and runs the
/// backward pass.
///
/// # Randomness
/// The dropout mask depends only on [`seed`](Self::seed), the step and the index of the sample. Each call is one step,
/// so a loop draws a new mask in every step. To resume a stopped loop exactly, restore its seed and step with
/// [`set_seed`](Self::set_seed) and [`set_steps`](Self::set_steps):
///
/// ```
/// use fnn::{Parameters, losses::MeanSquaredError, train::GradientBuffers};
///
/// fnn::network! {
///     #[derive(PartialEq)]
///     struct Net: [4] -> [1] { Dropout(0.5), Dense(1) }
/// }
///
/// let (network, mut gradients) = (Net::seeded(1), [Net::zeroed(), Net::zeroed(), Net::zeroed()]);
/// let mut buffers = GradientBuffers::<Net, 1>::new();
/// buffers.set_seed(7);
/// for (step, gradient) in [0, 1, 0].into_iter().zip(&mut gradients) {
///     buffers.set_steps(step);
///     buffers.gradient(&network, &MeanSquaredError, &[[1.0; 4]], &[[1.0]], gradient);
/// }
/// assert!(gradients[0] != gradients[1] && gradients[0] == gradients[2]);
/// ```
#[derive(Clone)]
pub struct GradientBuffers<L: Layer, const B: usize> {
    /// Each call counts as one step.
    pub(super) state: LoopState,
    pub(crate) arrays: Aligned<Arrays<L, B>>,
}

/// The outputs and their gradients, the tape, and scratch memory: what a pass reads and writes.
///
/// Where they begin with a cache line, so does each array of numbers in them for as many samples as such a line has numbers.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Arrays<L: Layer, const B: usize> {
    pub(crate) outputs: [L::Output; B],
    pub(crate) output_gradients: [L::Output; B],
    pub(crate) tape: L::Tape<B>,
    pub(crate) workspace: L::TrainingWorkspace<B>,
}

impl<L: Layer, const B: usize> GradientBuffers<L, B> {
    /// Bytes where nothing is aligned to cache lines: on a microcontroller.
    pub(crate) const BYTES: usize = size_of::<LoopState>() + size_of::<Arrays<L, B>>();

    /// Buffers for batches of up to `B` samples.
    #[must_use]
    pub const fn new() -> Self {
        // SAFETY: two numbers, and fields that are `Pod`, of which zero bytes are values.
        unsafe { core::mem::zeroed() }
    }

    /// [`new`](Self::new), built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn boxed() -> alloc::boxed::Box<Self> {
        // SAFETY: as in `new`.
        unsafe { crate::pod::zero_bytes_box() }
    }

    /// Compute the mean loss of a batch of any size, and its gradient with respect to the weights.
    ///
    /// The previous content of `gradient` is overwritten. Uses `min(inputs.len(), targets.len())` samples. Costs about
    /// three times the forward pass.
    ///
    /// ```
    /// use fnn::{Parameters, layers::Dense, losses::MeanSquaredError, train::GradientBuffers};
    ///
    /// let network = Dense::<1, 1> { weight: [[3.0]], bias: [0.0] };
    /// let mut gradient = Dense::zeroed();
    /// let mut memory = GradientBuffers::<_, 4>::new();
    /// // (3·2 − 5)² = 1, and by the weight 2·(3·2 − 5)·2 = 4.
    /// let loss = memory.gradient(&network, &MeanSquaredError, &[[2.0]], &[[5.0]], &mut gradient);
    /// assert_eq!((loss, gradient.weight, gradient.bias), (1.0, [[4.0]], [2.0]));
    /// ```
    pub fn gradient<T, F: Loss<L::Output, T>>(
        &mut self,
        network: &L,
        loss: &F,
        inputs: &[L::Input],
        targets: &[T],
        gradient: &mut L,
    ) -> L::Scalar {
        const { assert_logits::<L, T, F>() }
        const { assert_batch::<L, B>() }
        let batch = Batch { inputs, targets, chance: self.state.next() };
        let sum = Gradient::new(&mut *gradient, Start::Zero);
        let add = AddGradient { memory: self, network, loss, batch, gradient: sum, input_gradients: None };
        let term = dispatch(add).term;
        term.average(gradient.parameters_mut());
        term.mean()
    }

    /// [`gradient`](Self::gradient), and also write the gradient of the mean loss with respect to each input sample to
    /// `input_gradients`.
    pub fn gradients<T, F: Loss<L::Output, T>>(
        &mut self,
        network: &L,
        loss: &F,
        inputs: &[L::Input],
        targets: &[T],
        gradient: &mut L,
        input_gradients: &mut [L::Input],
    ) -> L::Scalar
    where
        L::Input: Sample<Element = L::Scalar>,
    {
        const { assert_logits::<L, T, F>() }
        const { assert_batch::<L, B>() }
        let batch = Batch { inputs, targets, chance: self.state.next() };
        let (sum, by_inputs) = (Gradient::new(&mut *gradient, Start::Zero), Some(&mut *input_gradients));
        let add = AddGradient { memory: self, network, loss, batch, gradient: sum, input_gradients: by_inputs };
        let term = dispatch(add).term;
        term.average(gradient.parameters_mut());
        let samples = inputs.len().min(targets.len());
        term.average(Sample::flat_mut(first_mut(input_gradients, samples)));
        term.mean()
    }

    loop_state_methods!();
}

impl<L: Layer, const B: usize> Default for GradientBuffers<L, B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: Layer, const B: usize> fmt::Debug for GradientBuffers<L, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GradientBuffers of {} bytes", size_of::<Self>())
    }
}

/// A compile error if a loss that expects logits would be given probabilities.
///
/// Called from the public functions themselves, because the compiler's message names the calling function.
#[track_caller]
pub(crate) const fn assert_logits<L: Layer, T, F: Loss<L::Output, T>>() {
    refuse_probabilities(L::OUTPUTS, F::TAKES_LOGITS);
}

/// A compile error if the batches are smaller than a layer of the network needs.
#[track_caller]
pub(crate) const fn assert_batch<L: Layer, const B: usize>() {
    assert!(B > 0, "training needs room for at least one sample");
    if B < L::SMALLEST_BATCH {
        ConstMessage::new()
            .text("training `")
            .text(L::KIND)
            .text("` needs batches of at least ")
            .number(L::SMALLEST_BATCH)
            .text(" samples, but there is room for ")
            .number(B)
            .text(" (`BatchNorm` computes statistics over the batch; `BatchNorm(frozen)` doesn't)")
            .say();
    }
}

/// [`assert_logits`] for types that are not layers.
#[track_caller]
pub(crate) const fn refuse_probabilities(outputs: OutputKind, takes_logits: bool) {
    assert!(
        !(takes_logits && matches!(outputs, OutputKind::Probabilities)),
        "the loss expects logits, but the network outputs probabilities, from `Softmax`, `Sigmoid` or `HardSigmoid`: remove that \
         layer"
    );
}

/// Samples and their targets, of equal number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a, I, T> {
    pub(crate) inputs: &'a [I],
    pub(crate) targets: &'a [T],
    pub(crate) chance: Chance<'a>,
}

/// The totals of a batch's forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally<S> {
    /// The sum of the weighted losses.
    pub(crate) term: Term<S>,
    /// How many samples the loss counts as correct.
    pub(crate) correct: usize,
    /// How many samples have a defined answer, correct or not.
    pub(crate) scored: usize,
}

impl<S: Scalar> Tally<S> {
    /// Count one more sample.
    pub(crate) fn count(&mut self, term: Term<S>, correct: Option<bool>) {
        self.term += term;
        self.scored += usize::from(correct.is_some());
        self.correct += usize::from(correct == Some(true));
    }
}

impl<S: Scalar> AddAssign for Tally<S> {
    fn add_assign(&mut self, other: Self) {
        self.term += other.term;
        self.correct += other.correct;
        self.scored += other.scored;
    }
}

operation! {
    /// Backpropagation on a batch, block by block, dispatched to the best instruction set.
    struct AddGradient<'a, L: Layer, T, F: Loss<L::Output, T>; B> {
        memory: &'a mut GradientBuffers<L, B>,
        network: &'a L,
        loss: &'a F,
        batch: Batch<'a, L::Input, T>,
        gradient: Gradient<'a, L>,
        input_gradients: Option<&'a mut [L::Input]>,
    }
    const IS_TINY = is_tiny::<L>();
    fn run(self, simd: V) -> Tally<L::Scalar> {
        const { assert!(B > 0, "backpropagation needs room for at least one sample") }
        let Self { memory, network, loss, batch, gradient, mut input_gradients } = self;
        let Gradient { weights, mut start } = gradient;
        let Arrays { outputs, output_gradients, tape, workspace } = &mut memory.arrays.0;
        let mut tally = Tally::default();
        for (block, (inputs, targets)) in batch.inputs.parts(B).zip(batch.targets.parts(B)).enumerate() {
            let inputs = first(inputs, targets.len());
            let pass = Pass::new(simd, batch.chance.from(block * B));
            let outputs = first_mut(outputs, inputs.len());
            let output_gradients = first_mut(output_gradients, inputs.len());

            network.forward_train(pass, inputs, outputs, tape, workspace);

            for ((output, target), gradient) in outputs.iter().zip(targets).zip(output_gradients.iter_mut()) {
                tally.count(loss.gradient(output, target, gradient), loss.correct(output, target));
            }

            let input_gradients = input_gradients.take().map(|all| {
                let (these, rest) = all.split_at_mut(inputs.len().min(all.len()));
                input_gradients = Some(rest);
                these
            });
            let recorded = Recorded { inputs, outputs, tape };
            let gradient = Gradient::new(&mut *weights, start);
            network.backward(pass, recorded, output_gradients, gradient, input_gradients, workspace);
            start = Start::Sum;
        }
        // Without samples, the gradient is zero.
        Gradient::new(weights, start).accumulator();
        tally
    }
}
