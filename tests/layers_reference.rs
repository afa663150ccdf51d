//! Single layers against PyTorch: outputs, and gradients of the inputs and of every weight.
//!
//! The absolute deviation from PyTorch's results in `f64` is at most 1e-5 in `f32` and 1e-9 in `f64`; PyTorch's own results in
//! `f32` deviate by up to 1.7e-5. `--nocapture` prints a table.

#[path = "layers_reference/declared.rs"]
mod declared;
#[path = "support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;
#[path = "layers_reference/padded.rs"]
mod padded;
#[path = "support/pass.rs"]
mod pass;

use std::collections::BTreeSet;

use fixtures::{Tensors, compare};
use fnn::graph::Node;
use fnn::layers::{AvgPool, BatchNorm, Conv, GlobalAvgPool, MaxPool, Window};
use fnn::{
    Layer, Network, Parameters, Scalar,
    layers::Sample,
    losses::{BinaryCrossEntropy, CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError},
    optimizers::{Optimizer, Sgd, State},
    train::GradientBuffers,
};
use pass::{passes, samples_of};

const TOLERANCE: f64 = 1e-5;
const TOLERANCE_F64: f64 = 1e-9;

/// The largest deviation of a layer from PyTorch.
struct Row {
    layer: String,
    /// The network's graph, if it is declared.
    graph: Option<&'static Node>,
    /// In `f32`.
    single: f64,
    /// In `f64`, if PyTorch's numbers have that precision.
    double: Option<f64>,
}

#[test]
fn layers_are_those_of_pytorch() {
    let mut rows: Vec<_> =
        [convolutions(), pools(), blocks(), declared::rows(), padded::rows()].into_iter().flatten().collect();
    with_batch_normalization(&mut rows);
    with_layer_normalization(&mut rows);
    println!("{:<36} {:>8} {:>8}", "largest deviation of", "f32", "f64");
    for Row { layer, single, double, .. } in &rows {
        let double = double.map_or(String::new(), |double| format!("{double:.1e}"));
        println!("{layer:<36} {single:>8.1e} {double:>8}");
    }
    every_kind_is_among(&rows);
}

macro_rules! names {
    (documentation: [$($row:literal)*] kinds: [$($kind:ident { $($entry:tt)* })*]) => { [$(stringify!($kind)),*] };
}

/// Each kind of the macro's table is one of these layers, but for dropout, whose random numbers are our own.
fn every_kind_is_among(rows: &[Row]) {
    let mut seen = BTreeSet::from(["Dropout"]);
    for graph in rows.iter().filter_map(|row| row.graph) {
        graph.for_each(&mut |visit| {
            seen.insert(visit.node.kind);
        });
    }
    let kinds = fnn::macro_support::kinds!(names);
    let missing: Vec<_> = kinds.into_iter().filter(|kind| !seen.contains(kind)).collect();
    assert!(missing.is_empty(), "no layer of PyTorch's is here for {missing:?}");
}

/// One layer, forward and backward, with all samples in one batch.
fn check_in<S: Scalar, L: Layer<Scalar = S, Input: Sample<Element = S>>>(name: &str, tolerance: f64) -> f64 {
    let tensors = Tensors::read(&format!("layer.{name}"));
    let mut layer = L::zeroed_box();
    let before = weights(&*layer, &tensors, |name| format!("before.{name}"));
    layer.parameters_mut().copy_from_slice(&before.into_iter().map(S::from_f64).collect::<Vec<_>>());

    let inputs = samples_of::<L::Input>(tensors.get("x"));
    let output_gradients = samples_of::<L::Output>(tensors.get("grad_out"));
    let passes = passes(&*layer, &inputs, &output_gradients);
    let mut largest = 0.0f64;
    let mut compare_to = |what: &str, ours: &[S], theirs: &[f64], tolerance| {
        largest = largest.max(compare(&format!("{name}: {what}"), ours, theirs, tolerance));
    };
    let tensor = |name: &str| tensors.get(&format!("{name}.f64"));
    compare_to("out", Sample::flat(&passes.outputs), tensor("out"), tolerance);
    let mut measures = false;
    L::running_statistics(&mut |_| measures = true);
    if !measures {
        // Inference is the same as training.
        compare_to("out", Sample::flat(&layer.forward_all(&inputs)), tensor("out"), tolerance);
    }
    compare_to("grad_x", Sample::flat(&passes.input_gradients), tensor("grad_x"), tolerance);
    let gradient = weights(&*layer, &tensors, |name| format!("grad.{name}.f64"));
    L::trained(&mut |range| {
        compare_to("grad", &passes.gradient.parameters()[range.clone()], &gradient[range], tolerance);
    });
    layer.absorb(&passes.gradient);
    layer.for_each(&mut |name, _, values| {
        let after = format!("after.{name}");
        if let Some(expected) = tensors.find(&after) {
            // PyTorch's numbers have only the precision of `f32`, so the table leaves it out.
            compare(&format!("{name}: {after}"), values, expected, tolerance.max(1e-6));
        }
    });
    largest
}

