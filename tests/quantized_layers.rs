//! Every kind of layer in int8: no error exceeds the worst case for its weights and ranges, and convolutions equal the naive
//! formula.

#![cfg(feature = "alloc")]

use fnn::layers::zeroed;
use fnn::quantized::{Numbers, QuantizationReport, Stored};
use fnn::{
    Network, Quantized, Random,
    layers::Sample,
    quantized::{Calibration, Quantize},
    weights::Name,
};

fn random<A: Sample<Element = f32>>(random: &mut Random) -> A {
    let mut sample = [zeroed::<A>()];
    for number in A::flat_mut(&mut sample) {
        *number = (2.0 * random.uniform() - 0.7) as f32;
    }
    sample[0]
}

/// No error exceeds the worst case, and in the first layer, where errors haven't accumulated, the worst case is close.
fn check<N: Quantize>(network: &N) -> QuantizationReport {
    let mut chance = Random::new(11);
    let samples: Vec<N::Input> = (0..70).map(|_| random(&mut chance)).collect();
    for calibration in [Calibration::MinMax, Calibration::Percentile(0.99), Calibration::MeanSquaredError] {
        let (_, report) = network.quantize_and_report(&samples, calibration).unwrap();
        println!("{calibration:?}\n{report}");
        for activation in &report.activations {
            let (measured, worst) = (activation.largest_error, activation.worst_case);
            assert!(measured <= worst, "{}: {measured} > {worst}", activation.name);
        }
    }
    let (_, report) = network.quantize_and_report(&samples, Calibration::MinMax).unwrap();
    let (first, last) = (&report.activations[1], report.activations.last().unwrap());
    assert!(first.worst_case < 4.0 * first.largest_error, "{} ≪ {}", first.largest_error, first.worst_case);
    assert!(last.signal_to_noise > 15.0, "{} dB", last.signal_to_noise);
    report
}

fnn::network! {
    #[quantizable]
    struct Images: [2, 9, 8] -> [5] {
        first: Conv2d(5, kernel = (3, 2), padding = 1, stride = (2, 1)),
        Relu,
        pool: MaxPool2d(2, padding = 1),
        depthwise: DepthwiseConv2d(kernel = 3, padding = same, multiplier = 2),
        Relu6,
        mean: AvgPool2d(2, padding = 1, stride = 1),
        grouped: Conv2d(6, kernel = 2, groups = 2, dilation = 2, bias = false),
        Tanh,
        GlobalAvgPool,
        out: Dense(5),
    }
}

#[test]
fn images() {
    let report = check(&Images::seeded(3));
    let names: Vec<_> = report.activations.iter().map(|activation| activation.name.as_str()).collect();
    assert_eq!(names, ["input", "first", "depthwise", "grouped", "tanh_1", "out"]);
}

fnn::network! {
    #[quantizable]
    struct Sequences: [2, 20] -> [4] {
        conv: Conv1d(8, kernel = 3, padding = same),
        around: Residual { Conv1d(8, kernel = 3, padding = same), Gelu, back: Conv1d(8, kernel = 1) },
        Relu,
        other: Residual {
            { Conv1d(6, kernel = 2, stride = 2), Relu },
            { Conv1d(6, kernel = 2, stride = 2) },
        },
        AvgPool1d(5),
        Reshape(12),
        LeakyRelu(0.1),
        head: Dense(4),
        Softmax,
    }
}

#[test]
fn bytes_are_the_network() {
    let mut chance = Random::new(2);
    let samples: Vec<[[f32; 20]; 2]> = (0..20).map(|_| random(&mut chance)).collect();
    let quantized = Sequences::seeded(8).quantize(&samples).unwrap();
    assert_eq!(*Quantized::<Sequences>::load_from_bytes(&quantized.to_bytes()).unwrap(), quantized);
    let mut names = Vec::new();
    quantized.layers.visit(Name::ROOT, &mut |name, numbers| {
        assert!(!matches!(numbers, Numbers::I8([])));
        names.push(name.to_string());
    });
    assert_eq!(names[..2], ["conv.bias", "conv.mantissa"]);
    assert!(names.iter().any(|name| name == "other.second.conv1d_1.weight"), "{names:?}");
    assert!(names.iter().any(|name| name == "around.sum.offset"), "{names:?}");
}

#[test]
fn sequences() {
    let report = check(&Sequences::seeded(8));
    let names: Vec<_> = report.activations.iter().map(|activation| activation.name.as_str()).collect();
    let inside = ["around.conv1d_1", "around.gelu_1", "around.back", "around", "other.first.conv1d_1"];
    let expected = ["input", "conv"].into_iter().chain(inside);
    let expected = expected.chain(["other.second.conv1d_1", "other", "leaky_relu_1", "head", "softmax_1"]);
    assert_eq!(names, expected.collect::<Vec<_>>());
}

