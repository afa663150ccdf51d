//! Backpropagation against central differences.

mod difference;
mod place;
mod report;

use difference::derivative;
pub use report::{Deviation, Report};

use crate::kernels::{copy, dispatch, operation};
use crate::layer::{Chance, Layer, Pass};
use crate::losses::{Loss, Term};
use crate::shape::{Sample, first_mut, within};
use crate::train::gradient_buffers::{Arrays, GradientBuffers, assert_logits};

/// Samples per block.
const BLOCK: usize = 8;

/// The buffers for backpropagation through blocks of samples.
type Memory<N> = GradientBuffers<N, BLOCK>;

/// Check backpropagation through `network`: compare the gradient of the mean loss of `inputs` and `targets`, with
/// respect to every weight and every input, with its numerical derivative by central differences.
///
/// It is a one-line test for a network or a custom layer:
///
/// ```
/// use fnn::{gradient_check, layers::Dense, losses::MeanSquaredError};
///
/// let dense = Dense::<2, 2, f64> { weight: [[0.1, -0.2], [0.3, 0.4]], bias: [0.5, -0.6] };
/// gradient_check(&dense, &MeanSquaredError, &[[1.0, 2.0], [-3.0, 0.5]], &[[0.0, 1.0], [1.0, 0.0]]).assert(1e-6);
/// ```
///
/// The network must be in `f64`. No heap is needed. A few samples of ordinary numbers are enough; random ones are
/// unlikely to be at a kink, such as that of `Relu` at 0. The dropout mask is constant. A gradient that is correct at
/// these samples and weights may be wrong elsewhere: a check with all weights zero shows little.
///
/// # What is compared
/// The deviation of a gradient a from the derivative d is `|a − d| / max(|a|, |d|, floor)`, where the floor is a
/// hundredth of the largest derivative in the tensor, or 1/10000 of the loss or of 0.1 if that is larger: below it,
/// the rounding error of the loss dominates. All elements of a tensor are thus compared with nearly the same absolute
/// tolerance.
///
/// If the loss has a kink too close to an element's value for a difference quotient, the element is *excluded*, and
/// counted in the report. This depends only on values of the loss, never on the result of backpropagation, so that a
/// wrong gradient cannot exclude itself. A gradient that is not finite is always wrong.
///
/// # Cost
/// Six to eighteen forward passes over all samples for each weight, and over a block of eight samples for each input.
///
/// # Panics
/// If there are not as many targets as inputs.
#[track_caller]
pub fn gradient_check<N, T, F>(network: &N, loss: &F, inputs: &[N::Input], targets: &[T]) -> Report<N>
where
    N: Layer<Scalar = f64, Input: Sample<Element = f64>>,
    F: Loss<N::Output, T>,
{
    const { assert_logits::<N, T, F>() }
    assert!(
        inputs.len() == targets.len(),
        "each input needs a target: found {} inputs and {} targets",
        inputs.len(),
        targets.len()
    );
    let mut memory = place::memory::<N>();
    let mut gradient = place::weights::<N>();
    let mut derivatives = place::weights::<N>();
    let mut moved = place::weights::<N>();

    // Garbage in the gradient reveals layers that neither overwrite it nor ask for zeros.
    gradient.parameters_mut().fill(f64::NAN);
    memory.gradient(network, loss, inputs, targets, &mut gradient);
    memory.set_steps(0);
    // The training loss does not depend on running statistics, and the gradient holds their new values instead of
    // derivatives.
    N::running_statistics(&mut |range| within(gradient.parameters_mut(), &range).fill(0.0));
    copy(network.parameters(), moved.parameters_mut());
    let mean = mean_loss(&mut memory, network, loss, inputs, targets);
    differentiate(mean, network.parameters(), derivatives.parameters_mut(), |index, weight| {
        let before = core::mem::replace(&mut moved.parameters_mut()[index], weight);
        let mean = mean_loss(&mut memory, &moved, loss, inputs, targets);
        moved.parameters_mut()[index] = before;
        mean
    });

    // Frozen statistics affect the loss, but are not trained.
    N::running_statistics(&mut |range| within(derivatives.parameters_mut(), &range).fill(0.0));

    let mut deviation = Deviation::of_samples::<N::Input>();
    let mut input_gradients = place::numbers::<[N::Input; BLOCK]>();
    let mut input_derivatives = place::numbers::<[N::Input; BLOCK]>();
    let mut moved_inputs = place::numbers::<[N::Input; BLOCK]>();
    let mut unused = moved;
    for (block, (inputs, targets)) in inputs.chunks(BLOCK).zip(targets.chunks(BLOCK)).enumerate() {
        let gradients = first_mut(&mut input_gradients[..], inputs.len());
        let derivatives = first_mut(&mut input_derivatives[..], inputs.len());
        let moved = first_mut(&mut moved_inputs[..], inputs.len());

        memory.gradients(network, loss, inputs, targets, &mut unused, gradients);
        memory.set_steps(0);
        copy(inputs, moved);
        let mean = mean_loss(&mut memory, network, loss, inputs, targets);
        differentiate(mean, Sample::flat(inputs), Sample::flat_mut(derivatives), |index, number| {
            let before = core::mem::replace(&mut Sample::flat_mut(moved)[index], number);
            let mean = mean_loss(&mut memory, network, loss, moved, targets);
            Sample::flat_mut(moved)[index] = before;
            mean
        });
        deviation.compare(mean, block * BLOCK * N::Input::LENGTH, Sample::flat(gradients), Sample::flat(derivatives));
    }
    Report::new(mean, gradient, derivatives, deviation)
}

/// Write the derivatives of the loss at `point` to `derivatives`: `loss` returns the loss with one element, by its
/// index, changed. Where there is no derivative, write NaN.
fn differentiate(mean: f64, point: &[f64], derivatives: &mut [f64], mut loss: impl FnMut(usize, f64) -> f64) {
    for ((index, &number), to) in point.iter().enumerate().zip(derivatives) {
        *to = derivative(mean, number, |step| loss(index, number + step)).unwrap_or(f64::NAN);
    }
}

/// The mean training loss, block by block, with dropout.
fn mean_loss<N: Layer<Scalar = f64>, T, F: Loss<N::Output, T>>(
    memory: &mut Memory<N>,
    network: &N,
    loss: &F,
    inputs: &[N::Input],
    targets: &[T],
) -> f64 {
    dispatch(MeanLoss { memory, network, loss, inputs, targets })
}

operation! {
    /// [`mean_loss`], dispatched to the same instruction set as backpropagation.
    struct MeanLoss<'a, N: Layer<Scalar = f64>, T, F: Loss<N::Output, T>;> {
        memory: &'a mut Memory<N>,
        network: &'a N,
        loss: &'a F,
        inputs: &'a [N::Input],
        targets: &'a [T],
    }
    fn run(self, simd: V) -> f64 {
        let Arrays { outputs, tape, workspace, .. } = &mut self.memory.arrays.0;
        let mut sum = Term::default();
        let chance = Chance::of_step(0, 0);
        for (block, (inputs, targets)) in self.inputs.chunks(BLOCK).zip(self.targets.chunks(BLOCK)).enumerate() {
            let outputs = first_mut(outputs, inputs.len());
            let pass = Pass::new(simd, chance.from(block * BLOCK));
            self.network.forward_train(pass, inputs, outputs, tape, workspace);
            for (output, target) in outputs.iter().zip(targets) {
                sum += self.loss.value(output, target);
            }
        }
        sum.mean()
    }
}
