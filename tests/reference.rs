//! Outputs, losses, gradients and optimizer steps against PyTorch.
//!
//! The absolute deviation is at most 1e-5 in `f32` and 1e-9 in `f64`. `--nocapture` prints it.

#![cfg(feature = "std")]

#[path = "support/fixtures.rs"]
mod fixtures;

use fixtures::{Tensors, compare};
use fnn::{
    Layer, Network, Scalar,
    layers::Sample,
    losses::{BinaryCrossEntropy, CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError},
    optimizers::{Adam, AdamW, Optimizer, RmsProp, Sgd, State},
    train::GradientBuffers,
};

const TOLERANCE: f64 = 1e-5;
const TOLERANCE_F64: f64 = 1e-9;

/// A pass through a network: inputs, and PyTorch's results.
struct Reference<'a, N: Layer> {
    network: &'a N,
    inputs: Vec<N::Input>,
    outputs: Vec<N::Output>,
    tensors: Tensors,
    tolerance: f64,
    largest: f64,
}

impl<S: Scalar, const I: usize, const C: usize, N: Layer<Scalar = S, Input = [S; I], Output = [S; C]>>
    Reference<'_, N>
{
    fn compare(&mut self, what: &str, ours: &[S]) {
        let deviation = compare(what, ours, self.tensors.get(what), self.tolerance);
        self.largest = self.largest.max(deviation);
    }

    /// A loss and its gradients with respect to outputs, inputs and each weight.
    fn check<T>(&mut self, name: &str, loss: &impl Loss<[S; C], T>, targets: &[T]) {
        let mut output_gradients = vec![[S::ZERO; C]; self.outputs.len()];
        for ((output, target), gradient) in self.outputs.iter().zip(targets).zip(&mut output_gradients) {
            assert_eq!(loss.gradient(output, target, gradient), loss.value(output, target));
            *gradient = gradient.map(|g| g / S::from_f64(targets.len() as f64));
        }
        let by_outputs = format!("{name}.grad_out");
        if self.tensors.find(&by_outputs).is_some() {
            self.compare(&by_outputs, Sample::flat(&output_gradients));
        }

        let mut gradient = N::zeroed_box();
        let mut input_gradients = vec![[S::ZERO; I]; self.inputs.len()];
        // Batches of four; the last one is smaller.
        let mean = GradientBuffers::<N, 4>::boxed().gradients(
            self.network,
            loss,
            &self.inputs,
            targets,
            &mut gradient,
            &mut input_gradients,
        );
        self.compare(&format!("{name}.loss"), &[mean]);
        self.compare(&format!("{name}.grad_x"), Sample::flat(&input_gradients));
        let weights = self.tensors.weights(&*gradient, |tensors, weight| tensors.get(&format!("{name}.grad.{weight}")));
        let what = format!("{name}: gradient by the weights");
        self.largest = self.largest.max(compare(&what, gradient.parameters(), &weights, self.tolerance));
    }
}

/// Check everything in the fixture `name`; `precision` is the suffix of the file with the results.
fn check<S, const I: usize, const C: usize, N>(name: &str, precision: &str, tolerance: f64)
where
    S: Scalar,
    N: Layer<Scalar = S, Input = [S; I], Output = [S; C]>,
{
    let mut network = N::zeroed_box();
    let weights = Tensors::read(&format!("{name}.weights")).weights(&*network, Tensors::get);
    for (weight, value) in network.parameters_mut().iter_mut().zip(weights) {
        *weight = S::from_f64(value);
    }
    let data = Tensors::read(name);
    let inputs = data.samples("x");
    let outputs = network.forward_all(&inputs);
    let tensors = Tensors::read(&format!("{name}{precision}"));
    let mut reference = Reference { network: &*network, inputs, outputs, tensors, tolerance, largest: 0.0 };

    let outputs = reference.outputs.clone();
    reference.compare("out", Sample::flat(&outputs));
    let one_by_one: Vec<_> = reference.inputs.iter().map(|input| Network::forward(&*network, input)).collect();
    reference.compare("out", Sample::flat(&one_by_one));

    reference.check("ce", &CrossEntropy, &data.classes("y_class"));
    reference.check("mse", &MeanSquaredError, &data.samples("y_real"));
    reference.check("l1", &MeanAbsoluteError, &data.samples("y_real"));
    reference.check("huber", &Huber::default(), &data.samples("y_real"));
    reference.check("bce_logits", &BinaryCrossEntropy, &data.samples("y_binary"));
    println!("{name}{precision}: largest deviation {:.1e}", reference.largest);
}

