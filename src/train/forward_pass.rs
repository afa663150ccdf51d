//! Backpropagation in two halves, for output gradients that the caller computes.

use core::fmt;

use super::gradient_buffers::{Arrays, GradientBuffers};
use crate::kernels::{Start, copy, dispatch, operation};
use crate::layer::{Chance, Gradient, Layer, Pass, Recorded, is_tiny};
use crate::pod::zeroed;
use crate::shape::{Sample, first, first_mut};

impl<L: Layer, const B: usize> GradientBuffers<L, B> {
    /// Run the training forward pass on up to `B` samples. The result gives access to the outputs and runs the
    /// backward pass. Only the first `B` samples are used, and debug builds panic if there are more.
    ///
    /// Use it where [`gradient`](Self::gradient) does not fit: several losses, networks that share weights, or a
    /// network that feeds another one. See [`ForwardPass`].
    pub fn forward<'a>(&'a mut self, network: &'a L, inputs: &'a [L::Input]) -> ForwardPass<'a, L, B> {
        const { assert!(B > 0, "backpropagation needs room for at least one sample") }
        debug_assert!(inputs.len() <= B, "{} samples in buffers for {B}", inputs.len());
        let (chance, inputs) = (self.state.next(), first(inputs, B));
        dispatch(Forward { buffers: self, network, inputs, chance });
        ForwardPass { buffers: self, network, inputs, chance, start: Start::Zero }
    }
}

/// A finished training forward pass: its outputs, and the backward pass. Created by
/// [`GradientBuffers::forward`](GradientBuffers::forward).
///
/// The backward pass starts from the gradient of *any* function with respect to the outputs, summed over the samples
/// as given, and computes the gradients with respect to the weights and the inputs. This trains chained networks
/// together, as in a generative adversarial network, where the discriminator's input gradient is the generator's
/// output gradient:
///
/// ```
/// use fnn::{Parameters, layers::Dense, train::GradientBuffers};
///
/// let generator = Dense::<1, 1> { weight: [[3.0]], bias: [0.0] };
/// let discriminator = Dense::<1, 1> { weight: [[0.5]], bias: [1.0] };
/// let mut of_generator = GradientBuffers::<Dense<1, 1>, 1>::new();
/// let mut of_discriminator = of_generator.clone();
///
/// let noise = [[2.0]];
/// let generated = of_generator.forward(&generator, &noise);
/// let scores = of_discriminator.forward(&discriminator, generated.outputs());
/// assert_eq!(scores.outputs(), [[4.0]]);
///
/// // The loss is what the discriminator gives: its derivative by that is 1.
/// let (mut gradient, mut by_generated) = (Dense::zeroed(), [[0.0]]);
/// scores.backward_to_inputs(&[[1.0]], &mut gradient, &mut by_generated);
/// assert_eq!((gradient.weight, by_generated), ([[6.0]], [[0.5]]));
/// generated.backward(&by_generated, &mut gradient);
/// assert_eq!(gradient.weight, [[2.0 * 0.5]]);
/// ```
pub struct ForwardPass<'a, L: Layer, const B: usize> {
    buffers: &'a mut GradientBuffers<L, B>,
    network: &'a L,
    inputs: &'a [L::Input],
    chance: Chance<'static>,
    start: Start,
}

impl<'a, L: Layer, const B: usize> ForwardPass<'a, L, B> {
    /// The outputs, one for each of the first `B` inputs.
    #[must_use]
    pub fn outputs(&self) -> &[L::Output] {
        first(&self.buffers.arrays.0.outputs, self.inputs.len())
    }

    /// The same pass, whose backward pass *adds* to the weight gradient: for weights that are used more than once.
    #[must_use]
    pub fn adding(self) -> Self {
        Self { start: Start::Sum, ..self }
    }

    /// Run the backward pass: from the gradients with respect to the outputs to the gradient with respect to the
    /// weights. The previous content of `gradient` is overwritten unless this pass is [`adding`](Self::adding).
    /// Missing output gradients count as zero.
    pub fn backward(self, output_gradients: &[L::Output], gradient: &mut L) {
        self.go_back(output_gradients, gradient, None);
    }

