//! Every layer and every loss against central differences, and the check itself against wrong gradients.

#[path = "gradients/kinks.rs"]
mod kinks;
#[path = "gradients/layers.rs"]
mod layers;
#[path = "gradients/losses.rs"]
mod losses;
#[path = "gradients/mistakes.rs"]
mod mistakes;

use fnn::layers::activation::{
    Elu, Function, Gelu, GeluTanh, HardShrink, HardSigmoid, HardSwish, LeakyRelu, Mish, Relu, Relu6, Selu, Sigmoid,
    Silu, SoftShrink, Softplus, Softsign, Tanh, Threshold,
};
use fnn::layers::{
    Activation, BatchNorm, Concat, Dense, Dropout, Embedding, Flatten, GlobalAvgPool, GroupNorm, LayerNorm, LogSoftmax,
    NoBias, PRelu, Permute, Reshape, Residual, Resize, RmsNorm, Softmax, Sum, Upsample, zeroed,
};
use fnn::{
    Initializer, Layer, Network, Parameters, Random, gradient_check,
    gradient_check::{Deviation, Report},
    layers::Sample,
    losses::{
        BinaryCrossEntropy, BinaryFocal, CosineSimilarity, CrossEntropy, Focal, Hinge, Huber, KullbackLeibler, Loss,
        MeanAbsoluteError, MeanSquaredError,
    },
    train::GradientBuffers,
    weights::Name,
};

/// The tolerance of every gradient; most are far below it.
const TOLERANCE: f64 = 1e-6;

/// Samples of numbers in [−2, 2).
fn samples<A: Sample<Element = f64>>(count: usize, seed: u64) -> Vec<A> {
    let mut random = Random::new(seed);
    let mut samples = vec![zeroed::<A>(); count];
    A::flat_mut(&mut samples).fill_with(|| 4.0 * random.uniform() - 2.0);
    samples
}

/// A network with all weights, biases included, in [−1, 1).
fn drawn<N: Layer>(seed: u64) -> N {
    let mut network = N::zeroed();
    Initializer::HeUniform.fill(network.parameters_mut(), 6, 1, &mut Random::new(seed));
    network
}

/// Check a network with the squared error, on more samples than one batch; and that the previous contents of a gradient are
/// discarded.
fn check<N: Layer<Scalar = f64, Input: Sample<Element = f64>>>(network: &N) -> Report<N> {
    let (inputs, targets) = (samples(11, 1), samples::<N::Output>(11, 2));
    let (mut memory, mut gradients) = (GradientBuffers::<N, 4>::new(), [N::zeroed(), N::zeroed()]);
    gradients[1].parameters_mut().fill(f64::NAN);
    for gradient in &mut gradients {
        memory.set_steps(0);
        memory.gradient(network, &MeanSquaredError, &inputs, &targets, gradient);
    }
    let [expected, found] =
        gradients.each_ref().map(|gradient| gradient.parameters().iter().map(|number| number.to_bits()));
    assert!(found.eq(expected));
    gradients[1].parameters_mut().fill(f64::NAN);
    memory.gradient(network, &MeanSquaredError, &[], &targets, &mut gradients[1]);
    assert!(gradients[1].parameters().iter().all(|&number| number == 0.0), "of no samples");
    gradient_check(network, &MeanSquaredError, &inputs, &targets)
}

/// The row with this name.
fn row<N: Parameters<Scalar = f64>>(report: &Report<N>, wanted: &str) -> Deviation {
    let mut found = None;
    report.for_each(&mut |name: Name<'_>, row| {
        if name.is(wanted) {
            found = Some(*row);
        }
    });
    found.unwrap_or_else(|| panic!("no row `{wanted}` in\n{report}"))
}
