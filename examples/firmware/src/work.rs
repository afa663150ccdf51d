//! The operations that are measured and must not panic: inference and training steps, one function each.

use core::hint::black_box;

use fnn::{
    Quantized,
    losses::{CrossEntropy, MeanSquaredError},
    optimizers::{Optimizer, Sgd, State},
    train::{GradientBuffers, InPlaceBuffers},
};

use crate::digits::{DIGITS, FLOWERS, FLOWERS_INT8, LENET_INT8, SMALL_DIGITS};
use crate::{Digits, Flowers, LeNet, SmallDigits, Xor, tuning};

/// Inference of 784-128-10.
#[inline(never)]
pub fn digits(network: &Digits, pixels: &[f32; 784]) -> [f32; 10] {
    network.forward(pixels)
}

/// Inference of 784-32-10 in int8.
#[inline(never)]
pub fn digits_int8(network: &Quantized<SmallDigits>, pixels: &[i8; 784]) -> [i8; 10] {
    network.forward_integers(pixels)
}

/// Inference of LeNet in int8.
#[inline(never)]
pub fn lenet_int8(network: &Quantized<LeNet>, image: &[[[i8; 28]; 28]; 1]) -> [i8; 10] {
    network.forward_integers(image)
}

/// LeNet in int8 in the bytes of a file, which are checked.
#[inline(never)]
pub fn read_lenet_int8(file: &[u8]) -> Option<&Quantized<LeNet>> {
    Quantized::<LeNet>::read(file).ok()
}

/// Inference of 4-16-16-3.
#[inline(never)]
pub fn flowers(network: &Flowers, measurements: &[f32; 4]) -> [f32; 3] {
    network.forward(measurements)
}

/// Inference of 4-16-16-3 in int8.
#[inline(never)]
pub fn flowers_int8(network: &Quantized<Flowers>, measurements: &[i8; 4]) -> [i8; 3] {
    network.forward_integers(measurements)
}

/// A training step of 4-16-16-3 in place, one sample.
#[inline(never)]
pub fn flowers_step(
    network: &mut Flowers,
    memory: &mut InPlaceBuffers<Flowers, 1>,
    sample: &[f32; 4],
    kind: usize,
) -> f32 {
    memory.train(network, &CrossEntropy, &Sgd::new(0.02), core::slice::from_ref(sample), &[kind])
}

/// The same with momentum.
#[inline(never)]
pub fn flowers_momentum(
    network: &mut Flowers,
    memory: &mut InPlaceBuffers<Flowers, 1, 1>,
    sample: &[f32; 4],
    kind: usize,
) -> f32 {
    memory.train(network, &CrossEntropy, &Sgd::new(0.02).momentum(0.9), core::slice::from_ref(sample), &[kind])
}

/// A training step of the last layer of 784-32-10, one sample.
#[inline(never)]
pub fn tuning_step(
    network: &mut tuning::Network,
    memory: &mut tuning::Memory,
    pixels: &[f32; 784],
    digit: usize,
) -> f32 {
    memory.train(network, &CrossEntropy, &Sgd::new(0.02), core::slice::from_ref(pixels), &[digit])
}

/// A training step of the last layer of 784-32-10 on features in int8, one sample.
#[inline(never)]
pub fn tuning_step_int8(
    network: &mut tuning::NetworkInt8,
    memory: &mut tuning::MemoryInt8,
    pixels: &[f32; 784],
    digit: usize,
) -> f32 {
    memory.train(network, &CrossEntropy, &Sgd::new(0.02), core::slice::from_ref(pixels), &[digit])
}

/// The memory, besides the weights, of training with an optimizer that has a state.
#[allow(missing_debug_implementations, reason = "nobody prints it")]
pub struct Training {
    gradient: Xor,
    memory: GradientBuffers<Xor, 4>,
    state: State<Xor, 1>,
}

impl Training {
    /// Memory before the first step.
    pub fn new() -> Self {
        Self { gradient: Xor::zeroed(), memory: GradientBuffers::new(), state: State::new() }
    }
}

impl Default for Training {
    fn default() -> Self {
        Self::new()
    }
}

/// A training step of 2-8-1 with momentum, four samples.
#[inline(never)]
pub fn xor_step(network: &mut Xor, training: &mut Training, inputs: &[[f32; 2]; 4], targets: &[[f32; 1]; 4]) -> f32 {
    let Training { gradient, memory, state } = training;
    let loss = memory.gradient(network, &MeanSquaredError, inputs, targets, gradient);
    Sgd::new(0.5).momentum(0.9).step(network, gradient, state);
    loss
}

/// The gradients of 2-8-1's weights and inputs from output gradients.
#[inline(never)]
pub fn xor_gradient(network: &Xor, training: &mut Training, inputs: &[[f32; 2]; 4], by_inputs: &mut [[f32; 2]; 4]) {
    let Training { gradient, memory, .. } = training;
    let pass = memory.forward(network, inputs);
    pass.backward_to_inputs(&[[1.0]; 4], gradient, by_inputs);
}

/// An index that may be out of bounds, which must fail to link.
#[cfg(feature = "index")]
#[inline(never)]
pub fn index(values: &[f32; 10], index: usize) -> f32 {
    values[index]
}

/// Run all of it, with values that the compiler can't know. The initial weights are zeros, because seeded weights are computed in
/// `f64`, to be the same on every machine.
pub fn everything() {
    let scores = digits(black_box(&DIGITS), black_box(&[0.5; 784]));
    black_box(digits_int8(black_box(&SMALL_DIGITS), black_box(&[5; 784])));
    black_box(lenet_int8(black_box(&LENET_INT8), black_box(&[[[5; 28]; 28]])));
    black_box(flowers(black_box(&FLOWERS), black_box(&[0.5; 4])));
    black_box(flowers_int8(black_box(&FLOWERS_INT8), black_box(&[5; 4])));
    let (mut network, mut memory) = (Flowers::zeroed(), InPlaceBuffers::new());
    black_box(flowers_step(black_box(&mut network), black_box(&mut memory), black_box(&[0.5; 4]), black_box(1)));
    let mut memory = InPlaceBuffers::new();
    black_box(flowers_momentum(black_box(&mut network), black_box(&mut memory), black_box(&[0.5; 4]), black_box(1)));
    let (mut network, mut memory) = (tuning::network(), tuning::Memory::new());
    black_box(tuning_step(black_box(&mut network), black_box(&mut memory), black_box(&[0.5; 784]), black_box(9)));
    let (mut network, mut training) = (Xor::zeroed(), Training::new());
    let (inputs, targets) = ([[0.5; 2]; 4], [[0.5]; 4]);
    black_box(xor_step(black_box(&mut network), black_box(&mut training), black_box(&inputs), black_box(&targets)));
    let mut by_inputs = [[0.0; 2]; 4];
    xor_gradient(black_box(&network), black_box(&mut training), black_box(&inputs), black_box(&mut by_inputs));
    black_box(by_inputs);
    #[cfg(feature = "index")]
    black_box(index(&scores, black_box(3)));
    black_box(scores);
}
