//! One layer forward and backward.

use fnn::layers::{zeroed, zeroed_box};
use fnn::{
    Layer, Scalar,
    layers::{Chance, Gradient, Pass, Recorded, Sample, Start},
    simd::{Operation, Portable, Simd, dispatch},
};

/// The results of a batch.
pub(crate) struct Passes<L: Layer> {
    pub(crate) outputs: Vec<L::Output>,
    pub(crate) input_gradients: Vec<L::Input>,
    pub(crate) gradient: Box<L>,
}

/// The largest batch size.
const ROOM: usize = 8;

/// Forward and backward, with given output gradients.
pub(crate) fn passes<L: Layer>(layer: &L, inputs: &[L::Input], output_gradients: &[L::Output]) -> Passes<L> {
    passes_by(layer, inputs, output_gradients, |operation| dispatch(operation))
}

/// [`passes`] without SIMD, whatever the processor supports.
#[allow(dead_code)]
pub(crate) fn portable_passes<L: Layer>(layer: &L, inputs: &[L::Input], output_gradients: &[L::Output]) -> Passes<L> {
    passes_by(layer, inputs, output_gradients, |operation| operation.run(Portable))
}

fn passes_by<L: Layer>(
    layer: &L,
    inputs: &[L::Input],
    output_gradients: &[L::Output],
    run: impl FnOnce(ForwardAndBackward<'_, L>),
) -> Passes<L> {
    assert!(inputs.len() == output_gradients.len() && inputs.len() <= ROOM);
    let mut passes = Passes {
        outputs: vec![zeroed(); inputs.len()],
        // Filled with other values, so that a missing write shows.
        input_gradients: inputs.to_vec(),
        gradient: L::zeroed_box(),
    };
    passes.gradient.parameters_mut().fill(L::Scalar::MAX);
    run(ForwardAndBackward { layer, inputs, output_gradients: &mut output_gradients.to_vec(), passes: &mut passes });
    passes
}

struct ForwardAndBackward<'a, L: Layer> {
    layer: &'a L,
    inputs: &'a [L::Input],
    output_gradients: &'a mut [L::Output],
    passes: &'a mut Passes<L>,
}

impl<L: Layer> Operation for ForwardAndBackward<'_, L> {
    type Output = ();

    fn run<V: Simd>(self, simd: V) {
        let Self { layer, inputs, output_gradients, passes } = self;
        let Passes { outputs, input_gradients, gradient } = passes;
        let mut tape = zeroed_box::<L::Tape<ROOM>>();
        let mut workspace = zeroed_box::<L::TrainingWorkspace<ROOM>>();
        let pass = Pass::new(simd, Chance::default());
        layer.forward_train(pass, inputs, outputs, &mut tape, &mut workspace);
        let recorded = Recorded { inputs, outputs, tape: &*tape };
        let gradient = Gradient::new(&mut **gradient, Start::Zero);
        layer.backward(pass, recorded, output_gradients, gradient, Some(input_gradients), &mut workspace);
    }
}

/// Numbers as samples.
#[allow(dead_code)]
pub(crate) fn samples_of<A: Sample<Element: Scalar>>(numbers: &[f64]) -> Vec<A> {
    assert_eq!(numbers.len() % A::LENGTH, 0);
    let mut samples = vec![zeroed::<A>(); numbers.len() / A::LENGTH];
    for (to, &number) in A::flat_mut(&mut samples).iter_mut().zip(numbers) {
        *to = A::Element::from_f64(number);
    }
    samples
}