    /// [`backward`](Self::backward), and also write the gradient with respect to each input sample to
    /// `input_gradients`.
    pub fn backward_to_inputs(self, output_gradients: &[L::Output], gradient: &mut L, input_gradients: &mut [L::Input])
    where
        L::Input: Sample<Element = L::Scalar>,
    {
        self.go_back(output_gradients, gradient, Some(input_gradients));
    }

    /// The gradients with respect to the outputs that [`backward_in_place`](Self::backward_in_place) starts from, one for each
    /// output. They hold anything until they are written.
    pub fn output_gradients(&mut self) -> &mut [L::Output] {
        first_mut(&mut self.buffers.arrays.0.output_gradients, self.inputs.len())
    }

    /// [`backward`](Self::backward), or [`backward_to_inputs`](Self::backward_to_inputs) if there are `input_gradients`, from the
    /// gradients in [`output_gradients`](Self::output_gradients): nothing is copied.
    ///
    /// ```
    /// use fnn::{Parameters, layers::Dense, train::GradientBuffers};
    ///
    /// let network = Dense::<1, 1> { weight: [[3.0]], bias: [0.0] };
    /// let (mut buffers, mut gradient) = (GradientBuffers::<_, 1>::new(), Dense::zeroed());
    /// let mut pass = buffers.forward(&network, &[[2.0]]);
    /// let error = pass.outputs()[0][0] - 5.0;
    /// pass.output_gradients()[0] = [2.0 * error];
    /// pass.backward_in_place(&mut gradient, None);
    /// assert_eq!((gradient.weight, gradient.bias), ([[4.0]], [2.0]));
    /// ```
    pub fn backward_in_place(self, gradient: &mut L, input_gradients: Option<&mut [L::Input]>)
    where
        L::Input: Sample<Element = L::Scalar>,
    {
        self.differentiate(gradient, input_gradients);
    }

    fn go_back(mut self, output_gradients: &[L::Output], gradient: &mut L, input_gradients: Option<&mut [L::Input]>) {
        let scratch = self.output_gradients();
        copy(output_gradients, scratch);
        scratch.get_mut(output_gradients.len()..).unwrap_or_default().fill(zeroed());
        self.differentiate(gradient, input_gradients);
    }

    fn differentiate(self, gradient: &mut L, input_gradients: Option<&mut [L::Input]>) {
        let Self { buffers, network, inputs, chance, start } = self;
        let gradient = Gradient::new(gradient, start);
        dispatch(Backward { buffers, network, inputs, chance, gradient, input_gradients });
    }
}

impl<L: Layer, const B: usize> fmt::Debug for ForwardPass<'_, L, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardPass").field("outputs", &self.outputs()).finish_non_exhaustive()
    }
}

operation! {
    /// The forward pass, dispatched to the best instruction set.
    struct Forward<'a, L: Layer; B> {
        buffers: &'a mut GradientBuffers<L, B>,
        network: &'a L,
        inputs: &'a [L::Input],
        chance: Chance<'static>,
    }
    const IS_TINY = is_tiny::<L>();
    fn run(self, simd: V) {
        let Self { buffers, network, inputs, chance } = self;
        let Arrays { outputs, tape, workspace, .. } = &mut buffers.arrays.0;
        network.forward_train(Pass::new(simd, chance), inputs, first_mut(outputs, inputs.len()), tape, workspace);
    }
}

operation! {
    /// The backward pass, from the output gradients in the buffers.
    struct Backward<'a, L: Layer; B> {
        buffers: &'a mut GradientBuffers<L, B>,
        network: &'a L,
        inputs: &'a [L::Input],
        chance: Chance<'static>,
        gradient: Gradient<'a, L>,
        input_gradients: Option<&'a mut [L::Input]>,
    }
    const IS_TINY = is_tiny::<L>();
    fn run(self, simd: V) {
        let Self { buffers, network, inputs, chance, gradient, input_gradients } = self;
        if inputs.is_empty() {
            gradient.accumulator();
            return;
        }
        let Arrays { outputs, output_gradients, tape, workspace } = &mut buffers.arrays.0;
        let recorded = Recorded { inputs, outputs: first(outputs, inputs.len()), tape };
        let output_gradients = first_mut(output_gradients, inputs.len());
        let input_gradients = input_gradients.map(|gradients| first_mut(gradients, inputs.len()));
        network.backward(Pass::new(simd, chance), recorded, output_gradients, gradient, input_gradients, workspace);
    }
}
