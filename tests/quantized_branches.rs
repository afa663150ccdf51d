//! int8 forms of layers that only rescale or move integers, and of log-softmax, against their formulas: every integer is the
//! nearest to the real result, halves up, for the quantizations that were chosen.

#![cfg(feature = "alloc")]

use fnn::layers::{Sample, zeroed};
use fnn::quantized::{Calibration, Quantization, QuantizationAware, Quantize};
use fnn::{Initializer, Network, Quantized, Random};

/// Samples that reach from −3 to 3.
fn samples<A: Sample<Element = f32>>(count: usize) -> Vec<A> {
    let mut random = Random::new(7);
    let mut samples = vec![zeroed::<A>(); count];
    A::flat_mut(&mut samples).fill_with(|| (6.0 * random.uniform() - 3.0) as f32);
    samples
}

/// All weights from −1 to 1, running variances positive.
fn drawn<N: Network<Scalar = f32>>() -> Box<N> {
    let mut network = N::boxed(1);
    Initializer::HeUniform.fill(network.parameters_mut(), 6, 1, &mut Random::new(3));
    let mut variances = Vec::new();
    N::graph().for_each_weight(&mut |weight| {
        if weight.name.to_string().ends_with("running_var") {
            variances.push(weight.start..weight.start + weight.layout.length());
        }
    });
    for range in variances {
        network.parameters_mut()[range].iter_mut().for_each(|variance| *variance = variance.abs() + 0.1);
    }
    network
}

/// The nearest integer to `real`, and whether that is nearly a half away.
fn nearest(quantization: Quantization, real: f64) -> (i8, bool) {
    let steps = real / f64::from(quantization.scale) + f64::from(quantization.zero_point);
    let nearest = (steps + 0.5).floor();
    (nearest.clamp(-128.0, 127.0) as i8, ((steps - steps.floor()) - 0.5).abs() < 1e-3)
}

/// Compares all outputs with a formula of the real inputs; those nearly a half away may be rounded the other way.
fn check<N>(network: &N, formula: impl Fn(&[f64]) -> Vec<f64>)
where
    N: Quantize,
{
    let given = samples::<N::Input>(200);
    let quantized = network.quantize_boxed(&given, Calibration::MinMax).unwrap();
    let (mut halves, mut all) = (0, 0);
    for sample in &given {
        // Numbers that integers represent.
        let integers = quantized.quantize(&of(sample));
        let real: Vec<f64> = integers
            .elements()
            .iter()
            .map(|&x| f64::from(quantized.input.scale) * f64::from(i32::from(x) - quantized.input.zero_point))
            .collect();
        let outputs = quantized.forward_integers(&integers);
        let outputs = outputs.elements();
        let expected = formula(&real);
        assert_eq!(outputs.len(), expected.len());
        for (&found, real) in outputs.iter().zip(expected) {
            let (expected, is_half) = nearest(quantized.output, real);
            all += 1;
            if is_half && (i32::from(found) - i32::from(expected)).abs() == 1 {
                halves += 1;
            } else {
                assert_eq!(found, expected, "{real}");
            }
        }
    }
    assert!(halves * 100 <= all, "{halves} of {all}");
}

/// The same sample as another name of its type.
fn of<A: Sample<Element = f32>, B: Sample<Element = f32>>(sample: &A) -> B {
    let mut copy = [zeroed::<B>()];
    B::flat_mut(&mut copy).copy_from_slice(sample.elements());
    copy[0]
}

macro_rules! network {
    ($name:ident: $input:tt { $($layers:tt)* }) => {
        fnn::network! {
            #[quantizable]
            struct $name: $input { $($layers)* }
        }
    };
}

network!(Slopes: [3, 4] { PRelu(slopes = each) });
network!(Slope: [5] { PRelu });
network!(Norm: [3, 4] { norm: BatchNorm });
network!(Rectified: [3, 4] { norm: BatchNorm, Relu });
network!(Larger: [2, 2, 3] { Upsample2d((2, 3)) });
network!(Interpolated: [2, 2, 3] { Resize2d((3, 5)) });
network!(Aligned: [2, 4] { Resize1d(7, align_corners = true) });
network!(Part: [5, 2] { Slice(1, 3) });
network!(Logarithms: [6] { LogSoftmax });
network!(OfRows: [2, 3, 5] { Softmax(axes = 1) });
network!(OfImages: [2, 3, 4] { LogSoftmax(axes = 2) });
network!(Permuted: [2, 3, 4] { Permute(2, 0, 1) });
network!(Clipped: [7] { Clip(-1.5, 0.75) });
network!(Above: [7] { Clip(min = 0.5) });
// The branches have ranges of their own: [−3, 3], [−1, 1] and [−1.5, 0.5].
network!(Joined: [2, 3] { Concat { {}, { Tanh }, { Clip(-1.5, 0.5) }, { Slice(0, 1) } } });
network!(JoinedAndRectified: [2, 3] { Concat { {}, { Tanh } }, Relu });
network!(Added: [6] { Sum { {}, { Slice(0, 6) }, { Identity } } });
network!(Multiplied: [2, 3] { Product { { Tanh }, { Clip(-1.5, 0.5) } } });
network!(Gated: [3, 9] { Product { {}, { GlobalMaxPool, Sigmoid } }, Relu });
network!(AddedTo: [3, 9] { Sum { { Tanh }, {}, { Slice(0, 3) }, { Clip(-1.5, 0.5) } }, Relu });

