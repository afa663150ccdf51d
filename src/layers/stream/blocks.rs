//! Blocks on a stream: each frame goes through all of their branches.

use super::Stream;
use crate::image::Channels;
use crate::kernels::{Simd, add_assign, copy, multiply_assign};
use crate::layer::Layer;
use crate::layers::{Concat, Product, Residual, Sum};
use crate::memory::{Larger, workspace};
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, view, view_mut};

/// The memory of two branches, their last answers, and which of these are of the next position: the first bit says so of
/// the first branch. Where they have strides, one branch may be some frames ahead of the other one.
pub(crate) type Branches<F, G, A, B> = ((F, G), ((A, B), u32));

/// Takes note of which branches have answered. Returns whether both have.
#[inline(always)]
pub(crate) fn both(arrived: &mut u32, first: bool, second: bool) -> bool {
    *arrived |= u32::from(first) | u32::from(second) << 1;
    let both = *arrived == 0b11;
    if both {
        *arrived = 0;
    }
    both
}

/// Checks at compile time that two branches answer equally often.
#[track_caller]
pub(crate) const fn assert_same_strides(first: usize, second: usize) {
    assert!(first == second, "the branches of a block on a stream have the same strides");
}

/// Checks at compile time that what is multiplied are frames, or whole outputs.
#[track_caller]
pub(crate) const fn assert_same_frames(first: bool, second: bool) {
    assert!(
        first == second,
        "on a stream, the branches of a product both see one frame after the other, or both take all positions together"
    );
}

/// Checks at compile time that a shortcut has no frame to skip.
#[track_caller]
pub(crate) const fn assert_no_stride(stride: usize) {
    assert!(stride == 1, "a residual block on a stream has no stride");
}

/// Checks at compile time that the layers behind a network see frames.
#[track_caller]
pub(crate) const fn assert_keeps_frames(keeps_frames: bool, is_last: bool) {
    assert!(
        keeps_frames || is_last,
        "on a stream, a network inside of another one that takes all positions together is the last layer"
    );
}

/// A frame for both branches of a block. Returns whether both have answered for the next position then.
#[inline(always)]
fn push_to_both<V: Simd, F: Stream, G: Stream<Frame = F::Frame>>(
    (first, second): (&F, &G),
    simd: V,
    frame: &F::Frame,
    memory: &mut Branches<F::Memory, G::Memory, F::Answer, G::Answer>,
    scratch: &mut Larger<F::Scratch, G::Scratch>,
) -> bool {
    const { assert_same_strides(F::STRIDE, G::STRIDE) }
    let ((of_first, of_second), ((y, z), arrived)) = memory;
    let y_is_new = first.push(simd, frame, y, of_first, workspace(scratch));
    let z_is_new = second.push(simd, frame, z, of_second, workspace(scratch));
    both(arrived, y_is_new, z_is_new)
}

/// A shortcut waits for nothing: layers that keep the length of a sequence compute from no later frame.
impl<L> Stream for Residual<L>
where
    L: Stream<Input: Sample<Element = L::Scalar>, Output = <L as Layer>::Input, Answer = <L as Stream>::Frame>,
{
    type Frame = L::Frame;
    type Answer = L::Answer;
    type Memory = L::Memory;
    type Scratch = L::Scratch;

    const STRIDE: usize = 1;
    const KEEPS_FRAMES: bool = L::KEEPS_FRAMES;

    #[inline(always)]
    fn push<V: Simd>(
        &self,
        simd: V,
        frame: &L::Frame,
        answer: &mut L::Answer,
        memory: &mut L::Memory,
        scratch: &mut L::Scratch,
    ) -> bool {
        const { assert_no_stride(L::STRIDE) }
        let complete = self.inside.push(simd, frame, answer, memory, scratch);
        if complete {
            add_assign(simd, frame.elements(), answer.elements_mut());
        }
        complete
    }
}

impl<S, F, G> Stream for Sum<F, G>
where
    S: Scalar,
    F: Stream<Scalar = S, Input: Sample<Element = S>>,
    G: Stream<Scalar = S, Input = F::Input, Output = F::Output, Frame = F::Frame, Answer = F::Answer>,
{
    type Frame = F::Frame;
    type Answer = F::Answer;
    type Memory = Branches<F::Memory, G::Memory, F::Answer, F::Answer>;
    type Scratch = Larger<F::Scratch, G::Scratch>;

    const STRIDE: usize = F::STRIDE;
    const KEEPS_FRAMES: bool = F::KEEPS_FRAMES && G::KEEPS_FRAMES;

    #[inline(always)]
    fn push<V: Simd>(
        &self,
        simd: V,
        frame: &F::Frame,
        answer: &mut F::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        let complete = push_to_both((&self.first, &self.second), simd, frame, memory, scratch);
        if complete {
            let (_, ((y, z), _)) = memory;
            copy(y.elements(), answer.elements_mut());
            add_assign(simd, z.elements(), answer.elements_mut());
        }
        complete
    }
}

