//! A whole network with simulated rounding.

use super::FakeQuantize;
use crate::graph::Node;
use crate::kernels::Simd;
use crate::layer::{Gradient, InvalidInput, Layer, OutputKind, Pass, Recorded};
use crate::random::Random;
use crate::shape::{Sample, first, first_mut};
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::{Parameters, Roles};

/// A network with simulated rounding, for training; its input is rounded too.
///
/// Layers keep their names from the declaration; the range of a layer's output is named `…_range`.
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct AwareNetwork<L: Layer> {
    /// The range of the input.
    pub input: FakeQuantize<L::Input>,
    /// The layers.
    pub layers: L,
}

// SAFETY: `repr(C)`, and both fields have the layout of arrays of the same scalar.
unsafe impl<L: Layer<Input: Sample<Element = L::Scalar>>> Parameters for AwareNetwork<L> {
    type Scalar = L::Scalar;

    const LAYOUT: Layout = Layout::Fields(
        const { &[Field::new("input", FakeQuantize::<L::Input>::LAYOUT), Field::new("layers", L::LAYOUT)] },
    );

    fn roles(start: usize, visitor: &mut impl Roles) {
        FakeQuantize::<L::Input>::roles(start, visitor);
        L::roles(start + 2, visitor);
    }

    fn absorb(&mut self, gradient: &Self) {
        self.layers.absorb(&gradient.layers);
    }
}

impl<L: Layer<Input: Sample<Element = L::Scalar>>> Layer for AwareNetwork<L> {
    type Input = L::Input;
    type Output = L::Output;
    /// The rounded input, and the tape of the layers.
    type Tape<const B: usize> = ([L::Input; B], L::Tape<B>);
    /// The rounded input, later its gradient; and the scratch of the layers.
    type Workspace<const B: usize> = ([L::Input; B], L::Workspace<B>);
    type TrainingWorkspace<const B: usize> = ([L::Input; B], L::TrainingWorkspace<B>);

    const KIND: &'static str = L::KIND;
    const MACS: u64 = L::MACS;
    const SMALLEST_BATCH: usize = L::SMALLEST_BATCH;
    const OUTPUTS: OutputKind = L::OUTPUTS;
    const GRAPH: Node =
        Node::sequence::<Self>(const { &[FakeQuantize::<L::Input>::GRAPH.named("input"), L::GRAPH.named("layers")] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        (rounded, workspace): &mut Self::Workspace<B>,
    ) {
        let rounded = first_mut(rounded, inputs.len());
        self.input.forward_batch::<V, B>(simd, inputs, rounded, &mut ());
        self.layers.forward_batch(simd, rounded, outputs, workspace);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        (rounded, tape): &mut Self::Tape<B>,
        (_, workspace): &mut Self::TrainingWorkspace<B>,
    ) {
        let rounded = first_mut(rounded, inputs.len());
        self.input.forward_batch::<V, B>(pass.simd, inputs, rounded, &mut ());
        self.layers.forward_train(pass, rounded, outputs, tape, workspace);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [L::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [L::Input]>,
        (inside, workspace): &mut Self::TrainingWorkspace<B>,
    ) {
        let Recorded { inputs, outputs, tape: (rounded, tape) } = recorded;
        let rounded = first(rounded, inputs.len());
        let layers = Recorded { inputs: rounded, outputs, tape };
        let Gradient { weights, start } = gradient;
        let gradients = Gradient::new(&mut weights.layers, start);
        let inside = first_mut(inside, inputs.len());
        let wanted = input_gradients.is_some().then_some(&mut *inside);
        self.layers.backward(pass, layers, output_gradients, gradients, wanted, workspace);
        if let Some(dx) = input_gradients {
            let input = Recorded::<_, B> { inputs, outputs: rounded, tape: &() };
            self.input.backward(pass, input, inside, Gradient::new(&mut weights.input, start), Some(dx), &mut ());
        }
    }

    fn check_input(input: &L::Input) -> Result<(), InvalidInput> {
        L::check_input(input)
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.layers.initialize(initializer, random);
    }
}