#[test]
fn slopes() {
    let network = drawn::<Slopes>();
    let weights = network.parameters().to_vec();
    assert!(weights.iter().any(|&slope| slope < 0.0) && weights.iter().any(|&slope| slope > 0.0));
    check(&*network, |x| {
        let slope = |index: usize| f64::from(weights[index / 4]);
        x.iter().enumerate().map(|(index, &x)| if x > 0.0 { x } else { slope(index) * x }).collect()
    });
    let network = drawn::<Slope>();
    let slope = f64::from(network.parameters()[0]);
    check(&*network, |x| x.iter().map(|&x| if x > 0.0 { x } else { slope * x }).collect());
}

#[test]
fn norms() {
    fn line(weights: &[f32], channel: usize) -> (f64, f64) {
        let [weight, bias, mean, variance] = [0, 3, 6, 9].map(|array| f64::from(weights[array + channel]));
        let factor = weight / (variance + 1e-5).sqrt();
        (factor, bias - factor * mean)
    }
    let network = drawn::<Norm>();
    let weights = network.parameters().to_vec();
    let formula = |x: &[f64]| -> Vec<f64> {
        let line = |index: usize| line(&weights, index / 4);
        x.iter().enumerate().map(|(index, x)| line(index).0 * x + line(index).1).collect()
    };
    check(&*network, formula);
    // Saturation does the work of the activation right after it.
    check(&*drawn::<Rectified>(), |x| formula(x).into_iter().map(|y| y.max(0.0)).collect());
    assert_eq!(Quantized::<Rectified>::FLASH, Quantized::<Norm>::FLASH);
}

#[test]
fn moves() {
    check(&*drawn::<Larger>(), |x| {
        let at = |channel: usize, row: usize, column: usize| x[(channel * 2 + row / 2) * 3 + column / 3];
        let places =
            (0..2).flat_map(|channel| (0..4).flat_map(move |row| (0..9).map(move |column| (channel, row, column))));
        places.map(|(channel, row, column)| at(channel, row, column)).collect()
    });
    check(&*drawn::<Part>(), |x| x[2..6].to_vec());
    check(&*drawn::<Permuted>(), |x| {
        let places = (0..4).flat_map(|i| (0..2).flat_map(move |j| (0..3).map(move |k| (j, k, i))));
        places.map(|(channel, row, column)| x[(channel * 3 + row) * 4 + column]).collect()
    });
}

/// The number at a place between those of a row: at the ends, there is nothing behind.
fn between(row: &[f64], place: f64) -> f64 {
    let place = place.clamp(0.0, (row.len() - 1) as f64);
    let (first, share) = (place.floor() as usize, place.fract());
    row[first] * (1.0 - share) + row[(first + 1).min(row.len() - 1)] * share
}

/// Compares the integers of an interpolation with a formula of those before, whose results are multiples of `1 / whole`: halves
/// are rounded away from 0.
fn check_interpolation<N: Quantize>(network: &N, whole: f64, formula: impl Fn(&[f64]) -> Vec<f64>) {
    let given = samples::<N::Input>(200);
    let quantized = network.quantize_boxed(&given, Calibration::MinMax).unwrap();
    assert_eq!(quantized.input, quantized.output);
    for sample in &given {
        let integers = quantized.quantize(&of(sample));
        let numbers: Vec<f64> = integers.elements().iter().map(|&integer| f64::from(integer)).collect();
        let outputs = quantized.forward_integers(&integers);
        let expected = formula(&numbers).into_iter().map(|mean| ((mean * whole).round() / whole).round() as i8);
        assert!(outputs.elements().iter().copied().eq(expected));
    }
}

