//! The same numbers in another shape.

use core::marker::PhantomData;

use crate::graph::Node;
use crate::kernels::{Simd, copy};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::{Sample, reshape, reshape_mut};

/// The elements of `I` as an `O`, which has the same number of them: `[S; 784]` becomes `[[[S; 28]; 28]; 1]`.
///
/// The order in memory stays as it is, so in a network it costs nothing: the next layer sees the same memory under
/// another type. No weights, no multiply-accumulates; `dx = g`. Declared as `Reshape(1, 28, 28)`.
///
/// ```
/// use fnn::{Network, layers::Reshape};
///
/// let reshape = Reshape::<[f32; 4], [[f32; 2]; 2]>::new();
/// assert_eq!(reshape.forward(&[1.0, 2.0, 3.0, 4.0]), [[1.0, 2.0], [3.0, 4.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Reshape<I, O>(PhantomData<(I, O)>);

without_weights!([I: Sample<Element: Scalar>, O: Sample<Element = I::Element>] Reshape<I, O>, I::Element);

impl<S: Scalar, I: Sample<Element = S>, O: Sample<Element = S>> Reshape<I, O> {
    /// A batch as its other type.
    #[doc(hidden)]
    #[inline(always)]
    pub fn view<'a>(&self, batch: &'a [I]) -> &'a [O] {
        reshape(batch)
    }

    /// [`view`](Self::view), mutable.
    #[doc(hidden)]
    #[inline(always)]
    pub fn view_mut<'a>(&self, batch: &'a mut [I]) -> &'a mut [O] {
        reshape_mut(batch)
    }
}

impl<S: Scalar, I: Sample<Element = S>, O: Sample<Element = S>> Layer for Reshape<I, O> {
    type Input = I;
    type Output = O;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = if I::SHAPE.equals(&O::SHAPE) { "Identity" } else { "Reshape" };
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[I], outputs: &mut [O], (): &mut ()) {
        copy(self.view(inputs), outputs);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [O],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [I]>,
        (): &mut (),
    ) {
        if let Some(dx) = input_gradients {
            copy(output_gradients, self.view_mut(dx));
        }
    }
}
