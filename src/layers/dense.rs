//! Dense (fully connected) layers.

use core::fmt::Debug;
use core::marker::PhantomData;

use crate::descent::{Descend, Descent, Room, descend};
use crate::graph::{Attribute, Node};
use crate::image::Channels;
use crate::kernels::{
    self, Constant, SMALL, Simd, Update, add_rows, input_gradient, lanes, matmul, matmul_rows, weight_gradient,
};
use crate::layer::{Deferral, Deferred, Factors, Gradient, Layer, Part, Pass, Recorded};
use crate::optimizers::Optimizer;
use crate::random::Random;
use crate::rows::Rows;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Role, Roles, weight_and_vector};

/// A dense layer: every output is a weighted sum of all inputs, plus a bias.
///
/// `y = x·W + b`, with `x: [I]`, `W: [I][O]`, `b: [O]`, `y: [O]`. Backward, with `g` the loss's gradient with respect
/// to `y`: `dW = xᵀ·g`, `db = g` (both summed over the batch), `dx = g·Wᵀ`.
///
/// Declared as `Dense(O)` or `Dense(O, bias = false)`. `I·O` multiply-accumulates, `I·O + O` weights.
/// Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323, 1986.
///
/// ```
/// use fnn::{Network, layers::Dense};
///
/// let dense = Dense::<2, 1> { weight: [[2.0], [3.0]], bias: [1.0] };
/// assert_eq!(dense.forward(&[10.0, 100.0]), [321.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Dense<const I: usize, const O: usize, S: Scalar = f32, B: Bias<[S; O]> = [S; O]> {
    /// `weight[i][o]` is the weight of input `i` in output `o`.
    pub weight: [[S; O]; I],
    /// The bias of each output.
    pub bias: B,
}

/// The bias of a layer of O outputs or channels: `Each`, which is `[S; O]`, or [`NoBias`].
///
/// The trait is sealed: a bias of another length is a compile error.
///
/// ```compile_fail,E0277
/// use fnn::layers::Dense;
///
/// let _ = Dense::<2, 3, f32, [f32; 1]> { weight: [[1.0; 3]; 2], bias: [0.0] };
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the bias of a layer with outputs `{Each}`",
    label = "expected `{Each}` or `NoBias`"
)]
pub trait Bias<Each: Channels>:
    Parameters<Scalar = Each::Element> + Clone + Debug + PartialEq + sealed::Sealed<Each>
{
}

impl<S: Scalar, const O: usize> sealed::Sealed<[S; O]> for [S; O] {}
impl<S: Scalar, const O: usize> Bias<[S; O]> for [S; O] {}

/// No bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoBias<S>(PhantomData<S>);

impl<S: Scalar, const O: usize> sealed::Sealed<[S; O]> for NoBias<S> {}
impl<S: Scalar, const O: usize> Bias<[S; O]> for NoBias<S> {}

// SAFETY: the type is empty.
unsafe impl<S: Scalar> Parameters for NoBias<S> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::NOTHING;
}

// SAFETY: `repr(C)`, and both fields are arrays of scalars.
unsafe impl<const I: usize, const O: usize, S: Scalar, B: Bias<[S; O]>> Parameters for Dense<I, O, S, B> {
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(
        const { &[Field::new("weight", Layout::Transposed(<[[S; O]; I]>::SHAPE)), Field::new("bias", B::LAYOUT)] },
    );

    fn roles(start: usize, visitor: &mut impl Roles) {
        weight_and_vector::<[[S; O]; I], B>(start, visitor);
    }
}

impl<const I: usize, const O: usize, S: Scalar, B: Bias<[S; O]>> Dense<I, O, S, B> {
    /// Whether its gradient is computed over all samples of a mini-batch at once. A small one stays in the first-level
    /// cache.
    const DEFERS: bool = I.saturating_mul(O) > SMALL;
    /// Constants for the kernels.
    const SIZES: (Constant<I>, Constant<O>) = (Constant, Constant);
}

impl<const I: usize, const O: usize, S: Scalar, B: Bias<[S; O]>> Layer for Dense<I, O, S, B> {
    type Input = [S; I];
    type Output = [S; O];
    type Tape<const N: usize> = ();
    type Workspace<const N: usize> = ();
    type TrainingWorkspace<const N: usize> = Self::Workspace<N>;

    const KIND: &'static str = "Dense";
    const MACS: u64 = I as u64 * O as u64;
    const GRAPH: Node = Node::layer::<Self>(
        const { &[Attribute::count("units", O), Attribute::switch("bias", B::LAYOUT.length() > 0)] },
    );

    // ANCHOR: passes
    #[inline(always)]
    fn forward_batch<V: Simd, const N: usize>(&self, simd: V, inputs: &[[S; I]], outputs: &mut [[S; O]], (): &mut ()) {
        let (weight, bias) = (Sample::flat(&self.weight), self.bias.parameters());
        matmul(simd, Self::SIZES, Sample::flat(inputs), weight, Sample::flat_mut(outputs), bias);
    }

