//! Products of branches.

use super::branches::{self, Scratch, Tapes, weights_of_branches};
use crate::graph::Node;
use crate::image::Channels;
use crate::kernels::{Simd, copy, multiply_assign, products_per_channel};
use crate::layer::{Gradient, InvalidInput, Layer, Pass, Recorded, largest};
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

weights_of_branches!(Product<F, G>);

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
    type Tape<const B: usize> = Tapes<F, G, B>;
    /// The scratch of one branch at a time; the second one's with its output.
    type Workspace<const B: usize> = Larger<F::Workspace<B>, (G::Workspace<B>, [G::Output; B])>;
    /// The scratch of one branch at a time; the second branch's output gradient, and its input gradient.
    type TrainingWorkspace<const B: usize> = (Scratch<F, G, B>, ([G::Output; B], [F::Input; B]));

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
        tapes: &mut Self::Tape<B>,
        (scratch, _): &mut Self::TrainingWorkspace<B>,
    ) {
        let (ys, zs) = branches::forward_train((&self.first, &self.second), pass, inputs, tapes, scratch);
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
        input_gradients: Option<&mut [F::Input]>,
        (scratch, (dzs, second_dx)): &mut Self::TrainingWorkspace<B>,
    ) {
        let (samples, ((_, ys), (_, zs))) = (recorded.inputs.len(), recorded.tape);
        let dzs = shape::first_mut(dzs, samples);
        let places = const { places::<F::Output, G::Output>() };
        let dys = Sample::flat_mut(output_gradients);
        let (ys, zs) = (shape::first(ys, samples), shape::first(zs, samples));
        products_per_channel(pass.simd, dys, Sample::flat(ys), places, Sample::flat_mut(dzs));
        multiply_assign(pass.simd, Sample::flat(zs), places, dys);
        let Gradient { weights, start } = gradient;
        branches::backward(
            (&self.first, &self.second),
            pass,
            (recorded.inputs, recorded.tape),
            (output_gradients, dzs),
            (Gradient::new(&mut weights.first, start), Gradient::new(&mut weights.second, start)),
            (input_gradients, second_dx),
            scratch,
        );
    }

    fn check_input(input: &F::Input) -> Result<(), InvalidInput> {
        branches::check_input::<F, G>(input)
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.first.initialize(initializer, random);
        self.second.initialize(initializer, random);
    }
}
