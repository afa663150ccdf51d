//! Slices of channels.

use core::marker::PhantomData;

use crate::graph::{Attribute, Node};
use crate::image::Channels;
use crate::kernels::{Simd, copy};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;

/// Some of a sample's channels: `y[c] = x[START + c]`.
///
/// `A` is the input and `O` the output, whose shapes differ in the number of channels only, which is their outermost
/// size; for a vector, these are its elements. Backward, dx is g there, and 0 elsewhere. No weights, no
/// multiply-accumulates.
///
/// Declared as `Slice(start, end)`, the channels from `start` up to, but not including, `end`. At the beginning of the
/// branches of a [`Concat`](super::Concat) or a [`Sum`](super::Sum), slices give each of them a part of the input.
///
/// ```
/// use fnn::{Network, layers::Slice};
///
/// let slice = Slice::<[f32; 4], [f32; 2], 1>::new();
/// assert_eq!(slice.forward(&[1.0, 2.0, 3.0, 4.0]), [2.0, 3.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Slice<A, O, const START: usize>(PhantomData<(A, O)>);

without_weights!([A: Channels, O: Channels<Element = A::Element>, const START: usize] Slice<A, O, START>, A::Element);

impl<A: Channels, O: Channels<Element = A::Element>, const START: usize> Slice<A, O, START> {
    /// The number of elements before the slice.
    const BEFORE: usize = {
        let (input, output) = (A::SHAPE, O::SHAPE);
        assert!(input.rank() == output.rank(), "a slice differs from its input in the channels only");
        let mut axis = 1;
        while axis < input.rank() {
            assert!(input.size(axis) == output.size(axis), "a slice differs from its input in the channels only");
            axis += 1;
        }
        assert!(START <= A::CHANNELS && O::CHANNELS <= A::CHANNELS - START, "a slice lies within its input");
        START * A::SPACE
    };

    /// The slice of a sample with these elements.
    #[inline(always)]
    pub(crate) fn part<E>(input: &[E]) -> &[E] {
        input.get(Self::BEFORE..Self::BEFORE + O::LENGTH).unwrap_or_default()
    }
}

impl<S: Scalar, A: Channels<Element = S>, O: Channels<Element = S>, const START: usize> Layer for Slice<A, O, START> {
    type Input = A;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Slice";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(
        const { &[Attribute::count("start", START), Attribute::count("end", START + O::CHANNELS)] },
    );

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [O], (): &mut ()) {
        for (x, y) in inputs.iter().zip(outputs) {
            copy(Self::part(x.elements()), y.elements_mut());
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [O],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        for (dx, g) in dx.iter_mut().zip(output_gradients.iter()) {
            let dx = dx.elements_mut();
            dx.fill(S::ZERO);
            let part = dx.get_mut(Self::BEFORE..Self::BEFORE + O::LENGTH).unwrap_or_default();
            copy(g.elements(), part);
        }
    }
}