/// One row per layer.
macro_rules! rows {
    ($($name:literal: |$S:ident| $layer:ty),* $(,)?) => {
        vec![$({
            type Layer<$S> = $layer;
            let single = check_in::<f32, Layer<f32>>($name, TOLERANCE);
            Row { layer: $name.into(), graph: None, single, double: Some(check_in::<f64, Layer<f64>>($name, TOLERANCE_F64)) }
        }),*]
    };
}

type Square<const KERNEL: usize, const STRIDE: usize = 1, const PADDING: usize = 0, const DILATION: usize = 1> =
    (Window<KERNEL, STRIDE, PADDING, DILATION>, Window<KERNEL, STRIDE, PADDING, DILATION>);

fn convolutions() -> Vec<Row> {
    rows! {
    "conv2d_plain": |S| Conv<[[[S; 8]; 9]; 3], [[[S; 6]; 7]; 5], [[[[S; 3]; 3]; 3]; 5], Square<3>>,
    "conv2d_stride2_pad1": |S| Conv<[[[S; 8]; 9]; 3], [[[S; 4]; 5]; 6], [[[[S; 3]; 3]; 3]; 6], Square<3, 2, 1>>,
    "conv2d_dilation2": |S| Conv<[[[S; 9]; 10]; 2], [[[S; 5]; 6]; 4], [[[[S; 3]; 3]; 2]; 4], Square<3, 1, 0, 2>>,
    "conv2d_groups2": |S| Conv<[[[S; 7]; 7]; 4], [[[S; 7]; 7]; 6], [[[[S; 3]; 3]; 2]; 6], Square<3, 1, 1>>,
    "conv2d_depthwise": |S| Conv<[[[S; 7]; 7]; 6], [[[S; 7]; 7]; 6], [[[[S; 3]; 3]; 1]; 6], Square<3, 1, 1>>,
    "conv1d_stride2_pad2": |S| Conv<[[S; 17]; 3], [[S; 9]; 5], [[[S; 5]; 3]; 5], Window<5, 2, 2>>,
    }
}

fn pools() -> Vec<Row> {
    rows! {
    "maxpool2d_2": |S| MaxPool<[[[S; 8]; 8]; 4], [[[S; 4]; 4]; 4], Square<2, 2>>,
    "maxpool2d_3_stride2_pad1": |S| MaxPool<[[[S; 9]; 9]; 4], [[[S; 5]; 5]; 4], Square<3, 2, 1>>,
    "avgpool2d_2": |S| AvgPool<[[[S; 8]; 8]; 4], [[[S; 4]; 4]; 4], Square<2, 2>>,
    "globalavgpool2d": |S| GlobalAvgPool<[[[S; 5]; 7]; 4]>,
    }
}

fnn::network! { struct Around: [10] -> [10] { block: Residual { a: Dense(12), Relu, b: Dense(10) } } }

fn blocks() -> Vec<Row> {
    rows! {
        "residual_linear": |S| Around<S>,
        "batchnorm2d_train": |S| BatchNorm<[[[S; 6]; 6]; 4]>,
    }
}

fnn::network! { struct WithBatchNorm: [7] -> [5] { l0: Dense(12), l1: BatchNorm, Relu, l3: Dense(5) } }
fnn::network! { struct WithLayerNorm: [7] -> [5] { l0: Dense(12), l1: LayerNorm, Tanh, l3: Dense(5) } }