#[test]
fn interpolation() {
    check_interpolation(&*drawn::<Interpolated>(), 60.0, |x| {
        let center = |index: usize, from: f64, to: f64| (index as f64 + 0.5) * from / to - 0.5;
        let mut y = Vec::new();
        for channel in x.chunks(6) {
            for row in 0..3 {
                for column in 0..5 {
                    let rows: Vec<f64> = channel.chunks(3).map(|row| between(row, center(column, 3.0, 5.0))).collect();
                    y.push(between(&rows, center(row, 2.0, 3.0)));
                }
            }
        }
        y
    });
    check_interpolation(&*drawn::<Aligned>(), 6.0, |x| {
        x.chunks(4).flat_map(|row| (0..7).map(|index| between(row, f64::from(index) / 2.0))).collect()
    });
}

#[test]
fn logarithms() {
    let network = drawn::<Logarithms>();
    check(&*network, |x| {
        let sum: f64 = x.iter().map(|x| x.exp()).sum();
        x.iter().map(|x| x - sum.ln()).collect()
    });
    let quantized = network.quantize(&samples(50)).unwrap();
    assert_eq!(quantized.output, Quantization { scale: 1.0 / 16.0, zero_point: 127 });
}

#[test]
fn probabilities_of_rows() {
    check(&*drawn::<OfRows>(), |x| {
        let row = |row: &[f64]| {
            let sum: f64 = row.iter().map(|x| x.exp()).sum();
            row.iter().map(|x| x.exp() / sum).collect::<Vec<_>>()
        };
        x.chunks(5).flat_map(row).collect()
    });
    check(&*drawn::<OfImages>(), |x| {
        let image = |image: &[f64]| {
            let sum: f64 = image.iter().map(|x| x.exp()).sum();
            image.iter().map(|x| x - sum.ln()).collect::<Vec<_>>()
        };
        x.chunks(12).flat_map(image).collect()
    });
    // A file tells rows from images, and is that of a network of vectors if there is but one row.
    let quantized = drawn::<OfImages>().quantize(&samples(9)).unwrap();
    let text = String::from_utf8_lossy(&quantized.to_bytes()).into_owned();
    assert!(text.contains("LogSoftmax(shape = [2, 3, 4], row = [12])"), "{text}");
    let quantized = drawn::<Logarithms>().quantize(&samples(9)).unwrap();
    assert!(String::from_utf8_lossy(&quantized.to_bytes()).contains("LogSoftmax(shape = [6])"));
}

#[test]
fn clips() {
    check(&*drawn::<Clipped>(), |x| x.iter().map(|x| x.clamp(-1.5, 0.75)).collect());
    // A quantized range contains 0, so that saturation alone would not clip at 0.5.
    check(&*drawn::<Above>(), |x| x.iter().map(|x| x.max(0.5)).collect());
}

/// What an integer of a branch represents: the nearest of `quantization` to a real number.
fn rounded(quantization: Quantization, real: f64) -> f64 {
    f64::from(quantization.scale) * f64::from(i32::from(nearest(quantization, real).0) - quantization.zero_point)
}

#[test]
fn branches_are_rescaled_once() {
    let network = drawn::<Joined>();
    let given = samples::<[[f32; 3]; 2]>(200);
    let (_, report) = network.quantize_and_report(&given, Calibration::MinMax).unwrap();
    let names: Vec<_> = report.activations.iter().map(|activation| activation.name.as_str()).collect();
    assert_eq!(names, ["input", "concat_1.second.first.tanh_1", "concat_1.second.second.first.clip_1", "concat_1"]);
    let kinds: Vec<_> =
        report.activations.iter().map(|activation| (activation.kind, activation.output.sizes())).collect();
    assert_eq!(kinds, [("", &[2, 3][..]), ("Tanh", &[2, 3]), ("Clip", &[2, 3]), ("Concat", &[7, 3])]);
    let [tanh, clip] = [1, 2].map(|index| report.activations[index].quantization);
    check(&*network, |x| {
        let tanh = x.iter().map(|x| rounded(tanh, x.tanh()));
        let clip = x.iter().map(|x| rounded(clip, x.clamp(-1.5, 0.5)));
        x.iter().copied().chain(tanh).chain(clip).chain(x[..3].iter().copied()).collect()
    });
    // The first branch reaches furthest, so that its integers stay as they are.
    let quantized = network.quantize(&given).unwrap();
    assert_eq!(
        (quantized.input, quantized.layers.concat_1.second_scale),
        (quantized.output, quantized.layers.concat_1.first_scale)
    );
}

#[test]
fn concatenations_and_activations_are_one() {
    let network = drawn::<JoinedAndRectified>();
    let (_, report) = network.quantize_and_report(&samples::<[[f32; 3]; 2]>(200), Calibration::MinMax).unwrap();
    let tanh = report.activations[1].quantization;
    check(&*network, |x| {
        x.iter().copied().chain(x.iter().map(|x| rounded(tanh, x.tanh()))).map(|y| y.max(0.0)).collect()
    });
}

