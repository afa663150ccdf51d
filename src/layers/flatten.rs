//! Images and sequences as flat vectors.

use core::marker::PhantomData;

use crate::graph::Node;
use crate::kernels::{Simd, copy};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::scalar::Scalar;
use crate::shape::{Sample, reshape, reshape_mut};
use crate::weights::layout::Layout;
use crate::weights::parameters::Parameters;

/// The elements of `A` as a vector: `[[[S; columns]; rows]; channels]` becomes `[S; channels · rows · columns]`.
///
/// The order in memory stays as it is, so in a network it costs nothing: the next layer sees the same memory under
/// another type. No weights, no multiply-accumulates; `dx = g`. Declared as `Flatten`.
///
/// ```
/// use fnn::{Network, Parameters, layers::Flatten};
///
/// let flatten = Flatten::<[[f32; 2]; 2], 4>::zeroed();
/// assert_eq!(flatten.forward(&[[1.0, 2.0], [3.0, 4.0]]), [1.0, 2.0, 3.0, 4.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Flatten<A, const N: usize>(PhantomData<A>);

// SAFETY: the type is empty.
unsafe impl<A: Sample<Element: Scalar>, const N: usize> Parameters for Flatten<A, N> {
    type Scalar = A::Element;

    const LAYOUT: Layout = Layout::NOTHING;
}

impl<S: Scalar, A: Sample<Element = S>, const N: usize> Flatten<A, N> {
    /// A batch as its flat type.
    #[doc(hidden)]
    #[inline(always)]
    pub fn view<'a>(&self, batch: &'a [A]) -> &'a [[S; N]] {
        reshape(batch)
    }

    /// [`view`](Self::view), mutable.
    #[doc(hidden)]
    #[inline(always)]
    pub fn view_mut<'a>(&self, batch: &'a mut [A]) -> &'a mut [[S; N]] {
        reshape_mut(batch)
    }
}

impl<S: Scalar, A: Sample<Element = S>, const N: usize> Layer for Flatten<A, N> {
    type Input = A;
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Flatten";
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = OutputKind::AsInput;
    const GRAPH: Node = Node::layer::<Self>(&[]);

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [[S; N]], (): &mut ()) {
        copy(self.view(inputs), outputs);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; N]],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        if let Some(dx) = input_gradients {
            copy(output_gradients, self.view_mut(dx));
        }
    }
}
