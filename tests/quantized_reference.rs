//! int8 networks against ONNX Runtime and its quantizer: `tests/fixtures/quantized.py`.
//!
//! ONNX Runtime multiplies sums by scales in `f32` and rounds halves to even; we multiply in integers and round halves up. So an
//! integer may be off by one where a sum is nearly halfway, and the results that follow by about as much.

#![cfg(feature = "alloc")]

#[path = "support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;

use fixtures::{Tensors, compare};
use fnn::{Quantized, layers::Sample};

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

/// Inputs of the dense layer.
const FEATURES: usize = 48;

#[test]
fn onnx_runtime_finds_and_computes_the_same_integers() {
    let tensors = Tensors::read("quantized");
    let mut network = Images::zeroed();
    let mut weights = Vec::new();
    for name in ["conv.weight", "conv.bias", "depthwise.weight", "depthwise.bias"] {
        weights.extend_from_slice(tensors.get(name));
    }
    let dense = tensors.get("dense.weight");
    weights.extend((0..FEATURES).flat_map(|input| (0..5).map(move |output| dense[output * FEATURES + input])));
    weights.extend_from_slice(tensors.get("dense.bias"));
    assert_eq!(weights.len(), Images::PARAMETERS);
    for (parameter, weight) in network.parameters_mut().iter_mut().zip(weights) {
        *parameter = weight as f32;
    }
    let mut samples = vec![[[[0.0f32; 8]; 9]; 2]; 64];
    for (number, &given) in Sample::flat_mut(&mut samples).iter_mut().zip(tensors.get("x")) {
        *number = given as f32;
    }
    compare("logits", Sample::flat(&network.forward_all(&samples)), tensors.get("logits"), 1e-5);

    let quantized: Quantized<Images> = network.quantize(&samples);
    let scale = tensors.get("scale")[0];
    approx::assert_relative_eq!(f64::from(quantized.output.scale), scale, max_relative = 1e-6);
    assert_eq!(f64::from(quantized.output.zero_point), tensors.get("zero_point")[0]);
    let (mut same, mut near) = (0, 0);
    for (sample, theirs) in samples.iter().zip(tensors.samples::<f32, 5>("quantized")) {
        for (ours, theirs) in quantized.forward(sample).into_iter().zip(theirs) {
            let steps = (f64::from(ours - theirs) / scale).round().abs();
            assert!(steps <= 1.0, "{ours} and {theirs} are {steps} steps apart");
            (same, near) = if steps == 0.0 { (same + 1, near) } else { (same, near + 1) };
        }
    }
    println!("{same} integers are the same, {near} are off by one");
    assert!(near <= 3, "{near} of 320 integers are off by one");
}
