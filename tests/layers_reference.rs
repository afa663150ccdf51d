//! Layers by themselves, as PyTorch computes them: outputs, gradients by inputs and by every weight.
//!
//! Absolute deviations of at most 1e-5 in `f32`, and of 1e-9 in `f64`, from what PyTorch computes in `f64`: in `f32` it
//! is itself up to 1.7e-5 away from that. Printed with `--nocapture`.

#[path = "support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;
#[path = "support/pass.rs"]
mod pass;

use fixtures::{Tensors, compare};
use fnn::layers::{AvgPool, BatchNorm, Conv, GlobalAvgPool, MaxPool, Window};
use fnn::{
    Backpropagation, BinaryCrossEntropy, CrossEntropy, Huber, Layer, Loss, MeanAbsoluteError, MeanSquaredError,
    Network, Optimizer, Parameters, Sample, Scalar, Sgd, State,
};
use pass::{passes, samples_of};

const TOLERANCE: f64 = 1e-5;
const TOLERANCE_F64: f64 = 1e-9;

/// One layer, forward and backward, all samples in one batch.
fn check_in<S: Scalar, L: Layer<Scalar = S, Input: Sample<Element = S>>>(name: &str, tolerance: f64) {
    let tensors = Tensors::read(&format!("layer.{name}"));
    let mut layer = L::zeroed_box();
    let mut weights = Vec::new();
    layer.for_each(&mut |name, shape, _| {
        let numbers = tensors.get(&format!("before.{name}"));
        assert_eq!(numbers.len(), shape.length(), "{name}");
        weights.extend(numbers.iter().map(|&number| S::from_f64(number)));
    });
    layer.parameters_mut().copy_from_slice(&weights);

    let inputs = samples_of::<L::Input>(tensors.get("x"));
    let output_gradients = samples_of::<L::Output>(tensors.get("grad_out"));
    let passes = passes(&*layer, &inputs, &output_gradients);
    let tensor = |name: &str| tensors.get(&format!("{name}.f64"));
    let mut largest = compare("out", Sample::flat(&passes.outputs), tensor("out"), tolerance);
    let mut measures = false;
    L::measured(&mut |_| measures = true);
    if !measures {
        // Inference is training then.
        largest = largest.max(compare("out", Sample::flat(&layer.forward_all(&inputs)), tensor("out"), tolerance));
    }
    let by_inputs = Sample::flat(&passes.input_gradients);
    largest = largest.max(compare("grad_x", by_inputs, tensor("grad_x"), tolerance));
    passes.gradient.for_each(&mut |name, _, gradient| {
        if name.is("running_mean") || name.is("running_var") || name.is("num_batches_tracked") {
            return;
        }
        let name = format!("grad.{name}");
        largest = largest.max(compare(&name, gradient, tensor(&name), tolerance));
    });
    layer.absorb(&passes.gradient);
    layer.for_each(&mut |name, _, values| {
        let after = format!("after.{name}");
        if let Some(expected) = tensors.find(&after) {
            // There are no more digits than those of `f32` to compare with.
            largest = largest.max(compare(&after, values, expected, tolerance.max(1e-6)));
        }
    });
    println!("{name}, {}: largest deviation {largest:.1e}", core::any::type_name::<S>());
}

/// In `f32` and in `f64`.
macro_rules! check {
    ($name:literal, |$S:ident| $layer:ty) => {{
        type Layer<$S> = $layer;
        check_in::<f32, Layer<f32>>($name, TOLERANCE);
        check_in::<f64, Layer<f64>>($name, TOLERANCE_F64);
    }};
}

type Square<const KERNEL: usize, const STRIDE: usize = 1, const PADDING: usize = 0, const DILATION: usize = 1> =
    (Window<KERNEL, STRIDE, PADDING, DILATION>, Window<KERNEL, STRIDE, PADDING, DILATION>);

#[test]
fn convolutions() {
    check!("conv2d_plain", |S| Conv<[[[S; 8]; 9]; 3], [[[S; 6]; 7]; 5], [[[[S; 3]; 3]; 3]; 5], Square<3>>);
    check!("conv2d_stride2_pad1", |S| Conv<[[[S; 8]; 9]; 3], [[[S; 4]; 5]; 6], [[[[S; 3]; 3]; 3]; 6], Square<3, 2, 1>>);
    check!("conv2d_dilation2", |S| Conv<[[[S; 9]; 10]; 2], [[[S; 5]; 6]; 4], [[[[S; 3]; 3]; 2]; 4], Square<3, 1, 0, 2>>);
    check!("conv2d_groups2", |S| Conv<[[[S; 7]; 7]; 4], [[[S; 7]; 7]; 6], [[[[S; 3]; 3]; 2]; 6], Square<3, 1, 1>>);
    check!("conv2d_depthwise", |S| Conv<[[[S; 7]; 7]; 6], [[[S; 7]; 7]; 6], [[[[S; 3]; 3]; 1]; 6], Square<3, 1, 1>>);
    check!("conv1d_stride2_pad2", |S| Conv<[[S; 17]; 3], [[S; 9]; 5], [[[S; 5]; 3]; 5], Window<5, 2, 2>>);
}

#[test]
fn pools() {
    check!("maxpool2d_2", |S| MaxPool<[[[S; 8]; 8]; 4], [[[S; 4]; 4]; 4], Square<2, 2>>);
    check!("maxpool2d_3_stride2_pad1", |S| MaxPool<[[[S; 9]; 9]; 4], [[[S; 5]; 5]; 4], Square<3, 2, 1>>);
    check!("avgpool2d_2", |S| AvgPool<[[[S; 8]; 8]; 4], [[[S; 4]; 4]; 4], Square<2, 2>>);
    check!("globalavgpool2d", |S| GlobalAvgPool<[[[S; 5]; 7]; 4]>);
}

