//! What is measured, and what must not panic: inference and training steps, each in a function of its own.

use core::hint::black_box;

use fnn::{Backpropagation, CrossEntropy, MeanSquaredError, Optimizer, Quantized, Sgd, State};

use crate::{Digits, Flowers, SmallDigits, Xor};

/// Inference of 784-128-10.
#[inline(never)]
pub fn digits(network: &Digits, pixels: &[f32; 784]) -> [f32; 10] {
    network.forward(pixels)
}

/// Inference of 784-32-10 in 8 bits.
#[inline(never)]
pub fn digits_int8(network: &Quantized<SmallDigits>, pixels: &[i8; 784]) -> [i8; 10] {
    network.forward_integers(pixels)
}

/// Inference of 4-16-16-3.
#[inline(never)]
pub fn flowers(network: &Flowers, measurements: &[f32; 4]) -> [f32; 3] {
    network.forward(measurements)
}

/// Inference of 4-16-16-3 in 8 bits.
#[inline(never)]
pub fn flowers_int8(network: &Quantized<Flowers>, measurements: &[i8; 4]) -> [i8; 3] {
    network.forward_integers(measurements)
}

/// Everything that training holds beside the weights.
#[allow(missing_debug_implementations, reason = "nobody prints it")]
pub struct Training<N: fnn::Layer, const B: usize> {
    /// The weights.
    pub network: N,
    gradient: N,
    memory: Backpropagation<N, B>,
    state: State<N, 0>,
}

impl<N: fnn::Layer<Scalar = f32>, const B: usize> Training<N, B> {
    /// Before the first step.
    pub fn new(network: N) -> Self {
        Self { network, gradient: N::zeroed(), memory: Backpropagation::new(), state: State::new() }
    }
}

/// A step of 4-16-16-3, with one sample.
#[inline(never)]
pub fn flowers_step(training: &mut Training<Flowers, 1>, measurements: &[[f32; 4]; 1], kind: &[usize; 1]) -> f32 {
    let Training { network, gradient, memory, state } = training;
    let loss = memory.gradient(network, &CrossEntropy, measurements, kind, gradient);
    Sgd::new(0.02).step(network, gradient, state);
    loss
}

/// A step of 2-8-1, with four samples.
#[inline(never)]
pub fn xor_step(training: &mut Training<Xor, 4>, inputs: &[[f32; 2]; 4], targets: &[[f32; 1]; 4]) -> f32 {
    let Training { network, gradient, memory, state } = training;
    let loss = memory.gradient(network, &MeanSquaredError, inputs, targets, gradient);
    Sgd::new(2.0).step(network, gradient, state);
    loss
}

/// An index that may be out of bounds: what the link must find.
#[cfg(feature = "index")]
#[inline(never)]
pub fn index(values: &[f32; 10], index: usize) -> f32 {
    values[index]
}

/// Do all of it, with values that the compiler doesn't know.
#[cfg(not(feature = "host"))]
pub fn everything() {
    use crate::digits::{DIGITS, FLOWERS, FLOWERS_INT8, SMALL_DIGITS};
    let scores = digits(black_box(&DIGITS), black_box(&[0.5; 784]));
    black_box(digits_int8(black_box(&SMALL_DIGITS), black_box(&[5; 784])));
    black_box(flowers(black_box(&FLOWERS), black_box(&[0.5; 4])));
    black_box(flowers_int8(black_box(&FLOWERS_INT8), black_box(&[5; 4])));
    let mut training = Training::new(Flowers::zeroed());
    black_box(flowers_step(black_box(&mut training), black_box(&[[0.5; 4]]), black_box(&[1])));
    let mut training = Training::new(Xor::zeroed());
    black_box(xor_step(black_box(&mut training), black_box(&[[0.5; 2]; 4]), black_box(&[[0.5]; 4])));
    #[cfg(feature = "index")]
    black_box(index(&scores, black_box(3)));
    black_box(scores);
}
