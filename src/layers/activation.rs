//! Activations: one function for every element.

mod functions;

use core::fmt;
use core::marker::PhantomData;

pub use functions::{
    Elu, Gelu, GeluTanh, HardSigmoid, HardSwish, LeakyRelu, Mish, Relu, Relu6, Selu, Sigmoid, Silu, Softplus, Tanh,
};

use crate::kernels::Simd;
use crate::layer::{Layer, Pass, Recorded};
use crate::parameters::{Name, Parameters, Visitor};
use crate::scalar::Scalar;
use crate::shape::Sample;

/// A differentiable function of one number.
pub trait Function: Copy + Send + Sync + 'static {
    /// Its name in a declaration.
    const KIND: &'static str;

    /// Whether y is a probability and x its logit.
    const PROBABILITIES: bool = false;

    /// y = f(x).
    fn value<S: Scalar>(x: S) -> S;

    /// f′(x), given x and y = f(x).
    fn derivative<S: Scalar>(x: S, y: S) -> S;
}

/// A function whose derivative follows from its value alone, so that x need not be kept: right after a dense layer
/// it works in that layer's memory.
pub trait FromOutput: Function {
    /// f′(x), given y = f(x).
    fn derivative_from_output<S: Scalar>(y: S) -> S;
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
    /// The layer. It holds nothing.
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

// SAFETY: there is nothing.
unsafe impl<F: Function, A: Sample<Element: Scalar>> Parameters for Activation<F, A> {
    type Scalar = A::Element;

    fn visit(&self, _: Name<'_>, _: &mut Visitor<'_, A::Element>) {}
}

impl<S: Scalar, F: FromOutput, A: Sample<Element = S>> Activation<F, A> {
    /// y = f(x), in the place of x.
    #[doc(hidden)]
    #[inline(always)]
    pub fn forward_in_place<V: Simd>(&self, _: V, values: &mut [A]) {
        for value in A::flat_mut(values) {
            *value = F::value(*value);
        }
    }

    /// f′(x)·g, in the place of g.
    #[doc(hidden)]
    #[inline(always)]
    pub fn backward_in_place<V: Simd>(&self, _: V, outputs: &[A], gradients: &mut [A]) {
        for (g, &y) in A::flat_mut(gradients).iter_mut().zip(A::flat(outputs)) {
            *g *= F::derivative_from_output(y);
        }
    }
}

impl<S: Scalar, F: Function, A: Sample<Element = S>> Layer for Activation<F, A> {
    type Input = A;
    type Output = A;
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();

    const KIND: &'static str = F::KIND;
    const MACS: usize = 0;
    const PROBABILITIES: bool = F::PROBABILITIES;

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[A], outputs: &mut [A], (): &mut ()) {
        for (y, &x) in A::flat_mut(outputs).iter_mut().zip(A::flat(inputs)) {
            *y = F::value(x);
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [A],
        _: &mut Self,
        input_gradients: Option<&mut [A]>,
        (): &mut (),
    ) {
        let Some(dx) = input_gradients else { return };
        let recorded = A::flat(recorded.inputs).iter().zip(A::flat(recorded.outputs));
        let gradients = A::flat_mut(dx).iter_mut().zip(A::flat(output_gradients));
        for ((dx, &g), (&x, &y)) in gradients.zip(recorded) {
            *dx = F::derivative(x, y) * g;
        }
    }
}
