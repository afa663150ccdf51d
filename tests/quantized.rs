//! int8 networks: their integers against naive formulas, their outputs against the float networks that they were quantized from.

#![cfg(feature = "alloc")]

use fnn::quantized::{
    Calibration, CalibrationError, Filters, Quantization, QuantizationAware, Quantize, QuantizedLayer, QuantizedNetwork,
};
use fnn::{Folded, Quantized, Random};

fnn::network! {
    #[quantizable]
    #[derive(Clone, Debug)]
    pub struct Digits: [28, 28] -> [10] {
        Flatten,
        hidden: Dense(32),
        Relu,
        Dropout(0.5),
        logits: Dense(10),
    }
}

fnn::network! {
    #[quantizable]
    struct Odd<const HIDDEN: usize>: [5] -> [3] {
        first: Dense(HIDDEN),
        Relu6,
        second: Dense(3, bias = false),
    }
}

/// Numbers from −1 to 1.
fn numbers<const N: usize>(random: &mut Random) -> [f32; N] {
    std::array::from_fn(|_| (2.0 * random.uniform() - 1.0) as f32)
}

/// TensorFlow Lite's reference: the whole sum in 64 bits, rounded once, halves up.
fn naive<const I: usize, const F: usize>(filters: &Filters<[i8; I], F>, x: &[i8; I]) -> [i8; F] {
    std::array::from_fn(|f| {
        let products = filters.weight[f].iter().zip(x).map(|(&w, &x)| i64::from(w) * i64::from(x));
        let sum = products.sum::<i64>() + i64::from(filters.bias[f]);
        assert_eq!(i64::from(sum as i32), sum, "the sum overflows");
        let n = 33 + u32::from(filters.shift[f]);
        let scaled = (i128::from(sum) * i128::from(filters.mantissa[f]) + (1 << (n - 1))) >> n;
        (scaled + i128::from((filters.requantization.rounding - 1) / 2)).clamp(-128, 127) as i8
    })
}

#[test]
fn dense_layers_are_the_naive_formula() {
    let mut random = Random::new(3);
    fn check<const HIDDEN: usize>(random: &mut Random) {
        let network = Odd::<HIDDEN>::seeded(4);
        let samples: Vec<[f32; 5]> = (0..20).map(|_| numbers(random)).collect();
        let quantized = network.quantize(&samples).unwrap();
        for _ in 0..50 {
            let x = numbers(random).map(|number: f32| (200.0 * number).clamp(-128.0, 127.0) as i8);
            let hidden = naive(&quantized.layers.first.filters, &x);
            assert_eq!(quantized.forward_integers(&x), naive(&quantized.layers.second.filters, &hidden));
        }
    }
    check::<1>(&mut random);
    check::<3>(&mut random);
    check::<4>(&mut random);
    check::<5>(&mut random);
    check::<11>(&mut random);
}

#[test]
fn answers_are_near_those_of_the_float_network() {
    let mut random = Random::new(5);
    let network = Digits::seeded(1);
    let samples: Vec<[[f32; 28]; 28]> = (0..30).map(|_| std::array::from_fn(|_| numbers(&mut random))).collect();
    let quantized = network.quantize(&samples).unwrap();
    for sample in &samples {
        let (scores, others) = (network.forward(sample), quantized.forward(sample));
        for (score, other) in scores.iter().zip(others) {
            // The scores range from about −3 to 3: this is 2 % of the range.
            assert!((score - other).abs() < 0.06, "{score} {other}");
        }
    }
    let all = quantized.forward_all(&samples);
    assert!(all.iter().zip(&samples).all(|(one, sample)| *one == quantized.forward(sample)));
}

#[test]
fn what_is_never_negative_has_its_zero_at_the_end() {
    let network = Digits::seeded(1);
    let quantized = network.quantize(&[[[0.5; 28]; 28]]).unwrap();
    assert_eq!(quantized.input, Quantization { scale: 0.5 / 255.0, zero_point: -128 });
    assert_eq!(quantized.layers.hidden.filters.requantization.rounding, 2 * -128 + 1);
}

