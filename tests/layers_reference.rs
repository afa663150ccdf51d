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
use fnn::layers::{AvgPool, Conv, GlobalAvgPool, MaxPool, Window};
use fnn::{Layer, Network, Sample, Scalar};
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
    largest = largest.max(compare("out", Sample::flat(&layer.forward_all(&inputs)), tensor("out"), tolerance));
    let by_inputs = Sample::flat(&passes.input_gradients);
    largest = largest.max(compare("grad_x", by_inputs, tensor("grad_x"), tolerance));
    passes.gradient.for_each(&mut |name, _, gradient| {
        let name = format!("grad.{name}");
        largest = largest.max(compare(&name, gradient, tensor(&name), tolerance));
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