/// A network of three dense layers with this activation between them.
macro_rules! three_layers {
    ($network:ident, $activation:ident) => {
        fnn::network! {
            struct $network: [7] -> [5] {
                first: Dense(12),
                $activation,
                second: Dense(9),
                $activation,
                third: Dense(5),
            }
        }
    };
}
three_layers!(WithRelu, Relu);
three_layers!(WithTanh, Tanh);
three_layers!(WithSigmoid, Sigmoid);
three_layers!(WithGelu, Gelu);
three_layers!(WithSoftplus, Softplus);
fnn::network! { struct Digits: [784] -> [10] { first: Dense(128), Relu, second: Dense(10) } }

#[test]
fn networks_in_f32() {
    check::<f32, 7, 5, WithRelu>("mlp_relu", "", TOLERANCE);
    check::<f32, 7, 5, WithTanh>("mlp_tanh", "", TOLERANCE);
    check::<f32, 7, 5, WithSigmoid>("mlp_sigmoid", "", TOLERANCE);
    check::<f32, 7, 5, WithGelu>("mlp_gelu", "", TOLERANCE);
    check::<f32, 7, 5, WithSoftplus>("mlp_softplus", "", TOLERANCE);
}

#[test]
fn networks_in_f64() {
    check::<f64, 7, 5, WithRelu<f64>>("mlp_relu", ".f64", TOLERANCE_F64);
    check::<f64, 7, 5, WithTanh<f64>>("mlp_tanh", ".f64", TOLERANCE_F64);
    check::<f64, 7, 5, WithSigmoid<f64>>("mlp_sigmoid", ".f64", TOLERANCE_F64);
    check::<f64, 7, 5, WithGelu<f64>>("mlp_gelu", ".f64", TOLERANCE_F64);
}

#[test]
fn a_network_for_digits() {
    check::<f32, 784, 10, Digits>("mlp_784_128_10", "", TOLERANCE);
}

fnn::network! { struct Small: [4] -> [3] { first: Dense(6), Tanh, second: Dense(3) } }

/// Twenty steps, each on its own batch: the loss before and all weights after each step.
fn check_path<const SLOTS: usize>(name: &str, optimizer: &impl Optimizer<SLOTS>) {
    const STEPS: usize = 20;
    let mut network = Small::zeroed();
    let start = Tensors::read("opt.init").weights(&network, Tensors::get);
    for (weight, value) in network.parameters_mut().iter_mut().zip(start) {
        *weight = value as f32;
    }
    let data = Tensors::read("opt.data");
    let (inputs, classes) = (data.samples("x"), data.classes("y"));
    let path = Tensors::read(&format!("opt.{name}"));
    let losses = path.get("loss");
    assert_eq!((inputs.len(), classes.len(), losses.len()), (8 * STEPS, 8 * STEPS, STEPS));

    let mut memory = GradientBuffers::<_, 8>::new();
    let (mut gradient, mut state) = (Small::zeroed(), State::new());
    let mut largest = 0.0f64;
    for step in 0..STEPS {
        let batch = 8 * step..8 * (step + 1);
        let loss = memory.gradient(&network, &CrossEntropy, &inputs[batch.clone()], &classes[batch], &mut gradient);
        optimizer.step(&mut network, &gradient, &mut state);

        let what = format!("{name}, step {}", step + 1);
        largest = largest.max(compare(&what, &[loss], &losses[step..=step], TOLERANCE));
        let weights = path.weights(&network, |path, tensor| {
            let steps = path.get(tensor);
            let length = steps.len() / STEPS;
            &steps[length * step..length * (step + 1)]
        });
        largest = largest.max(compare(&what, network.parameters(), &weights, TOLERANCE));
    }
    println!("opt.{name}: largest deviation {largest:.1e}");
}

#[test]
fn paths_of_optimizers() {
    check_path("sgd", &Sgd::new(0.1));
    check_path("sgd_momentum", &Sgd::new(0.1).momentum(0.9));
    check_path("sgd_nesterov_wd", &Sgd::new(0.1).momentum(0.9).nesterov().weight_decay(0.01));
    check_path("adam", &Adam::new(0.01));
    check_path("adamw", &AdamW::new(0.01).weight_decay(0.01));
    check_path("rmsprop", &RmsProp::new(0.01));
}