    #[inline(always)]
    fn backward<V: Simd, const N: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, N>,
        output_gradients: &mut [[S; O]],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; I]]>,
        (): &mut (),
    ) {
        let (x, g) = (Sample::flat(recorded.inputs), Sample::flat(output_gradients));
        let Gradient { weights: gradient, start } = gradient;
        weight_gradient(pass.simd, Self::SIZES, x, g, Sample::flat_mut(&mut gradient.weight), start);
        add_rows(pass.simd, g, Gradient::new(&mut gradient.bias, start).accumulator().parameters_mut());
        if let Some(dx) = input_gradients {
            input_gradient(pass.simd, Self::SIZES, g, Sample::flat(&self.weight), Sample::flat_mut(dx));
        }
    }
    // ANCHOR_END: passes

    /// With one output, the samples are the rows of the other operand.
    const READS_ROWS: bool = Self::DEFERS && O > 1;

    #[inline(always)]
    fn forward_rows<V: Simd, const N: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: Rows<'_, [S; I]>,
        outputs: &mut [[S; O]],
        (): &mut (),
        (): &mut (),
    ) {
        if Self::READS_ROWS {
            let (weight, bias) = (Sample::flat(&self.weight), self.bias.parameters());
            matmul_rows(pass.simd, Self::SIZES, inputs.flat(), weight, Sample::flat_mut(outputs), bias);
        } else {
            let inputs = inputs.samples().unwrap_or_default();
            self.forward_train::<V, N>(pass, inputs, outputs, &mut (), &mut ());
        }
    }

    const ACCUMULATED: usize = if Self::DEFERS { 0 } else { Self::PARAMETERS };

    #[inline(always)]
    fn backward_deferring<V: Simd, const N: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, N>,
        output_gradients: &mut [[S; O]],
        deferral: Deferral<'_, S>,
        input_gradients: Option<&mut [[S; I]]>,
        (): &mut (),
    ) {
        if !Self::DEFERS {
            if let Some(gradient) = deferral.gradient() {
                self.backward(pass, recorded, output_gradients, gradient, input_gradients, &mut ());
            }
        } else if let Some(dx) = input_gradients {
            let (g, weight) = (Sample::flat(output_gradients), Sample::flat(&self.weight));
            input_gradient(pass.simd, Self::SIZES, g, weight, Sample::flat_mut(dx));
        }
    }

    fn parts(start: usize, visitor: &mut impl FnMut(Part)) {
        visitor(if Self::DEFERS {
            Part::Deferred(Deferred { start, inputs: I, outputs: O, bias: B::PARAMETERS > 0 })
        } else {
            Part::Accumulated(start..start + Self::PARAMETERS)
        });
    }

    fn deferred<'a, const N: usize>(
        &self,
        inputs: Rows<'a, [S; I]>,
        _: Recorded<'a, Self, N>,
        output_gradients: &'a [[S; O]],
        _: &'a [S],
        _: usize,
    ) -> Option<Factors<'a, S>> {
        let (inputs, numbers) = inputs.flat();
        let factors = Factors { inputs, numbers, output_gradients: Sample::flat(output_gradients) };
        Self::DEFERS.then_some(factors)
    }

    /// Draws the weights; biases start at 0.
    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        initializer.fill(Sample::flat_mut(&mut self.weight), I, O, random);
    }
}

impl<const I: usize, const O: usize, S: Scalar, B: Bias<[S; O]>> Descend for Dense<I, O, S, B> {
    /// For one sample and without vectors, this passes over the weights once, and never stores their gradient.
    #[inline(always)]
    fn descend<V: Simd, Z: Optimizer<SLOTS>, M: Room, const SLOTS: usize, const N: usize>(
        &mut self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, N>,
        output_gradients: &mut [[S; O]],
        (descent, mut slots): (Descent<'_, Z, S, M>, [&mut Self; SLOTS]),
        input_gradients: Option<&mut [[S; I]]>,
        (): &mut (),
    ) {
        match (recorded.inputs, &*output_gradients) {
            ([x], [g]) if const { lanes::<V, S>() == 1 } && descent.term.is_mean() => {
                let (weight, dx) = (Sample::flat_mut(&mut self.weight), input_gradients.map(Sample::flat_mut));
                let of_weight = slots.each_mut().map(|slot| Sample::flat_mut(&mut slot.weight));
                kernels::descend(pass.simd, x, g, (weight, of_weight), dx, descent.mover(pass.simd, Role::Weight));
                let of_bias = slots.map(|slot| slot.bias.parameters_mut());
                descent.mover(pass.simd, Role::Vector).update(self.bias.parameters_mut(), g, of_bias);
            }
            _ => descend(self, pass, recorded, output_gradients, (descent, slots), input_gradients, &mut ()),
        }
    }
}

mod sealed {
    pub trait Sealed<Each> {}
}
