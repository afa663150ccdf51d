//! Batch norms folded into the layers before them: the same outputs with fewer weights.

#![cfg(feature = "alloc")]

use approx::assert_abs_diff_eq;
use fnn::layers::zeroed;
use fnn::{Folded, Layer, Network, Parameters, Random, Scalar, layers::Sample, network::FoldBatchNorm};

/// A network as after training: no weight is 0 or 1, and every variance is positive.
fn trained<N: Layer>(seed: u64) -> Box<N> {
    let mut random = Random::new(seed);
    let mut network = N::boxed(seed);
    network.parameters_mut().fill_with(|| N::Scalar::from_f64(0.3 + 0.7 * random.uniform()));
    N::trained(&mut |range| {
        network.parameters_mut()[range].fill_with(|| N::Scalar::from_f64(0.5 * random.normal()));
    });
    network
}

/// The largest difference between the outputs of a network and of its folded form.
fn difference<N>(seed: u64) -> f64
where
    N: FoldBatchNorm<Input: Sample<Element = N::Scalar>>,
{
    let mut random = Random::new(seed);
    let mut inputs = vec![zeroed::<N::Input>(); 7];
    N::Input::flat_mut(&mut inputs).fill_with(|| N::Scalar::from_f64(random.normal()));
    let network = trained::<N>(seed);
    let folded = network.fold_batch_norm();
    let (outputs, others) = (network.forward_all(&inputs), folded.forward_all(&inputs));
    let pairs = N::Output::flat(&outputs).iter().zip(N::Output::flat(&others));
    assert!(outputs.iter().all(Sample::all_finite) && outputs.windows(2).any(|pair| pair[0] != pair[1]));
    pairs.map(|(one, other)| (one.to_f64() - other.to_f64()).abs()).fold(0.0, f64::max)
}

/// The kinds of a network's layers.
fn kinds<N: Network>() -> Vec<&'static str> {
    let mut kinds = Vec::new();
    N::graph().for_each(&mut |visit| kinds.push(visit.node.kind));
    kinds
}

/// The dotted names of a network's weights, and their number.
fn names<N: Network>() -> Vec<(String, usize)> {
    let mut names = Vec::new();
    N::zeroed_box().for_each(&mut |name, _, values| names.push((name.to_string(), values.len())));
    names
}

macro_rules! folds {
    ($test:ident: $network:ident, $norms:literal) => {
        #[test]
        fn $test() {
            for seed in 1..4 {
                assert_abs_diff_eq!(difference::<$network>(seed), 0.0, epsilon = 1e-5);
                assert_abs_diff_eq!(difference::<$network<f64>>(seed), 0.0, epsilon = 1e-12);
            }
            assert_eq!(kinds::<Folded<$network>>().iter().filter(|kind| **kind == "BatchNorm").count(), $norms);
            const { assert!(Folded::<$network>::FLASH < $network::FLASH) }
            const { assert!(Folded::<$network>::MACS < $network::MACS) }
        }
    };
}

fnn::network! {
    struct Tabular: [5] -> [3] {
        Dense(7),
        BatchNorm,
        Relu,
        Dense(6, bias = false),
        norm: BatchNorm(epsilon = 1e-2, momentum = 0.3),
        Tanh,
        logits: Dense(3),
    }
}
folds!(dense_layers: Tabular, 0);

fnn::network! {
    struct Images: [3, 9, 8] -> [4] {
        conv1: Conv2d(8, kernel = 3, stride = 2, padding = 1),
        BatchNorm,
        Relu,
        depthwise: DepthwiseConv2d(kernel = (3, 2), multiplier = 2, bias = false),
        BatchNorm(epsilon = 1e-3),
        Relu6,
        pointwise: Conv2d(6, kernel = 1, bias = false),
        BatchNorm,
        HardSwish,
        grouped: Conv2d(9, kernel = 3, padding = same, groups = 3, dilation = 2),
        BatchNorm,
        GlobalAvgPool,
        Dense(4),
    }
}
folds!(convolutions: Images, 0);

fnn::network! {
    struct Sequences: [4, 12] -> [6, 5] {
        Conv1d(8, kernel = 3, groups = 2, bias = false),
        BatchNorm,
        Silu,
        Conv1d(6, kernel = 4, stride = 2, padding = 1),
        last: BatchNorm,
    }
}
folds!(sequences: Sequences, 0);

fnn::network! {
    struct Blocks: [2, 6, 6] -> [9, 3, 3] {
        Residual { Conv2d(4, kernel = 3, padding = same), BatchNorm, Relu, Conv2d(2, kernel = 1), BatchNorm },
        Relu,
        Residual {
            { Conv2d(3, kernel = 3, stride = 2, padding = 1, bias = false), BatchNorm, Relu },
            { AvgPool2d(2), Conv2d(3, kernel = 1, bias = false), BatchNorm },
        },
        Concat {
            { Conv2d(2, kernel = 1), BatchNorm, Relu },
            { Residual { Residual { Conv2d(3, kernel = 1), BatchNorm }, Tanh } },
            { },
            { MaxPool2d(3, stride = 1, padding = 1), Conv2d(1, kernel = 1) },
        },
        plain: Residual { Tanh },
    }
}
folds!(blocks: Blocks, 0);

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Remaining: [2, 4, 4] -> [2] {
        first: BatchNorm,
        Conv2d(3, kernel = 3),
        Relu,
        after_relu: BatchNorm,
        Conv2d(4, kernel = 1),
        BatchNorm,
        second: BatchNorm,
        Flatten,
        flat: BatchNorm,
        Dense(2),
        Dropout(0.5),
        dropped: BatchNorm,
    }
}
folds!(norms_that_have_no_linear_layer_right_before_them: Remaining, 5);