/// Weights or their gradients in our order, where `tensor` gives PyTorch's names: dense weights are transposed, and missing tensors
/// are 0.
fn weights<N: Parameters>(network: &N, tensors: &Tensors, tensor: impl Fn(&str) -> String) -> Vec<f64> {
    let mut weights = Vec::new();
    network.for_each(&mut |name, shape, _| {
        let name = name.to_string();
        // `l0.weight` is `0.weight` in PyTorch.
        let numbers = tensors.find(&tensor(name.trim_start_matches("block.").trim_start_matches('l')));
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

/// A network in training mode: outputs, and the gradients of each loss, with all samples in one batch.
fn check_network<N>(name: &str, rows: &mut Vec<Row>) -> (Box<N>, Box<N>)
where
    N: Layer<Scalar = f32, Input = [f32; 7], Output = [f32; 5]>,
{
    let mut network = N::zeroed_box();
    let start = weights(&*network, &Tensors::read(&format!("{name}.weights")), str::to_owned);
    for (weight, value) in network.parameters_mut().iter_mut().zip(start) {
        *weight = value as f32;
    }
    let tensors = Tensors::read(name);
    let inputs: Vec<[f32; 7]> = samples_of(tensors.get("x"));
    let outputs = passes(&*network, &inputs, &vec![[0.0; 5]; inputs.len()]).outputs;
    let mut row =
        |what: &str, single| rows.push(Row { layer: format!("{name}, {what}"), graph: None, single, double: None });
    row("out", compare("out", Sample::flat(&outputs), tensors.get("out"), TOLERANCE));

    let classes = tensors.classes("y_class");
    let (real, binary) = (samples_of::<[f32; 5]>(tensors.get("y_real")), samples_of(tensors.get("y_binary")));
    let (mut gradient, largest) = check_loss(&tensors, "mse", &*network, &MeanSquaredError, &inputs, &real);
    row("mse", largest);
    row("l1", check_loss(&tensors, "l1", &*network, &MeanAbsoluteError, &inputs, &real).1);
    row("huber", check_loss(&tensors, "huber", &*network, &Huber::default(), &inputs, &real).1);
    row("ce", check_loss(&tensors, "ce", &*network, &CrossEntropy, &inputs, &classes).1);
    row("bce_logits", check_loss(&tensors, "bce_logits", &*network, &BinaryCrossEntropy, &inputs, &binary).1);

    // A step with learning rate 0 changes only the running statistics.
    for (index, value) in gradient.parameters_mut().iter_mut().enumerate() {
        let mut statistic = false;
        N::running_statistics(&mut |range| statistic |= range.contains(&index));
        if !statistic {
            *value = 0.0;
        }
    }
    let before = network.boxed_copy();
    let sgd = Sgd::new(0.1).weight_decay(0.0);
    sgd.step(&mut *network, &*gradient, &mut State::new());
    (before, network)
}

/// The mean loss and its gradients, and their largest deviation from PyTorch.
fn check_loss<N, T>(
    tensors: &Tensors,
    name: &str,
    network: &N,
    loss: &impl Loss<[f32; 5], T>,
    inputs: &[[f32; 7]],
    targets: &[T],
) -> (Box<N>, f64)
where
    N: Layer<Scalar = f32, Input = [f32; 7], Output = [f32; 5]>,
{
    let mut gradient = N::zeroed_box();
    let mut input_gradients = vec![[0.0; 7]; inputs.len()];
    let mut memory = GradientBuffers::<N, 6>::boxed();
    let mean = memory.gradients(network, loss, inputs, targets, &mut gradient, &mut input_gradients);
    let mut largest = compare("loss", &[mean], tensors.get(&format!("{name}.loss")), TOLERANCE);
    let by_inputs = tensors.get(&format!("{name}.grad_x"));
    largest = largest.max(compare(name, Sample::flat(&input_gradients), by_inputs, TOLERANCE));
    let expected = weights(&*gradient, tensors, |weight| format!("{name}.grad.{weight}"));
    N::trained(&mut |range| {
        let what = format!("{name}: gradient by the weights");
        largest = largest.max(compare(&what, &gradient.parameters()[range.clone()], &expected[range], TOLERANCE));
    });
    (gradient, largest)
}

fn with_batch_normalization(rows: &mut Vec<Row>) {
    let (before, after) = check_network::<WithBatchNorm>("bn1d_train", rows);
    let tensors = Tensors::read("bn1d_train");
    compare("running mean", &after.l1.running_mean, tensors.get("after.1.running_mean"), 1e-6);
    compare("running variance", &after.l1.running_var, tensors.get("after.1.running_var"), 1e-6);
    assert_eq!(f64::from(after.l1.num_batches_tracked), tensors.get("after.1.num_batches_tracked")[0]);
    assert_eq!((&before.l0, &before.l3), (&after.l0, &after.l3));
    assert_eq!((before.l1.weight, before.l1.bias), (after.l1.weight, after.l1.bias));
}

fn with_layer_normalization(rows: &mut Vec<Row>) {
    let (before, after) = check_network::<WithLayerNorm>("layernorm", rows);
    assert_eq!(before.parameters(), after.parameters());
}
