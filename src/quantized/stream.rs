//! Quantized layers on a stream, as those in floating point.

pub(crate) mod blocks;

use super::residual::from_place;
use super::{Activation, Addition, AvgPool, BatchNorm, Conv, PRelu, QuantizedLayer, Requantize, tflite};
use crate::layers::stream::{LastFrames, assert_streams, sees_one_frame};
use crate::layers::{MaxPool, Sample, Slice, Window, Windows};
use crate::memory;
use crate::pod::Pod;
use crate::shape::{view, view_mut};
use crate::weights::parameters::Parameters;
use crate::window::Axis;

/// The layers of a quantized network on a stream, from integers to integers. Implemented for the quantized forms of
/// networks declared with `#[streaming]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no streaming form",
    label = "expected the int8 form of a network declared with `#[streaming]`"
)]
pub trait QuantizedStream: QuantizedLayer {
    /// One position of the input: `[i8; C]`.
    type Frame: Sample<Element = i8>;
    /// One position of the output, or the whole output if it has no positions.
    type Answer: Sample<Element = i8>;
    /// The last frames of each layer.
    type Memory: Pod;
    /// Scratch, which layers share.
    type Scratch: Pod;

    /// After how many frames there is another answer: the product of all strides.
    const STRIDE: usize;
    /// Whether an answer is one position of the output.
    const KEEPS_FRAMES: bool;

    /// Takes the next frame in. Returns whether it completes an answer, and writes that.
    fn push(
        &self,
        frame: &Self::Frame,
        answer: &mut Self::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool;

    /// [`push`](Self::push), but for the addition of the branches of a sum.
    #[doc(hidden)]
    #[inline(always)]
    fn push_terms(
        &self,
        frame: &Self::Frame,
        answer: &mut Self::Answer,
        memory: &mut Self::Memory,
        scratch: &mut Self::Scratch,
    ) -> bool {
        self.push(frame, answer, memory, scratch)
    }

    /// Adds what [`push_terms`](Self::push_terms) has left, as [`QuantizedLayer::add_terms`] does.
    #[doc(hidden)]
    #[inline(always)]
    fn add_pushed<A: Addition>(
        &self,
        sum: &A,
        answer: &Self::Answer,
        _memory: &Self::Memory,
        from: usize,
        sums: &mut [i32],
    ) {
        sum.add_around(from_place(answer, from), sums);
    }
}

/// A quantized layer of sequences whose outputs at one position depend on `SPAN` frames.
pub trait QuantizedWindowed<const SPAN: usize>: QuantizedLayer {
    /// The layer with an input of `SPAN` frames, and one output.
    type Window: QuantizedLayer;
    /// How its window slides over the frames.
    const AXIS: Axis;

    /// The same integers as that layer.
    fn on_window(&self) -> &Self::Window;

