//! Quantized blocks on a stream: each frame goes through all of their branches.

use super::QuantizedStream;
use crate::kernels::copy;
use crate::layers::stream::blocks::{
    Branches, as_inner, assert_keeps_frames, assert_no_stride, assert_same_frames, assert_same_strides, both,
};
use crate::memory::{Larger, workspace};
use crate::pod::Pod;
use crate::quantized::residual::{Addition, add_all, from_place};
use crate::quantized::{AddedBranches, Concat, MultipliedBranches, Requantize, Rescale, Residual};
use crate::shape::Sample;

/// A frame for both branches of a block. Returns whether both have answered for the next position then.
#[inline(always)]
fn push_to_both<F: QuantizedStream, G: QuantizedStream<Frame = F::Frame>>(
    (first, second): (&F, &G),
    frame: &F::Frame,
    memory: &mut Branches<F::Memory, G::Memory, F::Answer, G::Answer>,
    scratch: &mut Larger<F::Scratch, G::Scratch>,
) -> bool {
    const { assert_same_strides(F::STRIDE, G::STRIDE) }
    let ((of_first, of_second), ((y, z), arrived)) = memory;
    let y_is_new = first.push(frame, y, of_first, workspace(scratch));
    let z_is_new = second.push_terms(frame, z, of_second, workspace(scratch));
    both(arrived, y_is_new, z_is_new)
}

impl<L, S> QuantizedStream for Residual<L, S>
where
    L: QuantizedStream<Answer = <L as QuantizedStream>::Frame>,
    S: Addition,
{
    type Frame = L::Frame;
    type Answer = L::Answer;
    type Memory = L::Memory;
    type Scratch = L::Scratch;

    const STRIDE: usize = 1;
    const KEEPS_FRAMES: bool = L::KEEPS_FRAMES;

    #[inline(always)]
    fn push(&self, frame: &L::Frame, answer: &mut L::Answer, memory: &mut L::Memory, scratch: &mut L::Scratch) -> bool {
        const { assert_no_stride(L::STRIDE) }
        let complete = self.inside.push(frame, answer, memory, scratch);
        if complete {
            self.sum.add(frame, answer);
        }
        complete
    }
}

impl<F, G, S> QuantizedStream for AddedBranches<F, G, S>
where
    F: QuantizedStream,
    G: QuantizedStream<Input = F::Input, Frame = F::Frame, Answer = F::Answer>,
    S: Addition,
{
    type Frame = F::Frame;
    type Answer = F::Answer;
    type Memory = Branches<F::Memory, G::Memory, F::Answer, F::Answer>;
    type Scratch = Larger<F::Scratch, G::Scratch>;

    const STRIDE: usize = F::STRIDE;
    const KEEPS_FRAMES: bool = F::KEEPS_FRAMES && G::KEEPS_FRAMES;

    #[inline(always)]
    fn push(
        &self,
        frame: &F::Frame,
        answer: &mut F::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        let complete = self.push_terms(frame, answer, memory, scratch);
        if complete {
            let ((_, of_second), ((_, z), _)) = memory;
            match G::IS_SUM {
                false => self.sum.add(z, answer),
                true => add_all(&self.sum, answer.elements_mut(), |from, sums| {
                    self.second.add_pushed(&self.sum, z, of_second, from, sums);
                }),
            }
        }
        complete
    }

    #[inline(always)]
    fn push_terms(
        &self,
        frame: &F::Frame,
        answer: &mut F::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        let complete = push_to_both((&self.first, &self.second), frame, memory, scratch);
        if complete {
            let (_, ((y, _), _)) = memory;
            *answer = *y;
        }
        complete
    }

    #[inline(always)]
    fn add_pushed<A: Addition>(
        &self,
        _: &A,
        answer: &F::Answer,
        ((_, of_second), ((_, z), _)): &Self::Memory,
        from: usize,
        sums: &mut [i32],
    ) {
        self.sum.add_inside(from_place(answer, from), sums);
        self.second.add_pushed(&self.sum, z, of_second, from, sums);
    }
}

impl<F, G, R> QuantizedStream for MultipliedBranches<F, G, R>
where
    F: QuantizedStream,
    G: QuantizedStream<Input = F::Input, Frame = F::Frame>,
    R: Requantize,
{
    type Frame = F::Frame;
    type Answer = F::Answer;
    type Memory = Branches<F::Memory, G::Memory, F::Answer, G::Answer>;
    type Scratch = Larger<F::Scratch, G::Scratch>;

    const STRIDE: usize = F::STRIDE;
    const KEEPS_FRAMES: bool = F::KEEPS_FRAMES;

    #[inline(always)]
    fn push(
        &self,
        frame: &F::Frame,
        answer: &mut F::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        const { assert_same_frames(F::KEEPS_FRAMES, G::KEEPS_FRAMES) }
        let complete = push_to_both((&self.first, &self.second), frame, memory, scratch);
        if complete {
            let (_, ((y, z), _)) = memory;
            *answer = *y;
            let places = const { F::Answer::LENGTH / G::Answer::LENGTH };
            let answer = answer.elements_mut();
            self.products.multiply(z.elements(), places, answer);
        }
        complete
    }
}

impl<F, G, S, const T: usize, const C: usize> QuantizedStream for Concat<F, G, [[i8; T]; C], S>
where
    F: QuantizedStream,
    G: QuantizedStream<Input = F::Input, Frame = F::Frame>,
    S: Rescale,
{
    type Frame = F::Frame;
    type Answer = [i8; C];
    type Memory = Branches<F::Memory, G::Memory, F::Answer, G::Answer>;
    type Scratch = Larger<F::Scratch, G::Scratch>;

    const STRIDE: usize = F::STRIDE;
    const KEEPS_FRAMES: bool = F::KEEPS_FRAMES && G::KEEPS_FRAMES;

    #[inline(always)]
    fn push(
        &self,
        frame: &F::Frame,
        answer: &mut [i8; C],
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        let complete = push_to_both((&self.first, &self.second), frame, memory, scratch);
        if complete {
            let (_, ((y, z), _)) = memory;
            let (y_part, z_part) = answer.split_at_mut(F::Answer::LENGTH.min(C));
            copy(y.elements(), y_part);
            copy(z.elements(), z_part);
            self.first_scale.rescale(y_part);
            self.second_scale.rescale(z_part);
        }
        complete
    }
}

/// A frame for a quantized block or network, as a layer of another network. Returns whether it completes an output, and
/// writes that.
#[inline(always)]
pub fn push_inner_integers<L, M, I, O, const IS_LAST: bool>(
    layer: &L,
    memory: &mut L::Memory,
    frame: &I,
    output: &mut O,
    scratch: &mut M,
) -> bool
where
    L: QuantizedStream,
    M: Pod,
    I: Sample<Element = i8>,
    O: Sample<Element = i8>,
{
    const { assert_keeps_frames(L::KEEPS_FRAMES, IS_LAST) }
    as_inner(frame, output, |frame, output| layer.push(frame, output, memory, workspace(scratch)))
}

/// A frame for a branch without layers.
#[inline(always)]
pub fn pass_frame<I: Sample<Element = i8>, O: Sample<Element = i8>>(frame: &I, output: &mut O) -> bool {
    copy(frame.elements(), output.elements_mut());
    true
}
