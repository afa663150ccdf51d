//! Networks on a stream: each new frame costs one position of each layer, not the whole window.

use core::fmt;

use crate::kernels::{dispatch, operation};
use crate::layers::stream::Stream;
use crate::pod::{Pod, zeroed};
use crate::quantized::stream::QuantizedStream;
use crate::quantized::{Arithmetic, QuantizedNetwork};
use crate::shape::Sample;

/// The memory of a network on a stream: the last frames of each layer, as many as it computes from.
///
/// A network of sequences, `[channels, length]`, declared with `#[streaming]`, takes a stream frame by frame, and
/// computes only what a new frame changes. The results are those of [`forward`](crate::Network::forward) of the last
/// `length` frames, with the same sums in the same order; in int8, the same bits always, and in floating point wherever
/// sums have the same order at all positions, which they have in the plain kernels. With strides, there is an answer
/// once in as many frames as the product of all strides. Where the declared output has positions, an answer is one of them.
/// Blocks and networks inside it take frames, too; where the branches of a block have other delays, the earlier answer waits
/// for the later one.
///
/// A network with `padding = causal` starts as if silence had come before, and then sees what really came: as the same
/// network declared with a longer input.
///
/// Its size is known at compile time, and nothing is allocated. It starts as zeros, so that it costs no flash in a
/// `static`. The network is passed in with each frame; it can be in `f32`, [`Folded`](crate::Folded), or
/// [`Quantized`](crate::Quantized).
///
/// ```
/// use fnn::Streaming;
///
/// fnn::network! {
///     #[streaming]
///     pub struct WakeWord: [4, 10] -> [2] {
///         Conv1d(8, kernel = 3),
///         Relu,
///         MaxPool1d(2),
///         Flatten,
///         Dense(2),
///     }
/// }
///
/// let network = WakeWord::seeded(1);
/// let frames: [[f32; 4]; 12] = std::array::from_fn(|t| [t as f32, 1.0, -(t as f32), 0.5]);
/// let mut stream = Streaming::<WakeWord>::new();
/// let answers: Vec<_> = frames.iter().filter_map(|frame| stream.push(&network, frame)).collect();
///
/// // The pool computes every other frame, so there are answers after 10 and after 12 frames.
/// let window = |start: usize| std::array::from_fn(|c| std::array::from_fn(|t| frames[start + t][c]));
/// assert_eq!(answers, [network.forward(&window(0)), network.forward(&window(2))]);
/// ```
pub struct Streaming<N: OnStream> {
    memory: N::Memory,
}

impl<N: OnStream> Streaming<N> {
    /// The start of a stream.
    #[must_use]
    pub const fn new() -> Self {
        // SAFETY: the only field is `Pod`, of which zeros are a value.
        unsafe { core::mem::zeroed() }
    }

    /// [`new`](Self::new), built in place on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn boxed() -> alloc::boxed::Box<Self> {
        // SAFETY: as in `new`.
        unsafe { crate::pod::zero_bytes_box() }
    }

    /// Takes the next frame in. Returns the answer that it completes, if it completes one. Allocates nothing.
    #[inline]
    pub fn push(&mut self, network: &N, frame: &N::Frame) -> Option<N::Answer> {
        network.push_frame(frame, &mut self.memory)
    }

    /// Starts a new stream.
    pub fn reset(&mut self) {
        // Nothing else is read before it is written.
        self.memory = zeroed::<N::Memory>();
    }
}

impl<L: QuantizedStream, A: Arithmetic> Streaming<QuantizedNetwork<L, A>> {
    /// [`push`](Self::push), from integers to integers.
    #[inline]
    pub fn push_integers(&mut self, network: &QuantizedNetwork<L, A>, frame: &L::Frame) -> Option<L::Answer> {
        let mut answer = zeroed::<L::Answer>();
        let (frames, scratch) = &mut self.memory;
        network.layers.push(frame, &mut answer, frames, scratch).then_some(answer)
    }
}

impl<N: OnStream> Default for Streaming<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: OnStream> fmt::Debug for Streaming<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Streaming of {} bytes", size_of::<Self>())
    }
}

/// A network that takes a stream: one declared with `#[streaming]`, its folded or its int8 form.
pub trait OnStream {
    /// One position of the input: `[f32; C]`.
    type Frame: Sample;
    /// One position of the output, or the whole output if it has no positions.
    type Answer: Sample;
    /// The last frames of each layer, and scratch.
    type Memory: Pod;

    /// Takes the next frame in. Returns the answer that it completes, if it completes one.
    fn push_frame(&self, frame: &Self::Frame, memory: &mut Self::Memory) -> Option<Self::Answer>;
}

operation! {
    /// The next frame, with the best instruction set.
    struct Push<'a, N: Stream;> {
        network: &'a N,
        frame: &'a N::Frame,
        answer: &'a mut N::Answer,
        memory: &'a mut (N::Memory, N::Scratch),
    }
    fn run(self, simd: V) -> bool {
        let (frames, scratch) = self.memory;
        self.network.push(simd, self.frame, self.answer, frames, scratch)
    }
}

impl<N: Stream> OnStream for N {
    type Frame = N::Frame;
    type Answer = N::Answer;
    type Memory = (N::Memory, N::Scratch);

    #[inline]
    fn push_frame(&self, frame: &N::Frame, memory: &mut Self::Memory) -> Option<N::Answer> {
        let mut answer = zeroed::<N::Answer>();
        dispatch(Push { network: self, frame, answer: &mut answer, memory }).then_some(answer)
    }
}

impl<L: QuantizedStream, A: Arithmetic> OnStream for QuantizedNetwork<L, A> {
    type Frame = <L::Frame as Sample>::Of<f32>;
    type Answer = <L::Answer as Sample>::Of<f32>;
    type Memory = (L::Memory, L::Scratch);

    #[inline]
    fn push_frame(&self, frame: &Self::Frame, (frames, scratch): &mut Self::Memory) -> Option<Self::Answer> {
        let (integers, mut answer) = (self.input.quantize_all::<L::Frame>(frame), zeroed::<L::Answer>());
        self.layers.push(&integers, &mut answer, frames, scratch).then(|| self.output.dequantize_all(&answer))
    }
}