#[test]
fn probabilities_add_up_to_one() {
    let mut chance = Random::new(2);
    let samples: Vec<[[f32; 20]; 2]> = (0..20).map(|_| random(&mut chance)).collect();
    let network = Sequences::seeded(8);
    let quantized = network.quantize_by(&samples, Calibration::MinMax).unwrap();
    for (sample, probabilities) in samples.iter().zip(quantized.forward_all(&samples)) {
        let sum: f32 = probabilities.iter().sum();
        assert!((sum - 1.0).abs() <= 2.0 / 256.0, "{sum}");
        for (one, other) in network.forward(sample).iter().zip(probabilities) {
            assert!((one - other).abs() < 0.05);
        }
    }
}

#[test]
fn convolutions_are_the_naive_formula() {
    fnn::network! {
        #[quantizable]
        struct Convolution: [4, 7, 6] -> [6, 4, 4] {
            conv: Conv2d(6, kernel = (3, 2), padding = (1, 2), stride = (2, 2), groups = 2, dilation = (1, 2)),
        }
    }
    let mut chance = Random::new(9);
    let samples: Vec<[[[f32; 6]; 7]; 4]> = (0..5).map(|_| random(&mut chance)).collect();
    let mut network = Convolution::seeded(1);
    network.conv.bias = [0.3, -0.2, 0.1, 0.0, 1.0, -1.0];
    let quantized = network.quantize(&samples).unwrap();
    let conv = &quantized.layers.conv;
    assert_ne!(conv.zero_point, 0);
    for sample in &samples {
        let x = quantized.quantize(sample);
        let y = quantized.forward_integers(&x);
        for (f, row, column) in (0..6 * 4 * 4).map(|n| (n / 16, n / 4 % 4, n % 4)) {
            let mut sum = i64::from(conv.filters.bias[f]);
            for (c, i, j) in (0..2 * 3 * 2).map(|n| (n / 6, n / 2 % 3, n % 2)) {
                let (line, place) = (2 * row as isize + i as isize - 1, 2 * column as isize + 2 * j as isize - 2);
                let inside = (0..7).contains(&line) && (0..6).contains(&place);
                let x =
                    if inside { i32::from(x[f / 3 * 2 + c][line as usize][place as usize]) } else { conv.zero_point };
                sum += i64::from(x) * i64::from(conv.filters.weight[f][c][i][j]);
            }
            let n = 33 + u32::from(conv.filters.shift[f]);
            let scaled = (i128::from(sum) * i128::from(conv.filters.mantissa[f]) + (1 << (n - 1))) >> n;
            let expected = (scaled + i128::from((conv.filters.requantization.rounding - 1) / 2)).clamp(-128, 127);
            assert_eq!(i128::from(y[f][row][column]), expected, "{f} {row} {column}");
        }
    }
}

#[test]
fn a_layer_by_itself_has_a_form_too() {
    let dense = fnn::layers::Dense::<2, 1> { weight: [[0.5], [-0.25]], bias: [0.125] };
    let samples = [[1.0, 1.0], [-1.0, 0.5], [0.25, -1.0]];
    let quantized = dense.quantize(&samples).unwrap();
    for sample in &samples {
        assert!((dense.forward(sample)[0] - quantized.forward(sample)[0]).abs() < 0.01);
    }
    let (_, report) = dense.quantize_and_report(&samples, Calibration::MinMax).unwrap();
    assert_eq!(report.activations.len(), 2);
    assert_eq!(report.activations[1].name, "Dense");
}

fnn::network! {
    #[quantizable]
    struct Normalised: [2, 8, 8] -> [4] {
        conv: Conv2d(6, kernel = 3, bias = false),
        BatchNorm,
        Relu,
        block: Residual { Conv2d(6, kernel = 3, padding = same), BatchNorm, Relu, Conv2d(6, kernel = 1), norm: BatchNorm },
        Relu,
        GlobalAvgPool,
        Dense(4),
    }
}

#[test]
fn batch_norms_are_folded_first() {
    let mut network = Normalised::seeded(2);
    network.batch_norm_1.running_mean = [0.1, -0.2, 0.0, 0.3, 0.2, -0.1];
    network.block.inside.norm.running_var = [0.5, 2.0, 1.0, 0.3, 0.8, 1.1];
    let report = check(&network);
    assert!(report.activations.last().unwrap().signal_to_noise > 30.0);
    let mut chance = Random::new(4);
    let samples: Vec<[[[f32; 8]; 8]; 2]> = (0..20).map(|_| random(&mut chance)).collect();
    let (quantized, folded) = (network.quantize(&samples).unwrap(), network.fold_batch_norm());
    assert_eq!(quantized, folded.quantize(&samples).unwrap());
    let aware = folded.quantization_aware(&samples).unwrap();
    assert_eq!(*fnn::Folded::<Normalised>::quantize_aware(&aware), quantized);
}
