//! Sums of branches.

use super::branches::{self, Scratch, Tapes, weights_of_branches};
use crate::graph::Node;
use crate::kernels::channels::{Activate, Identity};
use crate::kernels::{Simd, add_activated, add_activated_in_place, differentiate_to_both};
use crate::layer::{Gradient, InvalidInput, Layer, Pass, Recorded, largest};
use crate::layers::activated::Adds;
use crate::memory::{Larger, workspace};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::{self, Sample};
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Roles};

/// Two branches on the same input, with their outputs added: `y = f(x) + g(x)`.
///
/// Both must end in the same shape, or it is a compile error. `dx = f′ᵀ·dy + g′ᵀ·dy`. Weights and multiply-accumulates
/// are those of the branches.
///
/// Declared as `Sum { { … }, { … } }`, with two or more branches, of which one may be empty and pass its input on; or,
/// with two, as `Residual { { … }, { … } }`, a [`Residual`](super::Residual) whose shortcut, the second branch, changes
/// the shape or is learned. The weights of the first branch are named `first.…`, those of the second `second.…`; if
/// there are more than two, the later ones form a `Sum` of their own, `second.first.…` and so on. He, Zhang, Ren and
/// Sun, "Deep residual learning for image recognition", CVPR 2016.
///
/// ```
/// use fnn::{Network, layers::{Dense, Sum}};
///
/// let first = Dense { weight: [[1.0, 2.0]], bias: [0.0, 0.0] };
/// let second = Dense { weight: [[10.0, -10.0]], bias: [0.0, 0.0] };
/// let block: Sum<Dense<1, 2>, Dense<1, 2>> = Sum { first, second };
/// assert_eq!(block.forward(&[3.0]), [33.0, -24.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Sum<F, G> {
    /// The first branch.
    pub first: F,
    /// The second branch.
    pub second: G,
}

weights_of_branches!(Sum<F, G>);

impl<S, F, G> Adds for Sum<F, G>
where
    S: Scalar,
    F: Layer<Scalar = S, Input: Sample<Element = S>>,
    G: Layer<Scalar = S, Input = F::Input, Output = F::Output>,
{
    #[inline(always)]
    fn infer<V: Simd, const B: usize>(
        &self,
        simd: V,
        activation: impl Activate,
        (inputs, outputs): (&[F::Input], &mut [F::Output]),
        scratch: &mut Self::Workspace<B>,
    ) {
        self.first.forward_batch::<V, B>(simd, inputs, outputs, workspace(scratch));
        let (scratch, zs) = workspace::<(G::Workspace<B>, [F::Output; B]), _>(scratch);
        let zs = shape::first_mut(zs, inputs.len());
        self.second.forward_batch(simd, inputs, zs, scratch);
        add_activated_in_place(simd, activation, Sample::flat(zs), Sample::flat_mut(outputs));
    }

    #[inline(always)]
    fn train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        activation: impl Activate,
        (inputs, outputs): (&[F::Input], &mut [F::Output]),
        ((first_tape, ys), (second_tape, zs)): &mut Self::Tape<B>,
        (scratch, (spare, _)): &mut Self::TrainingWorkspace<B>,
    ) {
        // What no backward pass reads stays in memory that is used again.
        let zs = shape::first_mut(if const { G::READS_OUTPUTS } { zs } else { spare }, inputs.len());
        let ys = shape::first_mut(ys, inputs.len());
        let first = if const { F::READS_OUTPUTS } { &mut *ys } else { &mut *outputs };
        let (layers, tapes) = ((&self.first, &self.second), (first_tape, second_tape));
        branches::forward_train_to(layers, pass, inputs, (first, &mut *zs), tapes, scratch);
        if const { F::READS_OUTPUTS } {
            add_activated(pass.simd, activation, (Sample::flat(ys), Sample::flat(zs)), Sample::flat_mut(outputs));
        } else {
            add_activated_in_place(pass.simd, activation, Sample::flat(zs), Sample::flat_mut(outputs));
        }
    }

    #[inline(always)]
    fn differentiate<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        activation: impl Activate,
        recorded: Recorded<'_, Self, B>,
        (output_gradients, input_gradients): (&mut [F::Output], Option<&mut [F::Input]>),
        gradient: Gradient<'_, Self>,
        (scratch, (dzs, second_dx)): &mut Self::TrainingWorkspace<B>,
    ) {
        let dzs = shape::first_mut(dzs, recorded.inputs.len());
        let (y, g) = (Sample::flat(recorded.outputs), Sample::flat_mut(output_gradients));
        differentiate_to_both(pass.simd, activation, y, g, Sample::flat_mut(dzs));
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
}

impl<S, F, G> Layer for Sum<F, G>
where
    S: Scalar,
    F: Layer<Scalar = S, Input: Sample<Element = S>>,
    G: Layer<Scalar = S, Input = F::Input, Output = F::Output>,
{
    type Input = F::Input;
    type Output = F::Output;
    /// The tapes of both, and their outputs, which the sum doesn't keep.
    type Tape<const B: usize> = Tapes<F, G, B>;
    /// The scratch of one branch at a time; the second one's with its output.
    type Workspace<const B: usize> = Larger<F::Workspace<B>, (G::Workspace<B>, [F::Output; B])>;
    /// The scratch of one branch at a time; the second branch's output gradient, and its input gradient.
    type TrainingWorkspace<const B: usize> = (Scratch<F, G, B>, ([F::Output; B], [F::Input; B]));

    const KIND: &'static str = "Sum";
    const MACS: u64 = F::MACS + G::MACS;
    const SMALLEST_BATCH: usize = largest(&[F::SMALLEST_BATCH, G::SMALLEST_BATCH]);
    const GRAPH: Node = Node::sum::<Self>(const { &[F::GRAPH.named("first"), G::GRAPH.named("second")] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[F::Input],
        outputs: &mut [F::Output],
        scratch: &mut Self::Workspace<B>,
    ) {
        self.infer(simd, Identity, (inputs, outputs), scratch);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[F::Input],
        outputs: &mut [F::Output],
        tapes: &mut Self::Tape<B>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        self.train(pass, Identity, (inputs, outputs), tapes, workspace);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [F::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [F::Input]>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        self.differentiate(pass, Identity, recorded, (output_gradients, input_gradients), gradient, workspace);
    }

    fn check_input(input: &F::Input) -> Result<(), InvalidInput> {
        branches::check_input::<F, G>(input)
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.first.initialize(initializer, random);
        self.second.initialize(initializer, random);
    }
}
