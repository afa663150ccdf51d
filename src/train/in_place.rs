//! Gradient descent for the smallest memories: each layer is updated during the backward pass.

use core::fmt;

use crate::chunks::Chunks;
use crate::descent::{Descent, Room};
use crate::kernels::{Simd, dispatch, operation};
use crate::layer::{Layer, Pass, Recorded, is_tiny};
use crate::losses::{Loss, Term};
use crate::network::Network;
use crate::optimizers::Optimizer;
use crate::pod::{Aligned, Pod};
use crate::shape::{first, first_mut};
use crate::train::gradient_buffers::{Arrays, GradientBuffers, Tally, assert_batch, assert_logits};
use crate::train::loop_state::{LoopState, loop_state_methods};
use crate::weights::parameters::assert_weights;

/// A network whose layers can be updated one by one, from last to first. Implemented by every network declared with
/// `network!`.
///
/// A block or a nested network counts as one layer.
pub trait TrainInPlace: Layer {
    /// Memory for the gradient of one layer at a time, sized for the largest.
    type LayerGradient: Room;

    /// RAM in bytes that training with [`InPlaceBuffers`] on one sample at a time needs: the weights and the buffers.
    /// It is less than [`RAM_TRAINING`](crate::Network::RAM_TRAINING) by the gradients of all layers but the largest. An
    /// optimizer needs another [`FLASH`](crate::Network::FLASH) bytes for each of its slots.
    const RAM_TRAINING_IN_PLACE: usize = Self::FLASH + InPlaceBuffers::<Self, 1>::BYTES
        - <Self::TrainingWorkspace<1> as Pod>::VECTOR_SCRATCH
        - <Self::Tape<1> as Pod>::VECTOR_SCRATCH;

    /// [`Layer::backward`], which updates each layer once its gradient is known and its weights are no longer needed.
    #[doc(hidden)]
    fn train_in_place<V: Simd, O: Optimizer<SLOTS>, const SLOTS: usize, const B: usize>(
        &mut self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        descent: Descent<'_, O, Self::Scalar, Self::LayerGradient>,
        slots: [&mut Self; SLOTS],
        workspace: &mut Self::TrainingWorkspace<B>,
    );
}

/// All memory that in-place training needs for mini-batches of up to `B` samples: as
/// [`GradientBuffers`](crate::train::GradientBuffers), plus the gradient of the largest layer, and the optimizer's
/// `SLOTS`, each as large as the network: none for [`Sgd`](crate::optimizers::Sgd), one for momentum.
///
/// The size is known at compile time. Keep it on the heap ([`boxed`](Self::boxed)), in a `static`, or on the stack.
///
/// ```
/// use fnn::{losses::MeanSquaredError, optimizers::Sgd, train::InPlaceBuffers};
///
/// fnn::network! {
///     pub struct Line: [1] -> [1] { Dense(1) }
/// }
///
/// // y = 2x + 1
/// let mut line = Line::seeded(1);
/// let mut memory = InPlaceBuffers::<Line, 2>::new();
/// for _ in 0..500 {
///     memory.train(&mut line, &MeanSquaredError, &Sgd::new(0.2), &[[0.0], [1.0]], &[[1.0], [3.0]]);
/// }
/// assert!((line.forward(&[2.0])[0] - 5.0).abs() < 1e-3);
/// ```
///
/// With momentum, one sample at a time, in a `static`:
///
/// ```
/// use std::sync::Mutex;
///
/// use fnn::{losses::MeanSquaredError, optimizers::Sgd, train::InPlaceBuffers};
///
/// fnn::network! {
///     pub struct Line: [1] -> [1] { Dense(1) }
/// }
///
/// static LINE: Mutex<Line> = Mutex::new(Line::zeroed());
/// static MEMORY: Mutex<InPlaceBuffers<Line, 1, 1>> = Mutex::new(InPlaceBuffers::new());
///
/// let (mut line, mut memory) = (LINE.lock().unwrap(), MEMORY.lock().unwrap());
/// line.reseed(1);
/// for step in 0..500 {
///     let x = (step % 2) as f32;
///     memory.train(&mut line, &MeanSquaredError, &Sgd::new(0.05).momentum(0.5), &[[x]], &[[2.0 * x + 1.0]]);
/// }
/// assert!((line.forward(&[2.0])[0] - 5.0).abs() < 1e-3);
/// ```
pub struct InPlaceBuffers<L: TrainInPlace, const B: usize, const SLOTS: usize = 0> {
    /// The step count also drives the optimizer's schedule.
    state: LoopState,
    arrays: Aligned<Arrays<L, B>>,
    gradient: Aligned<L::LayerGradient>,
    slots: Aligned<[L; SLOTS]>,
}