#[test]
fn networks_without_weights_are_quantized_too() {
    let zero = Digits::zeroed().quantize(&[[[0.0; 28]; 28]]).unwrap();
    assert_eq!(zero.forward(&[[1.0; 28]; 28]), [0.0; 10]);
    // Nothing is lost of what is 0.
    let (_, report) = Digits::zeroed().quantize_and_report(&[[[0.0; 28]; 28]], Calibration::MinMax).unwrap();
    assert!(report.activations.iter().all(|activation| activation.signal_to_noise == f64::INFINITY), "{report}");
}

/// The sentence of the error of a calibration; as an [`fnn::Error`], it is the same one.
fn refusal<T>(result: Result<T, CalibrationError>) -> String {
    let error = result.err().unwrap();
    assert_eq!(fnn::Error::from(error.clone()).to_string(), error.to_string());
    error.to_string()
}

#[test]
fn a_calibration_without_samples_is_an_error() {
    let network = Odd::<9>::seeded(2);
    let expected = "the calibration set has no samples";
    assert_eq!(refusal(network.quantize(&[])), expected);
    assert_eq!(refusal(network.quantize_and_report(&[], Calibration::MeanSquaredError)), expected);
    assert_eq!(refusal(network.quantization_aware(&[])), expected);
}

#[test]
fn a_sample_that_is_not_finite_is_named() {
    let network = Odd::<9>::seeded(2);
    let mut random = Random::new(5);
    let mut samples: Vec<[f32; 5]> = (0..150).map(|_| numbers(&mut random)).collect();
    samples[130][3] = f32::NEG_INFINITY;
    samples[131][0] = f32::NAN;
    let expected = "the calibration set, sample 130: the input: expected finite numbers, found -inf at element 3";
    assert_eq!(refusal(network.quantize(&samples)), expected);
    assert_eq!(refusal(network.quantization_aware_by(&samples, Calibration::MeanSquaredError)), expected);
    // Finite samples whose sums overflow.
    let mut network = Inner::zeroed();
    network.dense_1.bias[7] = f32::MAX;
    network.dense_1.weight[0][7] = f32::MAX;
    let mut inputs = vec![[0.0; 40]; 140];
    inputs[70][0] = 2.0;
    let expected =
        "the calibration set, sample 70: the output of `dense_1`: expected finite numbers, found inf at element 7";
    assert_eq!(refusal(network.quantize(&inputs)), expected);
}

#[test]
fn a_weight_that_is_not_finite_is_named() {
    let mut network = Odd::<9>::seeded(2);
    // A negative sum becomes 0 in `Relu6`, so that no activation shows it.
    network.first.bias[4] = f32::NEG_INFINITY;
    let expected = "network: expected finite weights, found -inf in `first.bias`";
    assert_eq!(refusal(network.quantize(&[[1.0; 5]])), expected);
}

#[test]
fn a_percentile_is_a_share() {
    let network = Odd::<9>::seeded(2);
    let quantize = |share| network.quantize_by(&[[1.0; 5]], Calibration::Percentile(share));
    let expected = "percentile: expected a share above 0 and at most 1, such as 0.999 for 99.9 %, found 99.9";
    assert_eq!(refusal(quantize(99.9)), expected);
    assert!(quantize(0.0).is_err() && quantize(f64::NAN).is_err() && quantize(-0.5).is_err());
    assert!(quantize(1.0).is_ok() && quantize(1e-9).is_ok());
}

#[test]
fn large_biases_have_room() {
    let mut network = Odd::<4>::seeded(1);
    network.first.bias = [5.0, -3.0, 0.5, 100.0];
    network.first.weight = [[1e-12; 4]; 5];
    let quantized = network.quantize(&[[1.0; 5], [-1.0; 5]]).unwrap();
    let (scores, others) = (network.forward(&[0.5; 5]), quantized.forward(&[0.5; 5]));
    assert!(scores.iter().zip(others).all(|(one, other)| (one - other).abs() < 0.1), "{scores:?} {others:?}");
}

#[test]
fn weights_are_four_times_smaller() {
    let ratio = Digits::FLASH as f64 / Quantized::<Digits>::FLASH as f64;
    assert!(ratio > 3.9, "{ratio}");
    assert_eq!(Quantized::<Digits>::RAM_INFERENCE, 32);
}

fnn::network! {
    #[quantizable]
    struct Inner: [40] -> [33] { Residual { Dense(40), Tanh }, Dense(33), Gelu }
}

