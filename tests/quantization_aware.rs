//! Quantization-aware training: the forward pass computes what the int8 network will, and gradients pass straight through the
//! rounding.

#![cfg(feature = "alloc")]

use fnn::layers::{Dense, zeroed};
use fnn::quantized::{FakeQuantize, FakeWeights, Quantization};
use fnn::{
    Network, Parameters, Quantized, Random,
    layers::Sample,
    losses::MeanSquaredError,
    optimizers::{Optimizer, Sgd, State},
    quantized::{Aware, QuantizationAware, Quantize},
    train::GradientBuffers,
};

fnn::network! {
    #[quantizable]
    struct Images: [2, 9, 8] -> [5] {
        first: Conv2d(5, kernel = (3, 2), padding = 1, stride = (2, 1)),
        Relu,
        pool: MaxPool2d(2, padding = 1),
        depthwise: DepthwiseConv2d(kernel = 3, padding = same),
        Relu6,
        around: Residual { Conv2d(5, kernel = 3, padding = same), Tanh },
        Relu,
        AvgPool2d(2),
        Flatten,
        out: Dense(5),
    }
}

fnn::network! {
    #[quantizable]
    struct Probabilities<const HIDDEN: usize>: [6] -> [3] {
        hidden: Dense(HIDDEN, bias = false),
        hidden_range: LeakyRelu,
        inside: Residual { { Dense(4) }, { Dense(4), Sigmoid } },
        scores: Dense(3),
        Softmax,
    }
}

fn samples<A: Sample<Element = f32>>(count: usize) -> Vec<A> {
    let mut random = Random::new(6);
    let mut samples = vec![zeroed::<A>(); count];
    for number in A::flat_mut(&mut samples) {
        *number = (2.0 * random.uniform() - 0.7) as f32;
    }
    samples
}

/// Quantizing a network directly, or by way of its quantization-aware form, gives the same integers.
fn there_and_back<N>(network: &N) -> (Box<Aware<N>>, Box<Quantized<N>>)
where
    N: QuantizationAware<Scalar = f32> + Quantize,
{
    let samples = samples::<N::Input>(40);
    let aware = network.quantization_aware(&samples).unwrap();
    let quantized = N::quantize_aware(&aware);
    assert!(*quantized == network.quantize(&samples).unwrap());
    (aware, quantized)
}

#[test]
fn the_aware_network_computes_what_the_integers_do() {
    let (aware, quantized) = there_and_back(&Images::seeded(3));
    for sample in samples(40) {
        let (scores, others) = (aware.forward(&sample), quantized.forward(&sample));
        for (score, other) in scores.iter().zip(others) {
            // Where the two round differently, it is by one step inside, and so by about one step in the end.
            assert!((score - other).abs() <= 2.01 * quantized.output.scale, "{scores:?} {others:?}");
        }
    }
}

#[test]
fn networks_with_parameters_and_probabilities_are_aware_too() {
    let (aware, quantized) = there_and_back(&Probabilities::<7>::seeded(2));
    for sample in samples(40) {
        for (score, other) in aware.forward(&sample).iter().zip(quantized.forward(&sample)) {
            assert!((score - other).abs() <= 3.0 / 256.0);
        }
    }
}

#[test]
fn numbers_are_rounded_as_the_integers_are() {
    for (low, high) in [(-1.0f32, 1.0f32), (0.0, 6.0), (-3.0, 0.0), (-0.1, 25.0)] {
        let quantization = Quantization::of_range(low, high);
        let layer = FakeQuantize::<[f32; 33]> { range: [low, high] };
        for sample in samples::<[f32; 33]>(20) {
            let x = sample.map(|x| 1.3 * high * x);
            for (x, y) in x.iter().zip(layer.forward(&x)) {
                let expected = quantization.dequantize(quantization.quantize(*x));
                // Except for numbers halfway between two integers.
                let halfway = ((x / quantization.scale).fract().abs() - 0.5).abs() < 1e-4;
                assert!((y - expected).abs() < 1e-5 || halfway, "{x}: {y}, not {expected}");
            }
        }
    }
}

#[test]
fn gradients_go_through_within_the_range() {
    fnn::network! {
        #[quantizable]
        struct Bias: [1] -> [4] { biases: Dense(4) }
    }
    let mut aware = Bias::zeroed().quantization_aware(&[[0.0]]).unwrap();
    aware.layers.biases.layer.bias = [-1.5, -0.3, 1.9, 2.3];
    aware.layers.biases_range.range = [-1.0, 2.0];
    let mut gradient = <Aware<Bias>>::zeroed_box();
    let outputs = aware.forward(&[0.0]);
    assert!((outputs[0] + 1.0).abs() < 0.01 && (outputs[3] - 2.0).abs() < 0.01, "{outputs:?}");
    // The squared error's gradient with respect to the outputs is 2·(y − t)/4.
    let targets = [outputs.map(|y| y - 2.0)];
    GradientBuffers::<Aware<Bias>, 1>::new().gradient(&aware, &MeanSquaredError, &[[0.0]], &targets, &mut gradient);
    assert_eq!(gradient.layers.biases.layer.bias, [0.0, 1.0, 1.0, 0.0]);

    let mut by_layer_before = FakeWeights { layer: Dense::<1, 1> { weight: [[0.0]], bias: [0.0] } };
    let before = FakeWeights { layer: Dense::<1, 1> { weight: [[0.3]], bias: [0.5] } };
    let mut memory = GradientBuffers::<FakeWeights<Dense<1, 1>>, 1>::new();
    memory.gradient(&before, &MeanSquaredError, &[[2.0]], &[[0.0]], &mut by_layer_before);
    // A single weight is 127 times its scale, so y = 0.3·2 + 0.5, and dw = 2·y·x.
    approx::assert_relative_eq!(by_layer_before.layer.weight[0][0], 2.0 * 1.1 * 2.0, max_relative = 1e-5);
}

#[test]
fn weights_learn_to_be_rounded() {
    let samples = samples::<[f32; 6]>(40);
    let targets: Vec<_> = samples.iter().map(|x| [x[0] * x[1], x[2].max(x[3]), x[4] - x[5]]).collect();
    fnn::network! {
        #[quantizable]
        struct Function: [6] -> [3] { Dense(16), Relu, Dense(3) }
    }
    let mut aware = Function::seeded(1).quantization_aware(&samples).unwrap();
    let ranges = |aware: &Aware<Function>| (aware.input.range, aware.layers.dense_2_range.range);
    let before = ranges(&aware);
    let mut gradient = <Aware<Function>>::zeroed_box();
    let mut memory = GradientBuffers::<Aware<Function>, 40>::new();
    let (mut state, optimizer) = (State::new(), Sgd::new(0.1).momentum(0.9).weight_decay(0.001));
    let mut losses = Vec::new();
    for _ in 0..200 {
        losses.push(memory.gradient(&aware, &MeanSquaredError, &samples, &targets, &mut gradient));
        optimizer.step(&mut *aware, &gradient, &mut state);
    }
    assert!(losses[199] < 0.2 * losses[0], "{} {}", losses[0], losses[199]);
    assert_eq!(ranges(&aware), before, "ranges aren't trained");
    let quantized = Function::quantize_aware(&aware);
    let squares = samples.iter().zip(&targets).flat_map(|(sample, target)| {
        quantized.forward(sample).into_iter().zip(*target).map(|(y, t)| (y - t).powi(2)).collect::<Vec<_>>()
    });
    let loss = squares.sum::<f32>() / 120.0;
    assert!((loss - losses[199]).abs() < 0.1 * losses[199] + 1e-3, "{loss} {}", losses[199]);
}