/// What a frame or an answer of the first branch is multiplied by, is one of the second branch.
impl<S, F, G> Stream for Product<F, G>
where
    S: Scalar,
    F: Stream<Scalar = S, Input: Sample<Element = S>, Output: Channels<Element = S>>,
    G: Stream<Scalar = S, Input = F::Input, Output: Channels<Element = S>, Frame = F::Frame>,
{
    type Frame = F::Frame;
    type Answer = F::Answer;
    type Memory = Branches<F::Memory, G::Memory, F::Answer, G::Answer>;
    type Scratch = Larger<F::Scratch, G::Scratch>;

    const STRIDE: usize = F::STRIDE;
    const KEEPS_FRAMES: bool = F::KEEPS_FRAMES;

    #[inline(always)]
    fn push<V: Simd>(
        &self,
        simd: V,
        frame: &F::Frame,
        answer: &mut F::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        const { assert_same_frames(F::KEEPS_FRAMES, G::KEEPS_FRAMES) }
        let complete = push_to_both((&self.first, &self.second), simd, frame, memory, scratch);
        if complete {
            let (_, ((y, z), _)) = memory;
            copy(y.elements(), answer.elements_mut());
            let places = const { F::Answer::LENGTH / G::Answer::LENGTH };
            multiply_assign(simd, z.elements(), places, answer.elements_mut());
        }
        complete
    }
}

impl<S, F, G, const T: usize, const C: usize> Stream for Concat<F, G, [[S; T]; C]>
where
    S: Scalar,
    F: Stream<Scalar = S, Input: Sample<Element = S>>,
    G: Stream<Scalar = S, Input = F::Input, Frame = F::Frame>,
    Self: Layer<Scalar = S>,
{
    type Frame = F::Frame;
    type Answer = [S; C];
    type Memory = Branches<F::Memory, G::Memory, F::Answer, G::Answer>;
    type Scratch = Larger<F::Scratch, G::Scratch>;

    const STRIDE: usize = F::STRIDE;
    const KEEPS_FRAMES: bool = F::KEEPS_FRAMES && G::KEEPS_FRAMES;

    #[inline(always)]
    fn push<V: Simd>(
        &self,
        simd: V,
        frame: &F::Frame,
        answer: &mut [S; C],
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        let complete = push_to_both((&self.first, &self.second), simd, frame, memory, scratch);
        if complete {
            let (_, ((y, z), _)) = memory;
            let (y_part, z_part) = answer.split_at_mut(F::Answer::LENGTH.min(C));
            copy(y.elements(), y_part);
            copy(z.elements(), z_part);
        }
        complete
    }
}

/// A frame for a block or a network, as a layer of another network. Returns whether it completes an output, and writes
/// that.
#[inline(always)]
pub fn push_inner<L, V, M, I, O, const IS_LAST: bool>(
    layer: &L,
    simd: V,
    memory: &mut L::Memory,
    frame: &I,
    output: &mut O,
    scratch: &mut M,
) -> bool
where
    L: Stream,
    V: Simd,
    M: Pod,
    I: Sample<Element = L::Scalar>,
    O: Sample<Element = L::Scalar>,
{
    const { assert_keeps_frames(L::KEEPS_FRAMES, IS_LAST) }
    as_inner(frame, output, |frame, output| layer.push(simd, frame, output, memory, workspace(scratch)))
}

/// Calls `push` with a frame and an output as the types that a layer inside has for them.
#[inline(always)]
pub(crate) fn as_inner<I, F, O, A>(frame: &I, output: &mut O, push: impl FnOnce(&F, &mut A) -> bool) -> bool
where
    I: Sample,
    F: Sample<Element = I::Element>,
    O: Sample,
    A: Sample<Element = O::Element>,
{
    let frame = view::<I, F>(core::slice::from_ref(frame)).first();
    let output = view_mut::<O, A>(core::slice::from_mut(output)).first_mut();
    match (frame, output) {
        (Some(frame), Some(output)) => push(frame, output),
        _ => false,
    }
}