fnn::network! {
    #[quantizable]
    struct Dense5: [3, 5, 7] -> [6] { Flatten, Dense(40), Relu, inner: Inner, Dense(64), Relu6, Dense(6) }
}

/// Only the layer of 64 outputs turns its inputs, of which it has 33: two bytes for each, and nine to align them.
#[test]
fn inputs_that_are_turned_on_the_stack_count_as_memory() {
    fn memory<L: QuantizedLayer>(_: &QuantizedNetwork<L>) -> (usize, usize) {
        (L::STACK, QuantizedNetwork::<L>::RAM_INFERENCE - size_of::<L::Workspace>())
    }
    let quantized = Dense5::seeded(1).quantize(&[[[[0.5; 7]; 5]; 3]]).unwrap();
    assert_eq!(memory(&quantized), (2 * 33 + 9, 2 * 33 + 9));
    assert_eq!(memory(&Odd::<4>::seeded(1).quantize(&[[0.5; 5]]).unwrap()), (0, 0));
}

/// A batch goes through the layers as a whole, whatever its size and the number of threads.
#[test]
fn answers_of_batches_are_those_of_their_samples() {
    let mut random = Random::new(6);
    let samples: Vec<[[[f32; 7]; 5]; 3]> =
        (0..300).map(|_| std::array::from_fn(|_| std::array::from_fn(|_| numbers(&mut random)))).collect();
    let quantized = Dense5::seeded(1).quantize(&samples[..50]).unwrap();
    let expected: Vec<[f32; 6]> = samples.iter().map(|sample| quantized.forward(sample)).collect();
    assert!(expected.windows(2).all(|pair| pair[0] != pair[1]));
    for count in [0, 1, 2, 16, 31, 32, 33, 127, 128, 129, 300] {
        assert_eq!(quantized.forward_all(&samples[..count]), expected[..count], "{count} samples");
    }
}

fnn::network! {
    #[quantizable]
    struct Normed: [2, 9] -> [4, 7] { conv: Conv1d(4, kernel = 3, bias = false), norm: BatchNorm, Relu }
}
fnn::network! {
    #[quantizable]
    struct Around: [2, 9] -> [3] { inside: Normed, Residual { again: Rescaled }, Flatten, Dense(3) }
}
fnn::network! {
    #[quantizable]
    struct Rescaled: [4, 7] -> [4, 7] { Conv1d(4, kernel = 1), BatchNorm }
}
fnn::network! {
    #[quantizable]
    struct Flat: [2, 9] -> [3] {
        conv: Conv1d(4, kernel = 3, bias = false),
        norm: BatchNorm,
        Relu,
        Residual { Conv1d(4, kernel = 1), BatchNorm },
        Flatten,
        Dense(3),
    }
}

/// A network inside is folded, too: its integers are those of the network whose layers are declared in a row.
#[test]
fn networks_inside_are_folded() {
    let (mut around, mut flat, mut random) = (Around::seeded(1), Flat::seeded(1), Random::new(2));
    for (one, other) in around.parameters_mut().iter_mut().zip(flat.parameters_mut()) {
        // Variances and counts stay above 0.
        *one = other.abs() + 0.5 * random.uniform() as f32;
        *other = *one;
    }
    let samples: [[[f32; 9]; 2]; 12] = std::array::from_fn(|_| std::array::from_fn(|_| numbers(&mut random)));
    let (one, other) = (around.quantize(&samples).unwrap(), flat.quantize(&samples).unwrap());
    let (folded, folded_flat) = (around.fold_batch_norm(), flat.fold_batch_norm());
    let aware = Folded::<Around>::quantize_aware(&folded.quantization_aware(&samples).unwrap());
    let aware_flat = Folded::<Flat>::quantize_aware(&folded_flat.quantization_aware(&samples).unwrap());
    for sample in &samples {
        assert_eq!(one.forward(sample), other.forward(sample));
        assert_eq!(aware.forward(sample), aware_flat.forward(sample));
        let (real, integer) = (around.forward(sample), one.forward(sample));
        let steps = 4.0 * one.output.scale;
        assert!(
            real.iter().zip(integer).all(|(real, integer)| (real - integer).abs() < steps),
            "{real:?}: {integer:?}"
        );
    }
}
