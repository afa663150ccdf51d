//! Layers on a stream: a sequence, `[[S; length]; C]`, that arrives frame by frame.
//!
//! A layer computes one output from a window of its last frames, as the same layer does whose input is as long as that
//! window.

pub(crate) mod blocks;

use super::{
    Activation, AvgPool, BatchNorm, Bias, Conv, Dropout, LocalResponseNorm, MaxPool, Normalize, PRelu, Reshape, Slice,
};
use crate::kernels::Simd;
use crate::layer::Layer;
use crate::layers::activation::Function;
use crate::memory;
use crate::pod::Pod;
use crate::scalar::Scalar;
use crate::shape::{Sample, view, view_mut};
use crate::weights::parameters::{Parameters, same_weights};
use crate::window::{Axis, Window, Windows};

/// A network that computes on a stream: see [`Streaming`](crate::Streaming). Implemented for networks declared with
/// `#[streaming]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no streaming form",
    label = "expected a network declared with `#[streaming]`"
)]
pub trait Stream: Layer {
    /// One position of the input: `[S; C]`.
    type Frame: Sample<Element = Self::Scalar>;
    /// One position of the output, or the whole output if it has no positions.
    type Answer: Sample<Element = Self::Scalar>;
    /// The last frames of each layer.
    type Memory: Pod;
    /// Scratch, which layers share.
    type Scratch: Pod;

    /// After how many frames there is another answer: the product of all strides.
    const STRIDE: usize;
    /// Whether an answer is one position of the output.
    const KEEPS_FRAMES: bool;

    /// Takes the next frame in. Returns whether it completes an answer, and writes that.
    fn push<V: Simd>(
        &self,
        simd: V,
        frame: &Self::Frame,
        answer: &mut Self::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool;
}

/// A layer of sequences whose outputs at one position depend on `SPAN` frames.
pub trait Windowed<const SPAN: usize>: Layer {
    /// The layer with an input of `SPAN` frames, and one output.
    type Window: Layer<Scalar = Self::Scalar>;
    /// How its window slides over the frames.
    const AXIS: Axis;