#[test]
fn batch_normalisation() {
    check!("batchnorm2d_train", |S| BatchNorm<[[[S; 6]; 6]; 4]>);
}

fnn::network! { struct WithBatchNorm: [7] -> [5] { l0: Dense(12), l1: BatchNorm, Relu, l3: Dense(5) } }
fnn::network! { struct WithLayerNorm: [7] -> [5] { l0: Dense(12), l1: LayerNorm, Tanh, l3: Dense(5) } }

/// A network's weights, or gradients by them, in our order: `l0.weight` is `0.weight` there, and transposed. What isn't
/// there is 0.
fn weights<N: Parameters>(network: &N, tensors: &Tensors, prefix: &str) -> Vec<f64> {
    let mut weights = Vec::new();
    network.for_each(&mut |name, shape, _| {
        let name = name.to_string();
        let numbers = tensors.find(&format!("{prefix}{}", name.trim_start_matches('l')));
        let zeros = vec![0.0; shape.length()];
        let numbers = numbers.unwrap_or(&zeros);
        assert_eq!(numbers.len(), shape.length(), "{name}");
        match *shape.sizes() {
            [inputs, outputs] => {
                let places = (0..inputs).flat_map(|input| (0..outputs).map(move |output| output * inputs + input));
                weights.extend(places.map(|place| numbers[place]));
            }
            _ => weights.extend(numbers),
        }
    });
    weights
}

/// A network in training: outputs, and for each loss its gradients, all samples being one batch.
fn check_network<N>(name: &str) -> (Box<N>, Box<N>)
where
    N: Layer<Scalar = f32, Input = [f32; 7], Output = [f32; 5]>,
{
    let mut network = N::zeroed_box();
    let start = weights(&*network, &Tensors::read(&format!("{name}.weights")), "");
    for (weight, value) in network.parameters_mut().iter_mut().zip(start) {
        *weight = value as f32;
    }
    let tensors = Tensors::read(name);
    let inputs: Vec<[f32; 7]> = samples_of(tensors.get("x"));
    let outputs = passes(&*network, &inputs, &vec![[0.0; 5]; inputs.len()]).outputs;
    compare("out", Sample::flat(&outputs), tensors.get("out"), TOLERANCE);

    let real: Vec<[f32; 5]> = samples_of(tensors.get("y_real"));
    let mut gradient = check_loss(&tensors, "mse", &*network, &MeanSquaredError, &inputs, &real);
    check_loss(&tensors, "l1", &*network, &MeanAbsoluteError, &inputs, &real);
    check_loss(&tensors, "huber", &*network, &Huber::default(), &inputs, &real);
    check_loss(&tensors, "ce", &*network, &CrossEntropy, &inputs, &tensors.classes("y_class"));
    let binary: Vec<[f32; 5]> = samples_of(tensors.get("y_binary"));
    check_loss(&tensors, "bce_logits", &*network, &BinaryCrossEntropy, &inputs, &binary);

    // One step of no length is what remains of a forward pass: running statistics.
    for (index, value) in gradient.parameters_mut().iter_mut().enumerate() {
        let mut measured = false;
        N::measured(&mut |range| measured |= range.contains(&index));
        if !measured {
            *value = 0.0;
        }
    }
    let before = network.boxed_copy();
    let sgd = Sgd::new(0.1).weight_decay(0.0);
    sgd.step(&mut *network, &*gradient, &mut State::new());
    (before, network)
}

fn check_loss<N, T>(
    tensors: &Tensors,
    name: &str,
    network: &N,
    loss: &impl Loss<[f32; 5], T>,
    inputs: &[[f32; 7]],
    targets: &[T],
) -> Box<N>
where
    N: Layer<Scalar = f32, Input = [f32; 7], Output = [f32; 5]>,
{
    let mut gradient = N::zeroed_box();
    let mut input_gradients = vec![[0.0; 7]; inputs.len()];
    let mut memory = Backpropagation::<N, 6>::boxed();
    let mean = memory.gradients(network, loss, inputs, targets, &mut gradient, &mut input_gradients);
    compare("loss", &[mean], tensors.get(&format!("{name}.loss")), TOLERANCE);
    let by_inputs = tensors.get(&format!("{name}.grad_x"));
    let mut largest = compare(name, Sample::flat(&input_gradients), by_inputs, TOLERANCE);
    let expected = weights(&*gradient, tensors, &format!("{name}.grad."));
    N::trained(&mut |range| {
        let what = format!("{name}: gradient by the weights");
        largest = largest.max(compare(&what, &gradient.parameters()[range.clone()], &expected[range], TOLERANCE));
    });
    println!("{}, {name}: largest deviation {largest:.1e}", N::KIND);
    gradient
}

#[test]
fn a_network_with_batch_normalisation() {
    let (before, after) = check_network::<WithBatchNorm>("bn1d_train");
    let tensors = Tensors::read("bn1d_train");
    compare("running mean", &after.l1.running_mean, tensors.get("after.1.running_mean"), 1e-6);
    compare("running variance", &after.l1.running_var, tensors.get("after.1.running_var"), 1e-6);
    assert_eq!(f64::from(after.l1.num_batches_tracked), tensors.get("after.1.num_batches_tracked")[0]);
    assert_eq!((&before.l0, &before.l3), (&after.l0, &after.l3));
    assert_eq!((before.l1.weight, before.l1.bias), (after.l1.weight, after.l1.bias));
}

#[test]
fn a_network_with_layer_normalisation() {
    let (before, after) = check_network::<WithLayerNorm>("layernorm");
    assert_eq!(before.parameters(), after.parameters());
}