    /// What padding consists of.
    #[inline(always)]
    fn outside(&self) -> i8 {
        0
    }
}

/// A layer whose fields don't depend on the shapes of its samples, as the layer with other samples.
macro_rules! on_window {
    () => {
        #[inline(always)]
        fn on_window(&self) -> &Self::Window {
            // SAFETY: both types are the same `repr(C)` struct with fields of the same types; what differs is in
            // `PhantomData`.
            unsafe { &*core::ptr::from_ref(self).cast() }
        }
    };
}

impl<
    A,
    R,
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
> QuantizedWindowed<SPAN>
    for Conv<[[f32; T]; C], [[f32; U]; F], A, Window<KERNEL, STRIDE, BEFORE, DILATION, AFTER>, F, R>
where
    A: Sample<Element = f32>,
    [A; F]: Parameters<Scalar = f32>,
    R: Requantize,
{
    type Window = Conv<[[f32; SPAN]; C], [[f32; 1]; F], A, Window<KERNEL, STRIDE, 0, DILATION, 0>, F, R>;
    const AXIS: Axis = Window::<KERNEL, STRIDE, BEFORE, DILATION, AFTER>::COLUMNS;
    on_window!();

    #[inline(always)]
    fn outside(&self) -> i8 {
        self.zero_point as i8
    }
}

/// Pools.
macro_rules! pools {
    ($([$($generics:tt)*] $pool:ident $(, $argument:ident)?;)*) => {$(
        impl<
            const T: usize,
            const U: usize,
            const C: usize,
            const SPAN: usize,
            const KERNEL: usize,
            const STRIDE: usize,
            const DILATION: usize,
            $($generics)*
        > QuantizedWindowed<SPAN>
            for $pool<[[f32; T]; C], [[f32; U]; C], Window<KERNEL, STRIDE, 0, DILATION> $(, $argument)?>
        {
            type Window = $pool<[[f32; SPAN]; C], [[f32; 1]; C], Window<KERNEL, STRIDE, 0, DILATION> $(, $argument)?>;
            const AXIS: Axis = Window::<KERNEL, STRIDE, 0, DILATION>::COLUMNS;
            on_window!();
        }
    )*};
}
pools! {
    [] MaxPool;
    [const COUNT_PADDING: bool] AvgPool, COUNT_PADDING;
}

/// Layers that compute each frame by itself: the same layer with an input of one frame.
macro_rules! frame_by_frame {
    ($([$($generics:tt)*] $layer:ty => $window:ty;)*) => {$(
        impl<const T: usize, const C: usize, $($generics)*> QuantizedWindowed<1> for $layer {
            type Window = $window;
            const AXIS: Axis = Axis::STILL;
            on_window!();
        }
    )*};
}
frame_by_frame! {
    [] Activation<[[f32; T]; C]> => Activation<[[f32; 1]; C]>;
    [P: Sample<Element = f32>] PRelu<[[f32; T]; C], P> => PRelu<[[f32; 1]; C], P>;
    [P: Sample<Element = f32>] tflite::PRelu<[[f32; T]; C], P> => tflite::PRelu<[[f32; 1]; C], P>;
    [] BatchNorm<[[f32; T]; C]> => BatchNorm<[[f32; 1]; C]>;
    [] tflite::BatchNorm<[[f32; T]; C]> => tflite::BatchNorm<[[f32; 1]; C]>;
    [const O: usize, const START: usize] Slice<[[f32; T]; C], [[f32; T]; O], START>
        => Slice<[[f32; 1]; C], [[f32; 1]; O], START>;
}

/// A frame for a quantized layer on a stream. Returns whether it completes an output, and writes that.
#[inline(always)]
pub fn push_integers<L, M, I, O, const SPAN: usize>(
    layer: &L,
    last: &mut LastFrames<<L::Window as QuantizedLayer>::Input>,
    frame: &I,
    output: &mut O,
    scratch: &mut M,
) -> bool
where
    L: QuantizedWindowed<SPAN>,
    M: Pod,
    I: Sample<Element = i8>,
    O: Sample<Element = i8>,
{
    const { assert_streams(L::AXIS) }
    if const { sees_one_frame(L::AXIS) } {
        quantized_forward(layer.on_window(), frame, output, scratch);
        return true;
    }
    let frame = frame.elements();
    let Some(window) = last.push(&const { L::AXIS }, frame, layer.outside()) else { return false };
    quantized_forward(layer.on_window(), window, output, scratch);
    true
}

/// A frame for a quantized layer that computes from all positions at once. Returns whether there are as many frames, and
/// writes its output.
#[inline(always)]
pub fn push_integers_position<L, M, I, O>(
    layer: &L,
    last: &mut LastFrames<L::Input>,
    frame: &I,
    output: &mut O,
    scratch: &mut M,
) -> bool
where
    L: QuantizedLayer,
    M: Pod,
    I: Sample<Element = i8>,
    O: Sample<Element = i8>,
{
    let Some(window) = last.push(&Axis::STILL, frame.elements(), 0) else { return false };
    quantized_forward(layer, window, output, scratch);
    true
}

/// A frame for a layer that takes all positions and changes nothing. Returns whether there are enough of them.
#[inline(always)]
pub fn gather_frames<W, I, O>(last: &mut LastFrames<W>, frame: &I, output: &mut O) -> bool
where
    W: Sample<Element = i8>,
    I: Sample<Element = i8>,
    O: Sample<Element = i8>,
{
    let Some(window) = last.push(&Axis::STILL, frame.elements(), 0) else { return false };
    super::layer::forward_nothing(window, output);
    true
}

/// One quantized layer's forward pass, from one piece of memory to another; their shapes may differ, their lengths not.
#[inline(always)]
pub fn quantized_forward<L, M, I, O>(layer: &L, input: &I, output: &mut O, scratch: &mut M)
where
    L: QuantizedLayer,
    M: Pod,
    I: Sample<Element = i8>,
    O: Sample<Element = i8>,
{
    let input = view(core::slice::from_ref(input)).first();
    let output = view_mut(core::slice::from_mut(output)).first_mut();
    if let (Some(input), Some(output)) = (input, output) {
        layer.forward(input, output, memory::workspace(scratch), &mut ());
    }
}
