//! Products of branches.

use crate::graph::Node;
use crate::image::Channels;
use crate::kernels::{Simd, add_assign, copy, multiply_assign, products_per_channel};
use crate::layer::{Gradient, Layer, Pass, Recorded, largest};
use crate::memory::{Larger, workspace};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::{self, Sample};
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Roles};

/// Two branches on the same input, with their outputs multiplied: `y = f(x) · g(x)`, number by number.
///
/// The second branch ends in the shape of the first one, or in one number for each of its channels, `[C]`, the factor of the
/// whole channel. Anything else is a compile error. `dx = f′ᵀ·(dy · g(x)) + g′ᵀ·(dy · f(x))`, of which the second factor
/// is summed over the channel where `g(x)` has one number for it. Weights and multiply-accumulates are those of the
/// branches.
///
/// Declared as `Product { { … }, { … } }`, of which one branch may be empty and pass its input on. With `Sigmoid` at the end
/// of the second one, it is a gate, of sequences as in Dauphin, Fan, Auli and Grangier, "Language modeling with gated
/// convolutional networks", ICML 2017; and
/// `Product { {}, { GlobalAvgPool, Dense(4), Relu, Dense(16), Sigmoid } }` is the squeeze-and-excitation of Hu, Shen and Sun,
/// "Squeeze-and-excitation networks", CVPR 2018. The weights of the branches are named `first.…` and `second.…`.
///
/// ```
/// use fnn::{Network, layers::{Dense, Product}};
///
/// let first = Dense { weight: [[1.0, 2.0]], bias: [0.0, 0.0] };
/// let second = Dense { weight: [[10.0, 0.0]], bias: [0.0, -1.0] };
/// let block: Product<Dense<1, 2>, Dense<1, 2>> = Product { first, second };
/// assert_eq!(block.forward(&[3.0]), [90.0, -6.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Product<F, G> {
    /// The first branch.
    pub first: F,
    /// The second branch.
    pub second: G,
}

// SAFETY: `repr(C)`, and both fields have the layout of arrays of the same scalar.
unsafe impl<F: Parameters, G: Parameters<Scalar = F::Scalar>> Parameters for Product<F, G> {
    type Scalar = F::Scalar;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("first", F::LAYOUT), Field::new("second", G::LAYOUT)] });

    fn roles(start: usize, visitor: &mut impl Roles) {
        F::roles(start, visitor);
        G::roles(start + F::PARAMETERS, visitor);
    }

    fn absorb(&mut self, gradient: &Self) {
        self.first.absorb(&gradient.first);
        self.second.absorb(&gradient.second);
    }
}

/// How many numbers of the first branch's output a number of the second one's is the factor of.
#[track_caller]
pub(crate) const fn places<F: Channels, G: Sample>() -> usize {
    let each = G::LENGTH == F::CHANNELS && G::SHAPE.rank() == 1;
    assert!(
        G::SHAPE.equals(&F::SHAPE) || each,
        "the second branch of a product has the shape of the first one, or one number for each of its channels"
    );
    if each { F::SPACE } else { 1 }
}

impl<S, F, G> Layer for Product<F, G>
where
    S: Scalar,
    F: Layer<Scalar = S, Input: Sample<Element = S>, Output: Channels<Element = S>>,
    G: Layer<Scalar = S, Input = F::Input, Output: Channels<Element = S>>,
{
    type Input = F::Input;
    type Output = F::Output;
    /// The tapes of both, and their outputs.
    type Tape<const B: usize> = ((F::Tape<B>, [F::Output; B]), (G::Tape<B>, [G::Output; B]));
    /// The scratch of one branch at a time; the second one's with its output.
    type Workspace<const B: usize> = Larger<F::Workspace<B>, (G::Workspace<B>, [G::Output; B])>;
    /// The scratch of one branch at a time; the second branch's output gradient, and its input gradient.
    type TrainingWorkspace<const B: usize> =
        (Larger<F::TrainingWorkspace<B>, G::TrainingWorkspace<B>>, ([G::Output; B], [F::Input; B]));

    const KIND: &'static str = "Product";
    const MACS: u64 = F::MACS + G::MACS;
    const SMALLEST_BATCH: usize = largest(&[F::SMALLEST_BATCH, G::SMALLEST_BATCH]);
    const GRAPH: Node = Node::product::<Self>(const { &[F::GRAPH.named("first"), G::GRAPH.named("second")] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[F::Input],
        outputs: &mut [F::Output],
        scratch: &mut Self::Workspace<B>,
    ) {
        self.first.forward_batch::<V, B>(simd, inputs, outputs, workspace(scratch));
        let (scratch, zs) = workspace::<(G::Workspace<B>, [G::Output; B]), _>(scratch);
        let zs = shape::first_mut(zs, inputs.len());
        self.second.forward_batch(simd, inputs, zs, scratch);
        let places = const { places::<F::Output, G::Output>() };
        multiply_assign(simd, Sample::flat(zs), places, Sample::flat_mut(outputs));
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[F::Input],
        outputs: &mut [F::Output],
        ((first_tape, ys), (second_tape, zs)): &mut Self::Tape<B>,
        (scratch, _): &mut Self::TrainingWorkspace<B>,
    ) {
        let (ys, zs) = (shape::first_mut(ys, inputs.len()), shape::first_mut(zs, inputs.len()));
        self.first.forward_train(pass.inside(0), inputs, ys, first_tape, workspace(scratch));
        self.second.forward_train(pass.inside(1), inputs, zs, second_tape, workspace(scratch));
        copy(ys, outputs);
        let places = const { places::<F::Output, G::Output>() };
        multiply_assign(pass.simd, Sample::flat(zs), places, Sample::flat_mut(outputs));
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [F::Output],
        gradient: Gradient<'_, Self>,
        mut input_gradients: Option<&mut [F::Input]>,
        (scratch, (dzs, second_dx)): &mut Self::TrainingWorkspace<B>,
    ) {
        let (inputs, ((first_tape, ys), (second_tape, zs))) = (recorded.inputs, recorded.tape);
        let samples = inputs.len();
        let (dzs, second_dx) = (shape::first_mut(dzs, samples), shape::first_mut(second_dx, samples));
        let (ys, zs) = (shape::first(ys, samples), shape::first(zs, samples));
        let places = const { places::<F::Output, G::Output>() };
        let dys = Sample::flat_mut(output_gradients);
        products_per_channel(pass.simd, dys, Sample::flat(ys), places, Sample::flat_mut(dzs));
        multiply_assign(pass.simd, Sample::flat(zs), places, dys);
        let first_recorded = Recorded { inputs, outputs: ys, tape: first_tape };
        let second_recorded = Recorded { inputs, outputs: zs, tape: second_tape };
        let (first_pass, second_pass) = (pass.inside(0), pass.inside(1));
        let Gradient { weights, start } = gradient;
        let first_gradient = Gradient::new(&mut weights.first, start);
        let second_gradient = Gradient::new(&mut weights.second, start);
        // One call of each, as in sums.
        let by_inputs = input_gradients.as_deref_mut();
        self.first.backward(
            first_pass,
            first_recorded,
            output_gradients,
            first_gradient,
            by_inputs,
            workspace(scratch),
        );
        let by_inputs = input_gradients.is_some().then_some(&mut *second_dx);
        self.second.backward(second_pass, second_recorded, dzs, second_gradient, by_inputs, workspace(scratch));
        if let Some(dx) = input_gradients {
            add_assign(pass.simd, Sample::flat(second_dx), Sample::flat_mut(dx));
        }
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.first.initialize(initializer, random);
        self.second.initialize(initializer, random);
    }
}
