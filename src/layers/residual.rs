//! Skip connections.

use crate::graph::Node;
use crate::kernels::channels::{Activate, Identity};
use crate::kernels::{Simd, add_activated, add_activated_in_place, differentiate_to_both};
use crate::layer::{Gradient, InvalidInput, Layer, Onto, Pass, Recorded};
use crate::layers::activated::Adds;
use crate::random::Random;
use crate::shape::{Sample, first, first_mut};
use crate::weights::initializer::Initializer;
use crate::weights::layout::Layout;
use crate::weights::parameters::{Parameters, Roles};

/// A block of layers with a shortcut around it: `y = x + f(x)`.
///
/// The block's output must have its input's shape, or it is a compile error. `dx = g + f′ᵀ·g`.
///
/// Weights and multiply-accumulates are those of the block.
///
/// ```
/// use fnn::{Network, layers::{Dense, Residual}};
///
/// let block: Residual<Dense<1, 1>> = Residual { inside: Dense { weight: [[2.0]], bias: [0.5] } };
/// assert_eq!(block.forward(&[10.0]), [30.5]);
/// ```
///
/// Declared as `Residual { … }`. He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
#[derive(Clone, Debug, PartialEq)]
#[repr(transparent)]
pub struct Residual<L> {
    /// The layers that the shortcut skips.
    pub inside: L,
}

// SAFETY: `repr(transparent)`: it has the layout of `inside`.
unsafe impl<L: Parameters> Parameters for Residual<L> {
    type Scalar = L::Scalar;

    /// The block adds no segment to the names inside.
    const LAYOUT: Layout = L::LAYOUT;

    fn roles(start: usize, visitor: &mut impl Roles) {
        L::roles(start, visitor);
    }

    fn absorb(&mut self, gradient: &Self) {
        self.inside.absorb(&gradient.inside);
    }
}

impl<L: Layer<Input: Sample<Element = L::Scalar>, Output = <L as Layer>::Input>> Adds for Residual<L> {
    #[inline(always)]
    fn infer<V: Simd, const B: usize>(
        &self,
        simd: V,
        activation: impl Activate,
        (inputs, outputs): (&[L::Input], &mut [L::Output]),
        workspace: &mut L::Workspace<B>,
    ) {
        self.inside.forward_batch(simd, inputs, outputs, workspace);
        add_activated_in_place(simd, activation, Sample::flat(inputs), Sample::flat_mut(outputs));
    }

    #[inline(always)]
    fn train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        activation: impl Activate,
        (inputs, outputs): (&[L::Input], &mut [L::Output]),
        (tape, inside): &mut Self::Tape<B>,
        (workspace, _): &mut Self::TrainingWorkspace<B>,
    ) {
        if const { !L::READS_OUTPUTS } {
            self.inside.forward_train(pass, inputs, outputs, tape, workspace);
            return add_activated_in_place(pass.simd, activation, Sample::flat(inputs), Sample::flat_mut(outputs));
        }
        let inside = first_mut(inside, inputs.len());
        self.inside.forward_train(pass, inputs, inside, tape, workspace);
        let numbers = (Sample::flat(inputs), Sample::flat(inside));
        add_activated(pass.simd, activation, numbers, Sample::flat_mut(outputs));
    }

    #[inline(always)]
    fn differentiate<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        activation: impl Activate,
        recorded: Recorded<'_, Self, B>,
        (output_gradients, mut input_gradients): (&mut [L::Output], Option<&mut [L::Input]>),
        gradient: Gradient<'_, Self>,
        (workspace, around): &mut Self::TrainingWorkspace<B>,
    ) {
        let (tape, inside) = recorded.tape;
        let around = first_mut(around, output_gradients.len());
        let (y, g) = (Sample::flat(recorded.outputs), Sample::flat_mut(output_gradients));
        // The shortcut's gradients are the first term of the inputs'.
        let shortcut = input_gradients.as_deref_mut().unwrap_or(around);
        differentiate_to_both(pass.simd, activation, y, g, Sample::flat_mut(shortcut));
        let recorded = Recorded { inputs: recorded.inputs, outputs: first(inside, recorded.inputs.len()), tape };
        let gradient = Gradient::new(&mut gradient.weights.inside, gradient.start);
        let by_inputs = input_gradients.map(|sum| Onto { sum, spare: around });
        self.inside.backward_onto(pass, recorded, output_gradients, gradient, by_inputs, workspace);
    }
}

impl<L: Layer<Input: Sample<Element = L::Scalar>, Output = <L as Layer>::Input>> Layer for Residual<L> {
    type Input = L::Input;
    type Output = L::Output;
    /// The block's tape, and its outputs, which the sum doesn't keep, if the block's backward pass reads them.
    type Tape<const B: usize> = (L::Tape<B>, [L::Output; B]);
    /// The block's scratch.
    type Workspace<const B: usize> = L::Workspace<B>;
    /// The block's scratch, and memory for gradients of the inputs.
    type TrainingWorkspace<const B: usize> = (L::TrainingWorkspace<B>, [L::Output; B]);

    const KIND: &'static str = "Residual";
    const MACS: u64 = L::MACS;
    const SMALLEST_BATCH: usize = L::SMALLEST_BATCH;
    const GRAPH: Node = Node::sum::<Self>(const { &[L::GRAPH, Node::identity(&L::GRAPH)] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        workspace: &mut Self::Workspace<B>,
    ) {
        self.infer(simd, Identity, (inputs, outputs), workspace);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        tape: &mut Self::Tape<B>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        self.train(pass, Identity, (inputs, outputs), tape, workspace);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [L::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [L::Input]>,
        workspace: &mut Self::TrainingWorkspace<B>,
    ) {
        self.differentiate(pass, Identity, recorded, (output_gradients, input_gradients), gradient, workspace);
    }

    fn check_input(input: &L::Input) -> Result<(), InvalidInput> {
        L::check_input(input)
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.inside.initialize(initializer, random);
    }
}