    /// The same weights as that layer.
    #[inline(always)]
    fn on_window(&self) -> &Self::Window {
        same_weights(self)
    }
}

impl<
    S,
    W,
    B,
    const T: usize,
    const U: usize,
    const C: usize,
    const F: usize,
    const SPAN: usize,
    const KERNEL: usize,
    const STRIDE: usize,
    const BEFORE: usize,
    const DILATION: usize,
    const AFTER: usize,
> Windowed<SPAN> for Conv<[[S; T]; C], [[S; U]; F], W, Window<KERNEL, STRIDE, BEFORE, DILATION, AFTER>, B>
where
    S: Scalar,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    B: Bias<[S; F]>,
{
    type Window = Conv<[[S; SPAN]; C], [[S; 1]; F], W, Window<KERNEL, STRIDE, 0, DILATION, 0>, B>;
    const AXIS: Axis = Window::<KERNEL, STRIDE, BEFORE, DILATION, AFTER>::COLUMNS;
}

impl<
    S: Scalar,
    const T: usize,
    const U: usize,
    const C: usize,
    const SPAN: usize,
    const KERNEL: usize,
    const STRIDE: usize,
    const DILATION: usize,
> Windowed<SPAN> for MaxPool<[[S; T]; C], [[S; U]; C], Window<KERNEL, STRIDE, 0, DILATION>>
{
    type Window = MaxPool<[[S; SPAN]; C], [[S; 1]; C], Window<KERNEL, STRIDE, 0, DILATION>>;
    const AXIS: Axis = Window::<KERNEL, STRIDE, 0, DILATION>::COLUMNS;
}

impl<
    S: Scalar,
    const T: usize,
    const U: usize,
    const C: usize,
    const SPAN: usize,
    const KERNEL: usize,
    const STRIDE: usize,
    const DILATION: usize,
    const COUNT_PADDING: bool,
> Windowed<SPAN> for AvgPool<[[S; T]; C], [[S; U]; C], Window<KERNEL, STRIDE, 0, DILATION>, COUNT_PADDING>
{
    type Window = AvgPool<[[S; SPAN]; C], [[S; 1]; C], Window<KERNEL, STRIDE, 0, DILATION>, COUNT_PADDING>;
    const AXIS: Axis = Window::<KERNEL, STRIDE, 0, DILATION>::COLUMNS;
}

/// Layers that compute each frame by itself: the same layer with an input of one frame.
macro_rules! frame_by_frame {
    ($([$($generics:tt)*] $layer:ty => $window:ty $(, where [$($bounds:tt)*])?;)*) => {$(
        impl<S: Scalar, const T: usize, const C: usize, $($generics)*> Windowed<1> for $layer $(where $($bounds)*)? {
            type Window = $window;
            const AXIS: Axis = Axis::STILL;
        }
    )*};
}
frame_by_frame! {
    [F: Function] Activation<F, [[S; T]; C]> => Activation<F, [[S; 1]; C]>;
    [P] PRelu<[[S; T]; C], P> => PRelu<[[S; 1]; C], P>, where [P: Sample<Element = S> + Parameters<Scalar = S>];
    [const P: u64] Dropout<[[S; T]; C], P> => Dropout<[[S; 1]; C], P>;
    [const E: u64, const M: u64, const FROZEN: bool] BatchNorm<[[S; T]; C], E, M, FROZEN> => BatchNorm<[[S; 1]; C], E, M, FROZEN>;
    [] Normalize<[[S; T]; C]> => Normalize<[[S; 1]; C]>;
    [const SIZE: usize, const ALPHA: u64, const BETA: u64, const K: u64]
        LocalResponseNorm<[[S; T]; C], SIZE, ALPHA, BETA, K> => LocalResponseNorm<[[S; 1]; C], SIZE, ALPHA, BETA, K>;
    [const O: usize, const START: usize] Slice<[[S; T]; C], [[S; T]; O], START> => Slice<[[S; 1]; C], [[S; 1]; O], START>;
    [] Reshape<[[S; T]; C], [[S; T]; C]> => Reshape<[[S; 1]; C], [[S; 1]; C]>;
}

/// The last frames of a stream, `[[S; span]; C]`, oldest first. Zeroed memory is the start of a stream.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LastFrames<W> {
    frames: W,
    /// How many frames are missing until the window is complete; 0 before the first frame.
    missing: u32,
}

// SAFETY: both fields are numbers or arrays of them.
unsafe impl<W: Pod> Pod for LastFrames<W> {}

impl<W: Sample> LastFrames<W> {
    /// Takes a frame in. Returns the window if it is one that the layer computes an output of.
    ///
    /// `outside` is what padding consists of.
    #[inline(always)]
    pub(crate) fn push(&mut self, axis: &Axis, frame: &[W::Element], outside: W::Element) -> Option<&W> {
        let span = W::SHAPE.size(1);
        let frames = self.frames.elements_mut();
        if self.missing == 0 {
            frames.fill(outside);
            self.missing = (span - axis.before.min(span - 1)) as u32;
        }
        if span == 1 {
            for (to, &new) in frames.iter_mut().zip(frame) {
                *to = new;
            }
        } else {
            renew(frames, span, frame);
        }
        self.missing -= 1;
        if self.missing > 0 {
            return None;
        }
        self.missing = axis.stride as u32;
        Some(&self.frames)
    }
}