#[test]
fn sums_of_three() {
    check(&*drawn::<Added>(), |x| x.iter().map(|x| 3.0 * x).collect());
    let network = drawn::<AddedTo>();
    let (_, report) = network.quantize_and_report(&samples::<[[f32; 9]; 3]>(200), Calibration::MinMax).unwrap();
    let of = |name: &str| report.activations.iter().find(|activation| activation.name == name).unwrap().quantization;
    let [tanh, clip] = ["sum_1.first.tanh_1", "sum_1.second.second.second.clip_1"].map(of);
    let names: Vec<_> = report.activations.iter().map(|activation| activation.name.as_str()).collect();
    assert_eq!(names, ["input", "sum_1.first.tanh_1", "sum_1.second.second.second.clip_1", "sum_1"]);
    check(&*network, |x| {
        let sum = |x: &f64| rounded(tanh, x.tanh()) + 2.0 * x + rounded(clip, x.clamp(-1.5, 0.5));
        x.iter().map(|x| sum(x).max(0.0)).collect()
    });
}

#[test]
fn products_are_rounded_once() {
    let range = |report: &fnn::quantized::QuantizationReport, name: &str| {
        report.activations.iter().find(|activation| activation.name == name).unwrap().quantization
    };
    let network = drawn::<Multiplied>();
    let (_, report) = network.quantize_and_report(&samples::<[[f32; 3]; 2]>(200), Calibration::MinMax).unwrap();
    let [tanh, clip] = ["product_1.first.tanh_1", "product_1.second.clip_1"].map(|name| range(&report, name));
    check(&*network, |x| x.iter().map(|x| rounded(tanh, x.tanh()) * rounded(clip, x.clamp(-1.5, 0.5))).collect());
    let network = drawn::<Gated>();
    let (_, report) = network.quantize_and_report(&samples::<[[f32; 9]; 3]>(200), Calibration::MinMax).unwrap();
    let sigmoid = range(&report, "product_1.second.sigmoid_1");
    check(&*network, |x| {
        let gate = |x: &[f64]| {
            let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            rounded(sigmoid, 1.0 / (1.0 + (-largest).exp()))
        };
        x.chunks(9).flat_map(|x| x.iter().map(move |y| (y * gate(x)).max(0.0))).collect()
    });
}

fnn::network! {
    #[quantizable]
    struct Everything: [10] -> [5] {
        Concat {
            { Slice(0, 8), Reshape(2, 2, 2), Upsample2d(2), BatchNorm, PRelu(slopes = each), Conv2d(3, kernel = 2), Flatten },
            { Slice(8, 10), Dense(4), Clip(-1.0, 1.0) },
            { Slice(1, 9), Reshape(2, 4), Product { {}, { GlobalAvgPool, Dense(2), Sigmoid } }, Flatten },
            { Slice(4, 10), Sum { { Dense(3) }, { Dense(3), Tanh }, { Slice(0, 3) } } },
        },
        Clip(min = -2.0),
        Dense(5),
        LogSoftmax,
    }
}

/// Errors stay within the bounds that follow from weights and ranges; quantization-aware training takes the same ranges.
#[test]
fn all_together() {
    let network = drawn::<Everything>();
    let given = samples::<[f32; 10]>(100);
    for calibration in [Calibration::MinMax, Calibration::Percentile(0.99), Calibration::MeanSquaredError] {
        let (quantized, report) = network.quantize_and_report(&given, calibration).unwrap();
        for activation in &report.activations {
            assert!(activation.largest_error <= activation.worst_case, "{calibration:?}\n{report}");
        }
        let aware = network.quantization_aware_by(&given, calibration).unwrap();
        let again = Everything::quantize_aware(&aware);
        assert_eq!(again.to_bytes(), quantized.to_bytes());
        // It doesn't saturate the outputs of `LogSoftmax`.
        let lowest = -255.0 / 16.0;
        let pairs = given.iter().flat_map(|sample| aware.forward(sample).into_iter().zip(quantized.forward(sample)));
        let furthest = pairs.map(|(one, other)| (one.max(lowest) - other).abs()).fold(0.0, f32::max);
        println!("{furthest}");
        assert!(furthest < 0.3, "the simulated network differs by {furthest}");
    }
    let bytes = network.quantize(&given).unwrap().to_bytes();
    assert_eq!(*Quantized::<Everything>::load_from_bytes(&bytes).unwrap(), network.quantize(&given).unwrap());
}
