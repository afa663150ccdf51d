//! int8 networks against ONNX Runtime and its quantizer: `tests/fixtures/quantized.py` and `quantized_branches.py`.
//!
//! ONNX Runtime multiplies sums by scales in `f32` and rounds halves to even; we multiply in integers and round halves up. So an
//! integer may be off by one where a sum is nearly halfway, and the results that follow by about as much.

#![cfg(feature = "alloc")]

#[path = "support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;

use fixtures::{Tensors, compare};
use fnn::Network;
use fnn::layers::{Sample, zeroed};
use fnn::quantized::{Calibration, Quantize};

fnn::network! {
    #[quantizable]
    struct Images: [2, 9, 8] -> [5] {
        conv: Conv2d(6, kernel = (3, 2), stride = (2, 1), padding = 1),
        Relu,
        depthwise: DepthwiseConv2d(kernel = 3, padding = 1),
        MaxPool2d(2),
        Flatten,
        dense: Dense(5),
    }
}

fnn::network! {
    #[quantizable]
    struct Branches: [2, 5, 4] -> [5] {
        Concat { { wide: Conv2d(3, kernel = 1), Relu }, { narrow: Conv2d(2, kernel = 3, padding = 1) }, {} },
        Upsample2d(2),
        conv: Conv2d(4, kernel = 3, stride = 2),
        Residual { inside: Conv2d(4, kernel = 1) },
        Flatten,
        dense: Dense(5),
    }
}

/// The same outputs as ONNX Runtime's for its samples, of which `near` may be off by one. `layers` are the names of the fixture's
/// layers; the last one is dense.
fn check<N>(fixture: &str, layers: &[&str], near: usize)
where
    N: Quantize<Output = [f32; 5]>,
{
    let tensors = Tensors::read(fixture);
    let mut network = N::zeroed_box();
    let mut weights = Vec::new();
    let (dense, before) = layers.split_last().unwrap();
    for layer in before {
        weights.extend_from_slice(tensors.get(&format!("{layer}.weight")));
        weights.extend_from_slice(tensors.get(&format!("{layer}.bias")));
    }
    let dense_weights = tensors.get(&format!("{dense}.weight"));
    let features = dense_weights.len() / 5;
    weights.extend((0..features).flat_map(|input| (0..5).map(move |output| dense_weights[output * features + input])));
    weights.extend_from_slice(tensors.get(&format!("{dense}.bias")));
    assert_eq!(weights.len(), N::PARAMETERS);
    for (parameter, weight) in network.parameters_mut().iter_mut().zip(weights) {
        *parameter = weight as f32;
    }
    let mut samples = vec![zeroed::<N::Input>(); 64];
    for (number, &given) in Sample::flat_mut(&mut samples).iter_mut().zip(tensors.get("x")) {
        *number = given as f32;
    }
    compare("logits", Sample::flat(&network.forward_all(&samples)), tensors.get("logits"), 1e-5);

    let quantized = network.quantize_boxed(&samples, Calibration::MinMax).unwrap();
    let scale = tensors.get("scale")[0];
    approx::assert_relative_eq!(f64::from(quantized.output.scale), scale, max_relative = 1e-6);
    assert_eq!(f64::from(quantized.output.zero_point), tensors.get("zero_point")[0]);
    let (mut same, mut off) = (0, 0);
    for (sample, theirs) in samples.iter().zip(tensors.samples::<f32, 5>("quantized")) {
        let mut input = [zeroed()];
        Sample::flat_mut(&mut input).copy_from_slice(sample.elements());
        let output = quantized.forward(&input[0]);
        for (&ours, theirs) in output.elements().iter().zip(theirs) {
            let ours: f32 = ours;
            let steps = (f64::from(ours - theirs) / scale).round().abs();
            assert!(steps <= 1.0, "{ours} and {theirs} are {steps} steps apart");
            (same, off) = if steps == 0.0 { (same + 1, off) } else { (same, off + 1) };
        }
    }
    println!("{same} integers are the same, {off} are off by one");
    assert!(off <= near, "{off} of 320 integers are off by one");
}

#[test]
fn onnx_runtime_finds_and_computes_the_same_integers() {
    check::<Images>("quantized", &["conv", "depthwise", "dense"], 3);
}

/// ONNX Runtime rescales the inputs of a concatenation to its output, too. The sum of the residual block is rounded as often as
/// ours.
#[test]
fn branches_are_those_of_onnx_runtime() {
    check::<Branches>("quantized_branches", &["wide", "narrow", "conv", "inside", "dense"], 3);
}
