//! Updating layers during the backward pass, and the memory for one layer's gradient.

use core::fmt;
use core::mem::{ManuallyDrop, MaybeUninit};

use crate::kernels::{Simd, Start, Update};
use crate::layer::{Gradient, Layer, Pass, Recorded};
use crate::losses::Term;
use crate::optimizers::{Optimizer, advance};
use crate::scalar::Scalar;
use crate::weights::parameters::{Parameters, Role, assert_weights};

/// How a layer is updated, and memory for its gradient.
#[doc(hidden)]
#[derive(Debug)]
pub struct Descent<'a, O, S, M> {
    /// Moves weights along their gradient.
    pub(crate) optimizer: &'a O,
    /// The number of the step, from 1.
    pub(crate) step: u64,
    /// The sum of the losses that the gradient belongs to.
    pub(crate) term: Term<S>,
    /// Holds the gradient of any layer, one at a time.
    pub(crate) memory: &'a mut M,
}

impl<O, S, M> Descent<'_, O, S, M> {
    /// Reborrows it for one layer.
    #[inline(always)]
    pub fn one(&mut self) -> Descent<'_, O, S, M>
    where
        S: Copy,
    {
        Descent { memory: self.memory, ..*self }
    }
}

impl<O, S: Scalar, M: Room> Descent<'_, O, S, M> {
    /// Moves weights of one role along their gradient.
    #[inline(always)]
    pub(crate) fn mover<V: Simd, const SLOTS: usize>(&self, simd: V, role: Role) -> Mover<V, O>
    where
        O: Optimizer<SLOTS>,
    {
        let vectors = self.optimizer.for_vectors().filter(|_| role == Role::Vector);
        // A local copy, so that its constants stay in registers.
        Mover { simd, optimizer: vectors.unwrap_or_else(|| self.optimizer.clone()), step: self.step }
    }
}

/// An optimizer in one of its steps.
#[derive(Debug)]
pub(crate) struct Mover<V, O> {
    simd: V,
    optimizer: O,
    step: u64,
}

impl<V: Simd, S: Scalar, O: Optimizer<SLOTS>, const SLOTS: usize> Update<S, SLOTS> for Mover<V, O> {
    #[inline(always)]
    fn update(&self, weights: &mut [S], gradient: &[S], slots: [&mut [S]; SLOTS]) {
        self.optimizer.update(self.simd, self.step, weights, gradient, slots);
    }
}

/// [`Layer::backward`], followed by an update with the gradient of the mean loss: for training in place.
#[inline(always)]
pub fn descend<L: Layer, V: Simd, O: Optimizer<SLOTS>, M: Room, const SLOTS: usize, const B: usize>(
    layer: &mut L,
    pass: Pass<'_, V>,
    recorded: Recorded<'_, L, B>,
    output_gradients: &mut [L::Output],
    (descent, slots): (Descent<'_, O, L::Scalar, M>, [&mut L; SLOTS]),
    input_gradients: Option<&mut [L::Input]>,
    workspace: &mut L::TrainingWorkspace<B>,
) {
    let weights = zeroed_weights::<L, M>(descent.memory);
    let gradient = Gradient::new(&mut *weights, Start::Zero);
    layer.backward(pass, recorded, output_gradients, gradient, input_gradients, workspace);
    if L::PARAMETERS > 0 {
        descent.term.average(weights.parameters_mut());
        advance(descent.optimizer, descent.step, layer, weights, slots);
    }
}

/// A layer that may be updated with less memory than its whole gradient takes.
///
/// The default stores the gradient, as for every other layer.
pub trait Descend: Layer {
    /// [`descend`].
    #[inline(always)]
    fn descend<V: Simd, O: Optimizer<SLOTS>, M: Room, const SLOTS: usize, const B: usize>(
        &mut self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [Self::Output],
        descent: (Descent<'_, O, Self::Scalar, M>, [&mut Self; SLOTS]),
        input_gradients: Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        descend(self, pass, recorded, output_gradients, descent, input_gradients, workspace);
    }
}

/// Memory with arbitrary contents.
///
/// # Safety
/// Every bit pattern is a value, and nothing needs dropping.
pub unsafe trait Room: Send + Sync + fmt::Debug + 'static {}

// SAFETY: the type is empty.
unsafe impl Room for () {}

/// Memory for weights.
#[repr(transparent)]
pub struct RoomFor<P: Parameters>(MaybeUninit<P>);

// SAFETY: `MaybeUninit` may hold any bytes, and drops nothing.
unsafe impl<P: Parameters> Room for RoomFor<P> {}

impl<P: Parameters> fmt::Debug for RoomFor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", size_of::<Self>())
    }
}

/// Memory large enough for either of two.
#[repr(C)]
pub union Either<A: Room, B: Room> {
    one: ManuallyDrop<A>,
    other: ManuallyDrop<B>,
}

// SAFETY: any bytes are an `A` and a `B`, and a union drops nothing.
unsafe impl<A: Room, B: Room> Room for Either<A, B> {}

impl<A: Room, B: Room> fmt::Debug for Either<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", size_of::<Self>())
    }
}

/// The memory as weights, all zero. Memory that is too small is a compile error.
#[inline(always)]
fn zeroed_weights<P: Parameters, M: Room>(room: &mut M) -> &mut P {
    const {
        assert_weights::<P>();
        assert_room::<P, M>();
    }
    // SAFETY: the memory is large enough and aligned, the borrow is exclusive, any bytes are valid for it, and zero
    // bytes are valid weights, which `Parameters` promises.
    unsafe {
        let weights = core::ptr::from_mut(room).cast::<P>();
        weights.write_bytes(0, 1);
        &mut *weights
    }
}

/// Checks that the memory is large enough and aligned.
#[track_caller]
const fn assert_room<P, M>() {
    assert!(size_of::<P>() <= size_of::<M>(), "the memory is too small for the weights");
    assert!(align_of::<P>() <= align_of::<M>(), "the memory is not aligned for the weights");
}
