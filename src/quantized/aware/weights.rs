//! Simulated rounding of weights.

use super::activations::{large, round};
use crate::chunks::Chunks;
use crate::descent::Descend;
use crate::kernels::{Simd, copy};
use crate::layer::{Gradient, InvalidInput, Layer, OutputKind, Pass, Recorded};
use crate::layers::{Bias, Conv, Dense, Image, Windows};
use crate::memory;
use crate::pod::Pod;
use crate::random::Random;
use crate::real::Real;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::layout::Layout;
use crate::weights::parameters::{Parameters, Roles};

/// A layer that computes with its weights rounded to those that 8-bit integers represent: *fake quantization*.
///
/// `w' = scale · round(w / scale)`, with `scale = max |w| / 127` over the weights of an output. Backward, the gradient
/// of w' is used for w: the straight-through estimator. So updates smaller than a step still add up. The weights are
/// rounded in every pass, in the workspace.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct FakeWeights<L> {
    /// The layer with its unrounded weights.
    pub layer: L,
}

/// A layer whose weights can be quantized.
pub trait RoundWeights: Layer {
    /// Memory for the layer.
    type Memory: Pod;

    /// Writes all of the layer, with its weights rounded.
    fn round_weights(&self, rounded: &mut Self);
}

// SAFETY: `repr(transparent)`: it has the layout of the layer.
unsafe impl<L: Parameters> Parameters for FakeWeights<L> {
    type Scalar = L::Scalar;

    /// Adds no segment to the names of the layer.
    const LAYOUT: Layout = L::LAYOUT;

    fn roles(start: usize, visitor: &mut impl Roles) {
        L::roles(start, visitor);
    }

    fn absorb(&mut self, gradient: &Self) {
        self.layer.absorb(&gradient.layer);
    }
}

impl<L: RoundWeights> Descend for FakeWeights<L> {}

impl<L: RoundWeights> Layer for FakeWeights<L> {
    type Input = L::Input;
    type Output = L::Output;
    type Tape<const B: usize> = L::Tape<B>;
    /// The rounded layer, and its scratch.
    type Workspace<const B: usize> = (L::Memory, L::Workspace<B>);
    type TrainingWorkspace<const B: usize> = (L::Memory, L::TrainingWorkspace<B>);

    const KIND: &'static str = L::KIND;
    const MACS: u64 = L::MACS;
    const SMALLEST_BATCH: usize = L::SMALLEST_BATCH;
    const OUTPUTS: OutputKind = L::OUTPUTS;

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        simd: V,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        (rounded, workspace): &mut Self::Workspace<B>,
    ) {
        let rounded = memory::layer::<L, _>(rounded);
        self.layer.round_weights(rounded);
        rounded.forward_batch(simd, inputs, outputs, workspace);
    }

    #[inline(always)]
    fn forward_train<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        inputs: &[L::Input],
        outputs: &mut [L::Output],
        tape: &mut L::Tape<B>,
        (rounded, workspace): &mut Self::TrainingWorkspace<B>,
    ) {
        let rounded = memory::layer::<L, _>(rounded);
        self.layer.round_weights(rounded);
        rounded.forward_train(pass, inputs, outputs, tape, workspace);
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [L::Output],
        gradient: Gradient<'_, Self>,
        input_gradients: Option<&mut [L::Input]>,
        (rounded, workspace): &mut Self::TrainingWorkspace<B>,
    ) {
        let rounded = memory::layer::<L, _>(rounded);
        self.layer.round_weights(rounded);
        let Recorded { inputs, outputs, tape } = recorded;
        let recorded = Recorded { inputs, outputs, tape };
        let gradient = Gradient::new(&mut gradient.weights.layer, gradient.start);
        rounded.backward(pass, recorded, output_gradients, gradient, input_gradients, workspace);
    }

    fn check_input(input: &L::Input) -> Result<(), InvalidInput> {
        L::check_input(input)
    }

    fn initialize(&mut self, initializer: Initializer, random: &mut Random) {
        self.layer.initialize(initializer, random);
    }
}

/// The step of weights whose largest magnitude is this.
#[inline(always)]
fn scale<S: Scalar>(largest: S) -> S {
    Real::max(largest / S::from_f64(127.0), S::from_f64(1e-30))
}

impl<const I: usize, const O: usize, S: Scalar, B: Bias<[S; O]>> RoundWeights for Dense<I, O, S, B> {
    type Memory = ([[S; O]; I], [S; O]);

    #[inline(always)]
    fn round_weights(&self, rounded: &mut Self) {
        let mut largest = [S::ZERO; O];
        for row in &self.weight {
            for (largest, &weight) in largest.iter_mut().zip(row) {
                *largest = Real::max(*largest, Real::abs(weight));
            }
        }
        let scales = largest.map(scale);
        for (rounded, row) in rounded.weight.iter_mut().zip(&self.weight) {
            for ((rounded, &weight), &scale) in rounded.iter_mut().zip(row).zip(&scales) {
                *rounded = round(weight / scale, large()) * scale;
            }
        }
        copy(self.bias.parameters(), rounded.bias.parameters_mut());
    }
}

impl<S, I, O, W, K, B> RoundWeights for Conv<I, O, W, K, B>
where
    S: Scalar,
    I: Image<Element = S>,
    O: Image<Element = S>,
    W: Sample<Element = S> + Parameters<Scalar = S>,
    K: Windows,
    B: Bias<O::Each>,
{
    type Memory = (W, O::Each);

    #[inline(always)]
    fn round_weights(&self, rounded: &mut Self) {
        let filter = const { if W::LENGTH < O::CHANNELS { 1 } else { W::LENGTH / O::CHANNELS } };
        let filters = self.weight.parameters().blocks(filter);
        for (rounded, filter) in rounded.weight.parameters_mut().blocks_mut(filter).zip(filters) {
            let scale = scale(filter.iter().fold(S::ZERO, |largest, &weight| Real::max(largest, Real::abs(weight))));
            for (rounded, &weight) in rounded.iter_mut().zip(filter) {
                *rounded = round(weight / scale, large()) * scale;
            }
        }
        copy(self.bias.parameters(), rounded.bias.parameters_mut());
    }
}