/// Moves channels of `span` elements one place forward, and puts the elements of a frame at their ends.
///
/// All channels at once, four elements at a time, which are a word of integers: a call of `memmove` takes twice as long.
#[inline(never)]
fn renew<E: Copy>(channels: &mut [E], span: usize, frame: &[E]) {
    if span == 0 || channels.len() < span.saturating_mul(frame.len()) {
        return;
    }
    let (moved, start) = (channels.len().saturating_sub(1), channels.as_mut_ptr());
    /// Moves four elements, of which the first one goes to a place.
    macro_rules! four {
        ($place:expr) => {{
            // SAFETY: one element more than are moved is in the slice, and what is overwritten was read before.
            unsafe {
                let four = start.add($place + 1).cast::<[E; 4]>().read();
                start.add($place).cast::<[E; 4]>().write(four);
            }
        }};
    }
    let mut place = 0;
    while place + 16 <= moved {
        four!(place);
        four!(place + 4);
        four!(place + 8);
        four!(place + 12);
        place += 16;
    }
    while place < moved {
        // SAFETY: as above.
        unsafe { start.add(place).write(start.add(place + 1).read()) }
        place += 1;
    }
    let mut channel = start;
    for &new in frame {
        // SAFETY: there are as many channels as elements of the frame.
        unsafe { channel.add(span - 1).write(new) }
        channel = channel.wrapping_add(span);
    }
}

/// A frame for a layer on a stream. Returns whether it completes an output, and writes that.
#[inline(always)]
pub fn push_frame<L, V, M, I, O, const SPAN: usize>(
    layer: &L,
    simd: V,
    last: &mut LastFrames<<L::Window as Layer>::Input>,
    frame: &I,
    output: &mut O,
    scratch: &mut M,
) -> bool
where
    L: Windowed<SPAN, Window: Layer<Input: Sample<Element = L::Scalar>>>,
    V: Simd,
    M: Pod,
    I: Sample<Element = L::Scalar>,
    O: Sample<Element = L::Scalar>,
{
    const { assert_streams(L::AXIS) }
    if const { sees_one_frame(L::AXIS) } {
        forward(layer.on_window(), simd, frame, output, scratch);
        return true;
    }
    let frame = frame.elements();
    let Some(window) = last.push(&const { L::AXIS }, frame, L::Scalar::ZERO) else { return false };
    forward(layer.on_window(), simd, window, output, scratch);
    true
}

/// A frame for a layer that computes from all positions at once. Returns whether there are as many frames, and writes
/// its output.
#[inline(always)]
pub fn push_position<L, V, M, I, O>(
    layer: &L,
    simd: V,
    last: &mut LastFrames<L::Input>,
    frame: &I,
    output: &mut O,
    scratch: &mut M,
) -> bool
where
    L: Layer<Input: Sample<Element = L::Scalar>>,
    V: Simd,
    M: Pod,
    I: Sample<Element = L::Scalar>,
    O: Sample<Element = L::Scalar>,
{
    let frame = frame.elements();
    let Some(window) = last.push(&Axis::STILL, frame, L::Scalar::ZERO) else { return false };
    forward(layer, simd, window, output, scratch);
    true
}

/// One layer's forward pass on one sample, from one piece of memory to another; their shapes may differ, their lengths
/// not.
#[inline(always)]
pub fn forward<L, V: Simd, M: Pod, I, O>(layer: &L, simd: V, input: &I, output: &mut O, scratch: &mut M)
where
    L: Layer<Input: Sample<Element = L::Scalar>>,
    I: Sample<Element = L::Scalar>,
    O: Sample<Element = L::Scalar>,
{
    let input = view(core::slice::from_ref(input));
    let output = view_mut(core::slice::from_mut(output));
    layer.forward_batch::<V, 1>(simd, input, output, memory::workspace(scratch));
}

/// Whether each output is that of one frame, which needn't be kept.
pub(crate) const fn sees_one_frame(axis: Axis) -> bool {
    axis.span() == 1 && axis.stride == 1
}

/// Checks at compile time that a window can slide over a stream.
#[track_caller]
pub(crate) const fn assert_streams(axis: Axis) {
    assert!(axis.after == 0, "a stream has no end for padding to follow: use `padding = causal`, or none");
    assert!(axis.before < axis.span(), "on a stream, padding is smaller than the window");
}