impl<L: TrainInPlace, const B: usize, const SLOTS: usize> InPlaceBuffers<L, B, SLOTS> {
    /// Bytes where nothing is aligned to cache lines: on a microcontroller.
    const BYTES: usize = GradientBuffers::<L, B>::BYTES + size_of::<L::LayerGradient>() + SLOTS * size_of::<L>();

    /// Buffers for mini-batches of up to `B` samples.
    #[must_use]
    pub const fn new() -> Self {
        const { assert_weights::<L>() }
        // SAFETY: two numbers, fields that are `Pod`, and room and weights, of which zero bytes are values.
        unsafe { core::mem::zeroed() }
    }

    /// [`new`](Self::new), built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn boxed() -> alloc::boxed::Box<Self> {
        const { assert_weights::<L>() }
        // SAFETY: as in `new`.
        unsafe { crate::pod::zero_bytes_box() }
    }

    /// Update the network along the gradient of the mean loss of a mini-batch. Returns the loss before the update.
    ///
    /// More than `B` samples are trained as several mini-batches of `B`; uses `min(inputs.len(), targets.len())`
    /// samples. The optimizer is any with as many slots as these buffers have. The resulting weights are bit for bit those of
    /// [`GradientBuffers::gradient`](crate::train::GradientBuffers::gradient) followed by
    /// [`Optimizer::step`](Optimizer::step), and with equal seeds the dropout masks are equal too. Does not allocate.
    pub fn train<T, F: Loss<L::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut L,
        loss: &F,
        optimizer: &O,
        inputs: &[L::Input],
        targets: &[T],
    ) -> L::Scalar {
        const { assert_logits::<L, T, F>() }
        const { assert_batch::<L, B>() }
        let mut all = Term::default();
        for (inputs, targets) in inputs.parts(B).zip(targets.parts(B)) {
            all += self.step(network, loss, optimizer, inputs, targets);
        }
        all.mean()
    }

    loop_state_methods!();

    /// The optimizer's slots, to save and resume a training: with them belongs the number of [`steps`](Self::steps).
    #[must_use]
    pub const fn slots_mut(&mut self) -> &mut [L; SLOTS] {
        &mut self.slots.0
    }

    /// Train on a mini-batch of up to `B` samples. Returns the sum of its losses.
    pub(crate) fn step<T, F: Loss<L::Output, T>, O: Optimizer<SLOTS>>(
        &mut self,
        network: &mut L,
        loss: &F,
        optimizer: &O,
        inputs: &[L::Input],
        targets: &[T],
    ) -> Term<L::Scalar> {
        dispatch(Train { memory: self, network, loss, optimizer, inputs, targets })
    }
}

impl<L: TrainInPlace, const B: usize, const SLOTS: usize> Default for InPlaceBuffers<L, B, SLOTS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: TrainInPlace, const B: usize, const SLOTS: usize> fmt::Debug for InPlaceBuffers<L, B, SLOTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InPlaceBuffers of {} bytes", size_of::<Self>())
    }
}

operation! {
    /// A step on one mini-batch, dispatched to the best instruction set.
    struct Train<'a, L: TrainInPlace, T, F: Loss<L::Output, T>, O: Optimizer<SLOTS>; B, SLOTS> {
        memory: &'a mut InPlaceBuffers<L, B, SLOTS>,
        network: &'a mut L,
        loss: &'a F,
        optimizer: &'a O,
        inputs: &'a [L::Input],
        targets: &'a [T],
    }
    const IS_TINY = is_tiny::<L>();
    fn run(self, simd: V) -> Term<L::Scalar> {
        let Self { memory, network, loss, optimizer, inputs, targets } = self;
        let InPlaceBuffers { state, arrays: Aligned(arrays), gradient: Aligned(gradient), slots: Aligned(slots) } = memory;
        let Arrays { outputs, output_gradients, tape, workspace } = arrays;
        let inputs = first(inputs, targets.len());
        let outputs = first_mut(outputs, inputs.len());
        let output_gradients = first_mut(output_gradients, inputs.len());
        let pass = Pass::new(simd, state.next());
        network.forward_train(pass, inputs, outputs, tape, workspace);
        let mut tally = Tally::default();
        for ((output, target), gradient) in outputs.iter().zip(targets).zip(output_gradients.iter_mut()) {
            tally.count(loss.gradient(output, target, gradient), None);
        }
        let descent = Descent { optimizer, step: state.steps, term: tally.term, memory: gradient };
        let recorded = Recorded { inputs, outputs, tape };
        network.train_in_place(pass, recorded, output_gradients, descent, slots.each_mut(), workspace);
        tally.term
    }
}