/// A custom layer, which isn't folded.
#[derive(Parameters)]
#[repr(C)]
struct Gain<const N: usize, S: Scalar = f32> {
    gain: [S; N],
}

impl<const N: usize, S: Scalar> Layer for Gain<N, S> {
    type Input = [S; N];
    type Output = [S; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Gain";
    const MACS: u64 = N as u64;

    fn forward_batch<V: fnn::simd::Simd, const B: usize>(
        &self,
        _: V,
        inputs: &[[S; N]],
        outputs: &mut [[S; N]],
        (): &mut (),
    ) {
        for (x, y) in inputs.iter().zip(outputs) {
            for ((y, &x), &gain) in y.iter_mut().zip(x).zip(&self.gain) {
                *y = x * gain;
            }
        }
    }

    fn backward<V: fnn::simd::Simd, const B: usize>(
        &self,
        _: fnn::layers::Pass<'_, V>,
        _: fnn::layers::Recorded<'_, Self, B>,
        _: &mut [[S; N]],
        _: fnn::layers::Gradient<'_, Self>,
        _: Option<&mut [[S; N]]>,
        (): &mut (),
    ) {
    }
}

fnn::network! {
    struct Unnormalised: [7] -> [5] {
        Dense(5),
        Tanh,
    }
}

fnn::network! {
    struct Nested: [5] -> [4] {
        encoder: Tabular,
        gain: Gain<3>,
        Dense(7),
        BatchNorm,
        plain: Unnormalised,
        skip: Residual { again: Wide<5> },
        Dense(4),
    }
}
folds!(networks_in_networks: Nested, 1);

fnn::network! {
    struct Wide<const N: usize>: [N] -> [N] {
        Dense(N),
        BatchNorm,
        inner: Inner<N>,
    }
}

fnn::network! {
    struct Inner<const N: usize>: [N] -> [N] {
        Dense(N, bias = false),
        BatchNorm,
    }
}

#[test]
fn const_parameters() {
    assert_abs_diff_eq!(difference::<Wide<4>>(1), 0.0, epsilon = 1e-5);
    assert_abs_diff_eq!(difference::<Wide<3, f64>>(1), 0.0, epsilon = 1e-12);
    let inner = 3 * 3 + (4 * 3 + 1);
    assert_eq!(Folded::<Wide<3>>::PARAMETERS, 3 * 3 + 3 + inner, "the inner one stays as it is");
    assert_eq!(Folded::<Inner<3>>::PARAMETERS, 3 * 3 + 3);
}

#[test]
fn layers_keep_their_names() {
    let expected = [("dense_1.weight", 35), ("dense_1.bias", 7), ("dense_2.weight", 42), ("dense_2.bias", 6)];
    let last = [("logits.weight", 18), ("logits.bias", 3)];
    let expected: Vec<_> = expected.iter().chain(&last).map(|(name, count)| (name.to_string(), *count)).collect();
    assert_eq!(names::<Folded<Tabular>>(), expected);
    let folded: Folded<Tabular> = trained::<Tabular>(1).fold_batch_norm();
    assert!(folded.dense_2.bias.iter().all(|bias| *bias != 0.0));
}

#[test]
fn without_batch_norm_a_network_is_itself() {
    let network = trained::<Unnormalised>(1);
    let folded: Unnormalised = network.fold_batch_norm();
    assert_eq!(folded.parameters(), network.parameters());
}

#[test]
fn what_a_network_derives_its_folded_form_derives() {
    let folded = trained::<Remaining>(1).fold_batch_norm();
    assert!(format!("{folded:?}").contains("after_relu"));
    assert_eq!(folded.clone(), folded);
    assert_eq!(*trained::<Remaining>(1).fold_batch_norm_boxed(), folded);
}

/// A custom type that implements the trait.
type Around<const N: usize, S = f32> = fnn::layers::Residual<Inner<N, S>>;

fnn::network! {
    struct OwnFolds: [3] -> [3] {
        around: Around<3>,
        Relu,
        plain: fnn::layers::Dense<3, 3>,
        BatchNorm,
    }
}

#[test]
fn types_of_ones_own_fold_if_they_can() {
    assert_abs_diff_eq!(difference::<OwnFolds<f64>>(1), 0.0, epsilon = 1e-12);
    let inner = 3 * 3 + 3;
    assert_eq!(Folded::<OwnFolds>::PARAMETERS, inner + inner + (4 * 3 + 1), "a norm after a custom type stays");
}

#[test]
fn a_folded_network_can_be_trained() {
    let network: Folded<Blocks<f64>> = trained::<Blocks<f64>>(1).fold_batch_norm();
    let mut random = Random::new(2);
    let mut inputs = [[[[0.0; 6]; 6]; 2]; 2];
    Sample::flat_mut(&mut inputs).fill_with(|| random.normal());
    let targets = [[[[0.0; 3]; 3]; 9]; 2];
    fnn::gradient_check(&network, &fnn::losses::MeanSquaredError, &inputs, &targets).assert(1e-6);
}

fnn::network! {
    struct Large: [784] -> [80] {
        Dense(80),
        BatchNorm,
    }
}

#[test]
fn a_quarter_of_a_megabyte_folds_on_the_stack() {
    assert_abs_diff_eq!(difference::<Large>(1), 0.0, epsilon = 1e-4);
    const { assert!(Folded::<Large>::FLASH > 250_000) }
}
