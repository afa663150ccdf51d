//! Activations: one function applied to every element.

mod from_input;
mod from_output;

use core::fmt;
use core::marker::PhantomData;

pub use from_input::{Gelu, GeluTanh, HardSwish, Mish, Silu, Threshold};
pub use from_output::{
    Clip, Elu, HardShrink, HardSigmoid, LeakyRelu, Relu, Relu6, Selu, Sigmoid, SoftShrink, Softplus, Softsign, Tanh,
};

use crate::channels_last::Formats;
use crate::chunks::Chunks;
use crate::graph::{Attribute, Node};
use crate::kernels::{Simd, lanes, read, write};
use crate::layer::{Gradient, Layer, OutputKind, Pass, Recorded};
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::layout::Layout;
use crate::weights::parameters::Parameters;

/// A differentiable function of one number, written for a vector of numbers as well. Mark its methods
/// `#[inline(always)]`: only what is inlined is compiled for the vectors' instruction set.
pub trait Function: Copy + Send + Sync + 'static {
    /// The name in a declaration.
    const KIND: &'static str;

    /// The attributes in a network's [`graph`](crate::Network::graph). A function of your own has none there, and is
    /// opaque.
    const ATTRIBUTES: Option<&'static [Attribute]> = None;

    /// Whether y is a probability, from 0 to 1.
    const PROBABILITIES: bool = false;

    /// Whether it is `max(0, x)`, which kernels apply to sums before they store them.
    #[doc(hidden)]
    const IS_RELU: bool = false;

    /// y = f(x).
    fn value<R: Real>(x: R) -> R;

    /// f′(x), given x and y = f(x).
    fn derivative<R: Real>(x: R, y: R) -> R;
}

/// A function whose derivative follows from its value alone, so that x needn't be kept: right after a dense layer,
/// it works in place, in that layer's memory.
pub trait FromOutput: Function {
    /// f′(x), given y = f(x).
    fn derivative_from_output<R: Real>(y: R) -> R;
}

/// The layer that applies the function `F` to every element of a sample `A`.
///
/// `y = f(x)` and `dx = f′(x)·g`, element by element. No weights, no multiply-accumulates. Declared by the name of
/// the function: `Relu`, `LeakyRelu(0.01)`.
///
/// ```
/// use fnn::{Network, layers::{Activation, activation::Relu}};
///
/// let relu = Activation::<Relu, [f32; 3]>::new();
/// assert_eq!(relu.forward(&[-1.0, 0.0, 2.0]), [0.0, 0.0, 2.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Activation<F, A>(PhantomData<(F, A)>);

impl<F: Function, A> Activation<F, A> {
    /// Creates the layer, which has no weights.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<F: Function, A> Default for Activation<F, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Function, A> fmt::Debug for Activation<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(F::KIND)
    }
}

// SAFETY: the type is empty.
unsafe impl<F: Function, A: Sample<Element: Scalar>> Parameters for Activation<F, A> {
    type Scalar = A::Element;

    const LAYOUT: Layout = Layout::NOTHING;
}

impl<S: Scalar, F: FromOutput, A: Sample<Element = S>> Activation<F, A> {
    /// y = f(x), overwriting x.
    #[doc(hidden)]
    #[inline(always)]
    pub fn forward_in_place<V: Simd>(&self, simd: V, values: &mut [A]) {
        for values in A::flat_mut(values).parts_mut(lanes::<V, S>()) {
            write(simd, F::value(read(simd, values)), values);
        }
    }

    /// f′(x)·g, overwriting g: for all outputs, or for some of them, of any shape.
    #[doc(hidden)]
    #[inline(always)]
    pub fn backward_in_place<V: Simd, B: Sample<Element = S>>(&self, simd: V, outputs: &[B], gradients: &mut [B]) {
        let lanes = lanes::<V, S>();
        for (g, y) in B::flat_mut(gradients).parts_mut(lanes).zip(B::flat(outputs).parts(lanes)) {
            write(simd, F::derivative_from_output(read(simd, y)) * read(simd, g), g);
        }
    }
}

impl<S: Scalar, F: Function, A: Sample<Element = S>> Layer for Activation<F, A> {
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = F::KIND;
    const MACS: u64 = 0;
    const OUTPUTS: OutputKind = if F::PROBABILITIES { OutputKind::Probabilities } else { OutputKind::Values };
    const GRAPH: Node = match F::ATTRIBUTES {
        Some(attributes) => Node::layer::<Self>(attributes),
        None => Node::opaque::<Self>(),
    };

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        let lanes = lanes::<V, S>();
        for (y, x) in A::flat_mut(outputs).parts_mut(lanes).zip(A::flat(inputs).parts(lanes)) {
            write(simd, F::value(read(simd, x)), y);
        }
    }

    const FORMATS: Formats = Formats::SAME;

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        Pass { simd, .. }: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        _: Gradient<'_, Self>,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let lanes = lanes::<V, S>();
        let recorded = A::flat(recorded.inputs).parts(lanes).zip(A::flat(recorded.outputs).parts(lanes));
        let gradients = A::flat_mut(dx).parts_mut(lanes).zip(A::flat(output_gradients).parts(lanes));
        for ((dx, g), (x, y)) in gradients.zip(recorded) {
            write(simd, F::derivative(read(simd, x), read(simd, y)) * read(simd, g), dx);
        }
    }
}
