//! Branches side by side.

use core::marker::PhantomData;

use super::branches::{self, Scratch, Tapes, weights_of_branches};
use crate::graph::Node;
use crate::image::Channels;
use crate::kernels::{Simd, copy};
use crate::layer::{Gradient, InvalidInput, Layer, OutputKind, Pass, Recorded, largest};
use crate::memory::{Larger, workspace};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::{self, Sample};
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Roles};

/// Two branches on the same input, with their channels one after the other: `[y, z] = [f(x), g(x)]`.
///
/// The outputs may differ in the number of channels only, which is their outermost size; `O` has the channels of
/// both. Weights and multiply-accumulates are those of the branches. Backward, each branch gets its part of the
/// gradient, and their input gradients are added.
///
/// Declared as `Concat { { … }, { … } }`, with two or more branches; the later ones form a `Concat` of their own. The
/// weights of the first are named `first.…`, those of the next `second.first.…`, and so on. Szegedy and others, "Going
/// deeper with convolutions", CVPR 2015; Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional
/// networks", CVPR 2017.
///
/// ```
/// use fnn::{Network, layers::{Concat, Dense}};
///
/// let (first, second) = (Dense { weight: [[2.0]], bias: [0.0] }, Dense { weight: [[0.0, -1.0]], bias: [7.0, 0.0] });
/// let concat: Concat<Dense<1, 1>, Dense<1, 2>, [f32; 3]> = Concat::new(first, second);
/// assert_eq!(concat.forward(&[5.0]), [10.0, 7.0, -5.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Concat<F, G, O> {
    /// The branch whose channels come first.
    pub first: F,
    /// The branch whose channels come second.
    pub second: G,
    output: PhantomData<O>,
}

impl<F, G, O> Concat<F, G, O> {
    /// Joins two branches.
    #[must_use]
    pub const fn new(first: F, second: G) -> Self {
        Self { first, second, output: PhantomData }
    }
}

weights_of_branches!(Concat<F, G, O>);

impl<S, F, G, O> Concat<F, G, O>
where
    S: Scalar,
    F: Layer<Scalar = S, Output: Channels<Element = S>>,
    G: Layer<Scalar = S, Output: Channels<Element = S>>,
    O: Channels<Element = S>,
{
    const FITS: () = {
        let (first, second, both) = (F::Output::SHAPE, G::Output::SHAPE, O::SHAPE);
        assert!(
            first.rank() == second.rank() && first.rank() == both.rank(),
            "branches may differ in their channels only"
        );
        assert!(first.size(0) + second.size(0) == both.size(0), "the output has the channels of both branches");
        let mut axis = 1;
        while axis < both.rank() {
            assert!(
                first.size(axis) == both.size(axis) && second.size(axis) == both.size(axis),
                "branches may differ in their channels only"
            );
            axis += 1;
        }
    };

    /// Copies both branches' outputs into one.
    #[inline(always)]
    pub(crate) fn join(ys: &[F::Output], zs: &[G::Output], outputs: &mut [O]) {
        Self::write_first(ys, outputs);
        Self::write_second(zs, outputs);
    }

    /// Copies the first branch's outputs to their places.
    #[inline(always)]
    fn write_first(ys: &[F::Output], outputs: &mut [O]) {
        const { Self::FITS }
        for (y, output) in ys.iter().zip(outputs) {
            copy(y.elements(), Self::parts(output).0);
        }
    }

    /// Copies the second branch's outputs to their places.
    #[inline(always)]
    fn write_second(zs: &[G::Output], outputs: &mut [O]) {
        const { Self::FITS }
        for (z, output) in zs.iter().zip(outputs) {
            copy(z.elements(), Self::parts(output).1);
        }
    }

    /// The first branch's part of an output, and the second's.
    #[inline(always)]
    fn parts(output: &mut O) -> (&mut [S], &mut [S]) {
        let all = output.elements_mut();
        all.split_at_mut(F::Output::LENGTH.min(O::LENGTH))
    }
}

impl<S, F, G, O> Layer for Concat<F, G, O>
where
    S: Scalar,
    F: Layer<Scalar = S, Output: Channels<Element = S>, Input: Sample<Element = S>>,
    G: Layer<Scalar = S, Output: Channels<Element = S>, Input = F::Input>,
    O: Channels<Element = S>,
{
    type Input = F::Input;
    type Output = O;
    /// The branches' tapes and outputs.
    type Tape<const B: usize> = Tapes<F, G, B>;
    /// The scratch and the output of one branch at a time.
    type Workspace<const B: usize> = Larger<(F::Workspace<B>, [F::Output; B]), (G::Workspace<B>, [G::Output; B])>;
    /// The scratch of one branch at a time; their output gradients; and the second branch's input gradient.
    type TrainingWorkspace<const B: usize> = (Scratch<F, G, B>, ([F::Output; B], ([G::Output; B], [F::Input; B])));

    const KIND: &'static str = "Concat";
    const MACS: u64 = F::MACS + G::MACS;
    const SMALLEST_BATCH: usize = largest(&[F::SMALLEST_BATCH, G::SMALLEST_BATCH]);
    const OUTPUTS: OutputKind = F::OUTPUTS.joined(G::OUTPUTS);
    const GRAPH: Node = Node::concat::<Self>(const { &[F::GRAPH.named("first"), G::GRAPH.named("second")] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[F::Input],
        outputs: &mut [O],
        scratch: &mut Self::Workspace<B>,
    ) {
        let (first_scratch, ys) = workspace::<(F::Workspace<B>, [F::Output; B]), _>(scratch);
        let ys = shape::first_mut(ys, inputs.len());
        self.first.forward_batch(simd, inputs, ys, first_scratch);
        Self::write_first(ys, outputs);
        let (second_scratch, zs) = workspace::<(G::Workspace<B>, [G::Output; B]), _>(scratch);
        let zs = shape::first_mut(zs, inputs.len());
        self.second.forward_batch(simd, inputs, zs, second_scratch);
        Self::write_second(zs, outputs);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[F::Input],
        outputs: &mut [O],
        tapes: &mut Self::Tape<B>,
        (scratch, _): &mut Self::TrainingWorkspace<B>,
    ) {
        let (ys, zs) = branches::forward_train((&self.first, &self.second), pass, inputs, tapes, scratch);
        Self::join(ys, zs, outputs);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [O],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [F::Input]>,
        (scratch, (dys, (dzs, second_dx))): &mut Self::TrainingWorkspace<B>,
    ) {
        let samples = recorded.inputs.len();
        let (dys, dzs) = (shape::first_mut(dys, samples), shape::first_mut(dzs, samples));
        for ((dy, dz), output_gradient) in dys.iter_mut().zip(dzs.iter_mut()).zip(output_gradients) {
            let (y_part, z_part) = Self::parts(output_gradient);
            copy(y_part, dy.elements_mut());
            copy(z_part, dz.elements_mut());
        }
        let Gradient { weights, start } = gradient;
        branches::backward(
            (&self.first, &self.second),
            pass,
            (recorded.inputs, recorded.tape),
            (dys, dzs),
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
