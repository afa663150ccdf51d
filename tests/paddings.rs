//! Padding of two ends, `same`, `causal` and `ZeroPad`: what they are in terms of one another, and networks of them that are
//! folded, trained in place, trained for 8 bits and quantized. Their numbers are compared with PyTorch's in
//! `layers_reference`.

#![cfg(feature = "alloc")]

use fnn::graph::Node;
use fnn::layers::{Sample, zeroed};
use fnn::losses::{CrossEntropy, MeanSquaredError};
use fnn::optimizers::{Optimizer, Sgd, State};
use fnn::quantized::{Calibration, Quantize};
use fnn::train::{GradientBuffers, InPlaceBuffers};
use fnn::{Folded, Network, Quantized, Random, gradient_check};

fn samples<A: Sample<Element = f32>>(count: usize) -> Vec<A> {
    let mut random = Random::new(6);
    let mut samples = vec![zeroed::<A>(); count];
    A::flat_mut(&mut samples).fill_with(|| (2.0 * random.uniform() - 0.7) as f32);
    samples
}

/// Two declarations of one network: the same outputs, bit for bit, in `f32` and in integers.
macro_rules! alike {
    ($test:ident: $input:tt { $($one:tt)* } { $($other:tt)* }) => {
        #[test]
        fn $test() {
            fnn::network! { #[quantizable] struct One: $input { $($one)* } }
            fnn::network! { #[quantizable] struct Other: $input { $($other)* } }
            assert_eq!(One::graph().output, Other::graph().output);
            let (one, mut other) = (One::seeded(3), Other::zeroed_box());
            other.parameters_mut().copy_from_slice(one.parameters());
            let samples = samples(20);
            for (a, b) in one.forward_all(&samples).iter().zip(other.forward_all(&samples)) {
                let pairs = flat(a).iter().zip(flat(&b));
                // Products of other shapes are summed in another order.
                pairs.for_each(|(a, b)| assert!((a - b).abs() <= 1e-5, "{a} {b}"));
            }
            let (one, other) = (one.quantize(&samples).unwrap(), other.quantize(&samples).unwrap());
            for sample in &samples {
                let integers = one.quantize(sample);
                assert_eq!(integers, other.quantize(sample));
                assert_eq!(flat(&one.forward_integers(&integers)), flat(&other.forward_integers(&integers)));
            }
        }
    };
}

fn flat<A: Sample>(sample: &A) -> &[A::Element] {
    sample.elements()
}

alike! { padding_is_zeros_before_a_layer: [3, 7, 6] {
    Conv2d(4, kernel = 3, stride = (1, 2), padding = ((0, 2), (3, 1)))
} {
    ZeroPad2d(((0, 2), (3, 1))), Conv2d(4, kernel = 3, stride = (1, 2))
} }

alike! { padding_of_a_dilated_kernel_is_zeros_before_it: [4, 6, 5] {
    Conv2d(6, kernel = (2, 3), groups = 2, dilation = (1, 2), padding = ((1, 0), (0, 4)))
} {
    ZeroPad2d(((1, 0), (0, 4))), Conv2d(6, kernel = (2, 3), groups = 2, dilation = (1, 2))
} }

alike! { same_at_a_stride_is_one_more_at_the_end: [4, 8, 9] {
    DepthwiseConv2d(kernel = 3, stride = 2, padding = same)
} {
    DepthwiseConv2d(kernel = 3, stride = 2, padding = ((0, 1), 1))
} }

alike! { same_of_a_pool_does_not_count_its_padding: [2, 8, 9] {
    AvgPool2d(3, stride = 2, padding = same)
} {
    AvgPool2d(3, stride = 2, padding = ((0, 1), (1, 1)), count_padding = false)
} }

alike! { causal_is_padding_before: [2, 9] {
    Conv1d(3, kernel = 3, dilation = 2, padding = causal), DepthwiseConv1d(kernel = 2, multiplier = 2, padding = causal)
} {
    ZeroPad1d((4, 0)), Conv1d(3, kernel = 3, dilation = 2), Conv1d(6, kernel = 2, padding = (1, 0), groups = 3)
} }

alike! { counted_padding_is_zeros: [2, 5, 6] {
    AvgPool2d((3, 2), stride = 1, padding = ((2, 0), (0, 1)))
} {
    ZeroPad2d(((2, 0), (0, 1))), AvgPool2d((3, 2), stride = 1)
} }

#[test]
fn causal_layers_see_no_later_inputs() {
    fnn::network! {
        struct Causal: [1, 12] -> [2, 6] {
            Conv1d(3, kernel = 3, dilation = 2, padding = causal),
            Tanh,
            DepthwiseConv1d(kernel = 4, padding = causal),
            Conv1d(2, kernel = 2, stride = 2, padding = causal),
        }
    }
    let network = Causal::seeded(4);
    let [sample]: [[[f32; 12]; 1]; 1] = samples(1).try_into().unwrap();
    let outputs = network.forward(&sample);
    for changed in 0..12 {
        let mut other = sample;
        other[0][changed] += 1.0;
        let others = network.forward(&other);
        for at in 0..6 {
            let is_same = (0..2).all(|channel| outputs[channel][at] == others[channel][at]);
            // Output p is at input 2·p.
            assert!(is_same || changed <= 2 * at, "output {at} sees input {changed}");
            assert!(!is_same || changed != 2 * at, "output {at} doesn't see its own input");
        }
    }
}

/// The mean of ones is 1 wherever a window lies, if padding isn't counted; if it is, the share of the window on the input.
#[test]
fn means_of_ones_tell_what_is_counted() {
    fnn::network! { struct Alone: [1, 3, 4] { AvgPool2d(3, stride = 1, padding = ((2, 1), (0, 2)), count_padding = false) } }
    fnn::network! { struct Counted: [1, 3, 4] { AvgPool2d(3, stride = 1, padding = ((2, 1), (0, 2))) } }
    let ones = [[[1.0; 4]; 3]];
    assert_eq!(Alone::seeded(1).forward(&ones), [[[1.0f32; 4]; 4]]);
    let [counted] = Counted::seeded(1).forward(&ones);
    for (row, rows) in counted.iter().zip([1.0, 2.0, 3.0, 2.0]) {
        for (mean, columns) in row.iter().zip([3.0, 3.0, 2.0, 1.0]) {
            assert!((mean - rows * columns / 9.0f32).abs() < 1e-6);
        }
    }
}

/// Integers: the mean of those on the input, rounded to the nearest, halves away from 0; padding is the zero point.
#[test]
fn pools_and_zeros_in_integers_are_their_formulas() {
    fnn::network! {
        #[quantizable]
        struct Pools: [1, 4, 5] -> [1, 6, 6] {
            pad: ZeroPad2d(((0, 2), (1, 0))),
            mean: AvgPool2d((3, 2), stride = 1, padding = ((2, 0), (0, 1)), count_padding = false),
        }
    }
    let samples: Vec<[[[f32; 5]; 4]; 1]> = samples(30);
    let quantized = Pools::seeded(1).quantize(&samples).unwrap();
    let zero = quantized.layers.pad.zero_point;
    assert_ne!(zero, 0);
    for sample in &samples {
        let [x] = quantized.quantize(sample);
        let padded =
            |row: usize, column: usize| if row < 4 && column > 0 { i32::from(x[row][column - 1]) } else { zero };
        let [y] = quantized.forward_integers(&[x]);
        for (row, column) in (0..36usize).map(|place| (place / 6, place % 6)) {
            let (rows, columns) = (row.saturating_sub(2)..row + 1, column..(column + 2).min(6));
            let count = (rows.len() * columns.len()) as f64;
            let sum: i32 = rows.map(|row| columns.clone().map(|column| padded(row, column)).sum::<i32>()).sum();
            assert_eq!(f64::from(y[row][column]), (f64::from(sum) / count).round(), "{row} {column}");
        }
    }
}

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    #[quantizable]
    struct Padded: [2, 9, 8] -> [6] {
        first: Conv2d(5, kernel = 3, stride = 2, padding = ((0, 1), (2, 0))),
        BatchNorm,
        Relu,
        depthwise: DepthwiseConv2d(kernel = 3, stride = 2, padding = same, bias = false),
        norm: BatchNorm(epsilon = 1e-3),
        zeros: ZeroPad2d(((1, 0), (0, 2))),
        mean: AvgPool2d(3, stride = 1, padding = 1, count_padding = false),
        MaxPool2d(2, stride = 1, padding = ((1, 0), (0, 1))),
        Reshape(5, 12),
        causal: Conv1d(4, kernel = 3, dilation = 2, padding = causal),
        BatchNorm,
        Relu6,
        along: DepthwiseConv1d(kernel = 4, stride = 3, multiplier = 2, padding = same),
        AvgPool1d(2, padding = same),
        Flatten,
        out: Dense(6),
    }
}

/// A network as after training: running statistics that aren't 0 and 1.
fn trained() -> Box<Padded> {
    let mut network = Padded::boxed(3);
    network.batch_norm_1.running_mean = [0.1, -0.2, 0.0, 0.3, -0.1];
    network.batch_norm_1.running_var = [0.5, 0.3, 0.8, 0.4, 0.2];
    network.norm.running_mean = [0.0, 0.2, -0.1, 0.1, 0.05];
    network.norm.running_var = [0.2, 0.5, 0.1, 0.3, 0.4];
    network.batch_norm_2.running_var = [0.3, 0.6, 0.2, 0.5];
    network
}

#[test]
fn norms_behind_padded_layers_are_folded() {
    let network = trained();
    let folded = network.fold_batch_norm();
    let mut norms = 0;
    Folded::<Padded>::graph().for_each(&mut |visit| norms += usize::from(visit.node.kind == "BatchNorm"));
    assert_eq!(norms, 0);
    let samples = samples(20);
    for (one, other) in network.forward_all(&samples).iter().zip(folded.forward_all(&samples)) {
        one.iter().zip(other).for_each(|(one, other)| assert!((one - other).abs() < 1e-5, "{one} {other}"));
    }
}

#[test]
fn a_step_in_place_is_the_same_step() {
    let (samples, optimizer) = (samples::<[[[f32; 8]; 9]; 2]>(12), Sgd::new(0.05).weight_decay(1e-2));
    let (mut ordinary, mut in_place, mut gradient) = (trained(), trained(), Padded::zeroed_box());
    let (mut memory, mut less) = (GradientBuffers::<Padded, 4>::boxed(), InPlaceBuffers::<Padded, 4>::boxed());
    let mut state = State::new();
    for (step, inputs) in samples.chunks(4).enumerate() {
        let targets = [0, 5, step, 3];
        let loss = memory.gradient(&ordinary, &CrossEntropy, inputs, &targets, &mut gradient);
        optimizer.step(&mut *ordinary, &gradient, &mut state);
        assert_eq!(less.train(&mut *in_place, &CrossEntropy, &optimizer, inputs, &targets), loss);
        assert!(ordinary == in_place && *ordinary != *trained(), "step {step}");
    }
}

#[test]
fn gradients_are_those_of_differences() {
    let mut random = Random::new(5);
    let network = Padded::<f64>::seeded(2);
    let (mut inputs, mut targets) = ([[[[0.0; 8]; 9]; 2]; 2], [[0.0; 6]; 2]);
    Sample::flat_mut(&mut inputs).fill_with(|| random.normal());
    Sample::flat_mut(&mut targets).fill_with(|| random.normal());
    gradient_check(&network, &MeanSquaredError, &inputs, &targets).assert(1e-6);
}

#[test]
fn no_error_in_integers_exceeds_the_worst_case() {
    let (network, samples) = (trained(), samples(70));
    for calibration in [Calibration::MinMax, Calibration::Percentile(0.99), Calibration::MeanSquaredError] {
        let (_, report) = network.quantize_and_report(&samples, calibration).unwrap();
        for activation in &report.activations {
            let (measured, worst) = (activation.largest_error, activation.worst_case);
            assert!(measured <= worst, "{}: {measured} > {worst}", activation.name);
        }
        assert!(report.activations.last().unwrap().signal_to_noise > 15.0, "{report}");
    }
}

#[test]
fn quantization_aware_training_computes_what_the_integers_do() {
    let (folded, samples) = (trained().fold_batch_norm(), samples(40));
    let aware = folded.quantization_aware(&samples).unwrap();
    let quantized: Box<Quantized<Folded<Padded>>> = Folded::<Padded>::quantize_aware(&aware);
    assert!(*quantized == folded.quantize(&samples).unwrap());
    for sample in &samples {
        for (score, other) in aware.forward(sample).iter().zip(quantized.forward(sample)) {
            // Means are rounded in integers alone.
            assert!((score - other).abs() <= 4.01 * quantized.output.scale, "{score} {other}");
        }
    }
}

#[test]
fn the_graph_and_the_summary_tell_both_ends() {
    let ends = |name: &str| -> (Vec<usize>, Vec<usize>) {
        let node: &Node = Padded::graph().find(name).unwrap();
        let (before, after) = node.ends("padding").unwrap();
        (before.sizes().to_vec(), after.sizes().to_vec())
    };
    assert_eq!(ends("first"), (vec![0, 2], vec![1, 0]));
    assert_eq!(ends("depthwise"), (vec![0, 0], vec![1, 1]));
    assert_eq!(ends("zeros"), (vec![1, 0], vec![0, 2]));
    assert_eq!(ends("causal"), (vec![4], vec![0]));
    assert_eq!(ends("along"), (vec![0], vec![1]));
    let mean = Padded::graph().find("mean").unwrap();
    assert_eq!((mean.switch("count_padding"), ends("mean")), (Some(false), (vec![1, 1], vec![1, 1])));
    assert_eq!(Padded::graph().find("avg_pool1d_1").unwrap().switch("count_padding"), Some(false));
    let summary = Padded::summary().to_string();
    for part in ["ZeroPad2d", "[5, 4, 4]", "DepthwiseConv1d", "[8, 4]", "[5, 3, 4]"] {
        assert!(summary.contains(part), "{part}\n{summary}");
    }
}
