//! Backpropagation through randomly generated networks, against central differences.
//!
//! `random_architectures/draw.py` generates the declarations, with every kind of layer, with strides, dilations, groups, padding and
//! rectangular kernels, inside and outside of blocks. Weights and samples are drawn here.

use fnn::layers::{Embedding, zeroed};
use fnn::{
    Initializer, Layer, Network, Parameters, Random, Scalar, gradient_check,
    layers::{Gradient, Pass, Recorded, Sample},
    losses::MeanSquaredError,
    simd::Simd,
    train::GradientBuffers,
};

/// The largest error allowed in a gradient.
const TOLERANCE: f64 = 1e-6;
/// How many times the weights of each network are drawn.
const SEEDS: u64 = 2;
const SAMPLES: usize = 3;

fn samples<A: Sample<Element = f64>>(random: &mut Random) -> [A; SAMPLES] {
    let mut samples = [zeroed::<A>(); SAMPLES];
    A::flat_mut(&mut samples).fill_with(|| random.normal());
    samples
}

/// Draw all weights, those of norms and biases included.
fn check<N: Layer<Scalar = f64, Input: Sample<Element = f64>>>() {
    for seed in 1..=SEEDS {
        let mut random = Random::new(seed);
        let mut network = N::zeroed_box();
        Initializer::HeUniform.fill(network.parameters_mut(), 6, 1, &mut random);
        let (inputs, targets) = (samples(&mut random), samples::<N::Output>(&mut random));
        let report = gradient_check(&*network, &MeanSquaredError, &inputs, &targets);
        assert!(report.worst() <= TOLERANCE, "seed {seed}\n{}\n{report}", N::summary());

        // The previous contents of the gradient are discarded.
        let mut gradient = N::zeroed_box();
        gradient.parameters_mut().fill(f64::NAN);
        GradientBuffers::<N, 2>::boxed().gradient(&network, &MeanSquaredError, &inputs, &targets, &mut gradient);
        assert!(gradient.parameters().iter().all(|number| number.is_finite()), "seed {seed}\n{}", N::summary());
    }
}

/// An embedding of numbers, because tokens have no gradient: −2 to 2 become tokens 0 to 4, where 4 is not in the vocabulary.
#[derive(Parameters)]
#[repr(C)]
struct Tokens<S: Scalar = f32> {
    embedding: Embedding<4, 4, 3, S>,
}

fn tokens<S: Scalar>(numbers: &[S; 4]) -> [u16; 4] {
    numbers.map(|number| (number.to_f64() * 1.25 + 2.5) as u16)
}

impl<S: Scalar> Layer for Tokens<S> {
    type Input = [S; 4];
    type Output = [[S; 3]; 4];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
    const KIND: &'static str = "Tokens";
    const MACS: u64 = 0;

    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[[S; 4]],
        outputs: &mut [[[S; 3]; 4]],
        (): &mut (),
    ) {
        let inputs: Vec<_> = inputs.iter().map(tokens).collect();
        self.embedding.forward_batch::<V, B>(simd, &inputs, outputs, &mut ());
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[[S; 3]; 4]],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [[S; 4]]>,
        (): &mut (),
    ) {
        let inputs: Vec<_> = recorded.inputs.iter().map(tokens).collect();
        let recorded = Recorded { inputs: &inputs, outputs: recorded.outputs, tape: &() };
        let gradient = Gradient::new(&mut gradient.weights.embedding, gradient.start);
        self.embedding.backward::<V, B>(pass, recorded, output_gradients, gradient, None, &mut ());
        input_gradients.into_iter().flatten().for_each(|dx| *dx = [S::ZERO; 4]);
    }
}

/// A module for each declaration, so that its test has its name.
macro_rules! architectures {
    ($($name:ident: $input:tt -> $output:tt { $($layers:tt)* })*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fnn::network! { struct Drawn: $input -> $output { $($layers)* } }

            #[test]
            fn gradients_are_those_of_differences() {
                check::<Drawn<f64>>();
            }
        }
    )*};
}

include!("random_architectures/table.rs");
