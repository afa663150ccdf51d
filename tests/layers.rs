//! Layers declared with `network!`: outputs that can be computed by hand, and training.

use approx::assert_relative_eq;
use fnn::layers::activation::{Function, HardSigmoid, HardSwish, Mish, Relu6, Selu, Softplus};
use fnn::layers::zeroed;
use fnn::{
    DataSet, Layer, Network, Parameters, Random, Trainer, gradient_check,
    losses::{CrossEntropy, MeanSquaredError},
    optimizers::{Adam, Optimizer, Sgd, State},
    train::{GradientBuffers, Progress},
};

#[test]
fn activations_have_the_values_of_their_formulas() {
    assert_relative_eq!(Mish::value(1.0f64), 0.865_098_388_267_310_3, max_relative = 1e-14);
    assert_relative_eq!(Selu::value(2.0f64), 2.101_401_974_710_961, max_relative = 1e-14);
    assert_relative_eq!(Selu::value(-1.0f64), -1.111_330_737_812_562_5, max_relative = 1e-14);
    assert_eq!([-4.0, -3.0, 0.0, 3.0, 9.0].map(HardSigmoid::value), [0.0, 0.0, 0.5, 1.0, 1.0]);
    assert_eq!([-4.0, -3.0, 0.0, 3.0, 9.0].map(HardSwish::value), [0.0, 0.0, 0.0, 3.0, 9.0]);
    assert_eq!([-1.0, 2.5, 6.0, 7.0].map(Relu6::value), [0.0, 2.5, 6.0, 6.0]);
    let softplus = Softplus::<{ f64::to_bits(2.0) }>::value(1.0f64);
    assert_relative_eq!(softplus, (1.0 + 2.0f64.exp()).ln() / 2.0, max_relative = 1e-14);
    assert!(
        [Relu6::value(f64::NAN), HardSigmoid::value(f64::NAN), HardSwish::value(f64::NAN)].iter().all(|y| y.is_nan())
    );
}

#[test]
fn derivatives_at_kinks_are_those_of_pytorch() {
    let at = |x: f64| (Relu6::derivative(x, Relu6::value(x)), HardSigmoid::derivative(x, HardSigmoid::value(x)));
    assert_eq!([at(0.0).0, at(6.0).0, at(-3.0).1, at(3.0).1], [0.0; 4]);
    assert_eq!([-3.0, 3.0].map(|x| HardSwish::derivative(x, HardSwish::value(x))), [0.0, 1.0]);
}

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Normalised: [4, 6, 5] -> [3] {
        conv: Conv2d(4, kernel = 3, bias = false),
        batch: BatchNorm(epsilon = 1e-3, momentum = 0.25),
        Relu6,
        group: GroupNorm(2, epsilon = 1e-4),
        HardSwish,
        layer: LayerNorm,
        rows: LayerNorm(axes = 1),
        rms: RmsNorm(axes = 2, epsilon = 1e-6),
        all: RmsNorm,
        Mish,
        GlobalAvgPool,
        features: BatchNorm,
        Selu,
        Dense(3),
        LogSoftmax,
    }
}

fnn::network! {
    struct Branched: [3, 4, 4] -> [40] {
        inception: Concat {
            { one: Conv2d(2, kernel = 1), Relu },
            { Conv2d(1, kernel = 3, padding = 1), BatchNorm, HardSigmoid },
            { },
            { MaxPool2d(3, stride = 1, padding = 1), Conv2d(2, kernel = 1) },
        },
        block: Residual {
            { Conv2d(2, kernel = 3, padding = same), Softplus(2.0), Conv2d(2, kernel = 3, stride = 2, padding = 1) },
            { Conv2d(2, kernel = 1, stride = 2) },
        },
        Upsample2d((2, 1)),
        Reshape(8, 2),
        Conv1d(5, kernel = 2, padding = same),
        Identity,
        Upsample1d(4),
        Flatten,
        Tanh,
    }
}

fnn::network! {
    struct Tokens: [6] -> [2] {
        embedding: Embedding(10, 4),
        each: PRelu(slopes = each),
        Flatten,
        PRelu,
        Dense(2),
    }
}

fn random<A: fnn::layers::Sample<Element = S>, S: fnn::Scalar, const N: usize>(seed: u64) -> [A; N] {
    let mut random = Random::new(seed);
    let mut samples = [zeroed::<A>(); N];
    A::flat_mut(&mut samples).fill_with(|| S::from_f64(random.normal()));
    samples
}

#[test]
fn every_kind_is_declared_counted_and_differentiated() {
    assert_eq!(Normalised::PARAMETERS, 144 + 17 + 8 + 2 * 48 + 2 * 3 + 12 + 48 + 17 + 15);
    // With this seed, gradients are of order 1; with others they are near 1e-4, where differences are mostly rounding.
    let report =
        gradient_check(&Normalised::<f64>::seeded(3), &MeanSquaredError, &random::<_, _, 3>(1), &random::<_, _, 3>(2));
    report.assert(1e-6);

    assert_eq!(Branched::PARAMETERS, 8 + (28 + 5) + 8 + (8 * 18 + 2 + 2 * 18 + 2) + 18 + (5 * 16 + 5));
    let branched = Branched::<f64>::seeded(2);
    gradient_check(&branched, &MeanSquaredError, &random::<_, _, 2>(1), &random::<_, _, 2>(2)).assert(1e-6);
    let mut names = Vec::new();
    branched.for_each(&mut |name, _, _| names.push(name.to_string()));
    assert_eq!(names[0], "inception.first.one.weight");
    assert!(names.contains(&"inception.second.first.batch_norm_1.running_var".to_string()), "{names:?}");
    assert!(names.contains(&"block.second.conv2d_1.weight".to_string()), "{names:?}");

    assert_eq!(Tokens::PARAMETERS, 40 + 6 + 1 + 24 * 2 + 2);
    let scores = Tokens::seeded(1).forward(&[0, 9, 3, 3, 0, 1]);
    assert!(scores.iter().all(|score| score.is_finite()));
}

#[test]
fn the_table_has_a_row_for_each_layer_of_each_branch() {
    let table = Branched::summary().to_string();
    for row in ["inception", "one", "max_pool2d_1", "second", "upsample1d_1"] {
        assert!(table.contains(row), "{row} in\n{table}");
    }
}

#[test]
fn embeddings_are_learned() {
    // Whether token 7 occurs.
    let mut chance = Random::new(3);
    let sample = |_| {
        let tokens: [u16; 6] = core::array::from_fn(|_| (chance.uniform() * 10.0) as u16);
        (tokens, usize::from(tokens.contains(&7)))
    };
    let data: DataSet<_, _> = (0..400).map(sample).collect();
    let trainer = Trainer::new(Tokens::seeded(1), CrossEntropy, Adam::new(0.02)).epochs(20).progress(Progress::Silent);
    let trained = trainer.fit(&data).unwrap();
    assert_eq!(fnn::train::evaluate(&*trained.network, &CrossEntropy, &data).accuracy, Some(1.0));
}

mod batch_normalization {
    use super::*;
    use fnn::layers::BatchNorm;

    type Norm = BatchNorm<[f64; 2]>;

    /// The gradient of a batch, with a loss whose target is zero.
    fn gradient<const B: usize>(norm: &Norm, inputs: &[[f64; 2]]) -> Norm {
        let mut gradient = Norm::zeroed();
        let targets = vec![[0.0; 2]; inputs.len()];
        GradientBuffers::<Norm, B>::new().gradient(norm, &MeanSquaredError, inputs, &targets, &mut gradient);
        gradient
    }

    #[test]
    fn running_statistics_move_by_a_tenth_towards_those_of_the_batch() {
        let mut norm = Norm::seeded(1);
        let inputs = [[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]];
        let gradient = gradient::<3>(&norm, &inputs);
        norm.absorb(&gradient);
        // Means 3 and 20; variances 4 and 300, with two degrees of freedom.
        assert_relative_eq!(norm.running_mean[..], [0.3, 2.0], max_relative = 1e-12);
        assert_relative_eq!(norm.running_var[..], [0.9 + 0.4, 0.9 + 30.0], max_relative = 1e-12);
        assert_eq!(norm.num_batches_tracked, 1.0);
    }

    #[test]
    fn chunks_of_a_batch_are_averaged_by_their_samples() {
        let mut norm = Norm::seeded(1);
        // A chunk of two samples and one of one, which has no variance.
        let inputs = [[2.0, 0.0], [4.0, 0.0], [100.0, 100.0]];
        let gradient = gradient::<2>(&norm, &inputs);
        norm.absorb(&gradient);
        assert_relative_eq!(norm.running_mean[..], [0.3, 0.0], max_relative = 1e-12);
        assert_relative_eq!(norm.running_var[..], [0.9 + 0.2, 0.9], max_relative = 1e-12);
        assert_eq!(norm.num_batches_tracked, 1.0);
        // Four chunks of two samples: the mean of their means and of their variances.
        let inputs: Vec<_> = (0..8).map(|n| [f64::from(n) * f64::from(n), 1.0]).collect();
        let mut norm = Norm::seeded(1);
        let gradient = super::batch_normalization::gradient::<2>(&norm, &inputs);
        norm.absorb(&gradient);
        assert_relative_eq!(norm.running_mean[0], 0.1 * 17.5, max_relative = 1e-12);
        let variances = [1.0, 25.0, 81.0, 169.0].map(|squared_step: f64| squared_step / 2.0);
        assert_relative_eq!(norm.running_var[0], 0.9 + 0.1 * variances.iter().sum::<f64>() / 4.0, max_relative = 1e-12);
    }

    #[test]
    fn optimizers_leave_running_statistics_alone() {
        let mut norm = Norm::seeded(1);
        norm.running_mean = [1.0, 2.0];
        let (inputs, before) = ([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]], norm.clone());
        let mut gradient = gradient::<3>(&norm, &inputs);
        // Without new statistics, only weight decay could change them.
        gradient.num_batches_tracked = 0.0;
        Sgd::new(0.1).weight_decay(0.5).step(&mut norm, &gradient, &mut State::new());
        assert_eq!((norm.running_mean, norm.running_var), (before.running_mean, before.running_var));
        assert!(norm.weight.iter().all(|&weight| weight != 1.0));
        Adam::new(0.1).weight_decay(0.5).step(&mut norm, &gradient, &mut State::new());
        assert_eq!((norm.running_mean, norm.running_var), (before.running_mean, before.running_var));
    }

    #[test]
    fn a_single_number_is_its_own_mean() {
        let norm = Norm { bias: [7.0, -7.0], ..Norm::seeded(1) };
        let gradient = gradient::<2>(&norm, &[[1e3, -1e3]]);
        assert_eq!(gradient.num_batches_tracked, 0.0);
        assert!(gradient.parameters().iter().all(|number| number.is_finite()));
    }

    /// Samples of two classes, with a mean far from 0.
    fn data() -> DataSet<[[[f32; 5]; 6]; 4], usize> {
        let images: [[[[f32; 5]; 6]; 4]; 150] = random(4);
        let class = |image: &[[[f32; 5]; 6]; 4]| usize::from(image[0][2][2] + image[1][3][3] > 0.0);
        images.iter().map(|image| (image.map(|x| x.map(|x| x.map(|x| 10.0 + 3.0 * x))), class(image))).collect()
    }

    #[test]
    fn training_gives_the_same_bits_at_any_number_of_threads() {
        let data = data();
        let train = |threads| {
            let trainer = Trainer::new(Normalised::seeded(1), CrossEntropy, Sgd::new(0.05).momentum(0.9));
            let trainer = trainer.epochs(2).batch_size(70).threads(threads).progress(Progress::Silent);
            *trainer.fit(&data).unwrap().network
        };
        let one = train(1);
        assert_eq!(one.batch.num_batches_tracked, 6.0);
        assert!(one.batch.running_mean.iter().all(|mean| mean.abs() > 0.1), "{:?}", one.batch);
        assert_eq!(one, train(2));
        assert_eq!(one, train(3));
    }

    #[test]
    fn inference_uses_the_running_statistics() {
        let data = data();
        let trainer = Trainer::new(Normalised::seeded(1), CrossEntropy, Adam::new(0.02));
        let trained = trainer.epochs(30).batch_size(30).progress(Progress::Silent).fit(&data).unwrap();
        let accuracy = fnn::train::evaluate(&*trained.network, &CrossEntropy, &data).accuracy.unwrap();
        assert!(accuracy > 0.9, "{accuracy}");
        assert_eq!(<Normalised as Layer>::KIND, "Normalised");
    }
}

mod axes {
    use super::*;

    fnn::network! {
        struct Rows: [2, 2, 3] -> [3, 2, 2] {
            Permute(2, 0, 1),
            Softmax(axes = 1),
        }
    }

    fnn::network! {
        struct Blocks: [2, 2, 2] -> [2, 2, 2] {
            LogSoftmax(axes = 2),
        }
    }

    #[test]
    fn softmax_of_the_last_axis_is_that_of_each_row() {
        let x = [[[1.0, 5.0, 0.0], [2.0, 5.0, 3.0]], [[-1.0, 0.0, 1.0], [-1.0, 2.0, 0.0]]];
        let y = Rows::seeded(1).forward(&x);
        for (channel, plane) in y.iter().enumerate() {
            for (row, pair) in plane.iter().enumerate() {
                let [one, other] = [0, 1].map(|column| f32::exp(x[row][column][channel]));
                assert_relative_eq!(pair[0], one / (one + other), max_relative = 1e-6);
                assert_relative_eq!(pair[1], other / (one + other), max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn log_softmax_of_the_last_two_axes_is_that_of_each_block() {
        let x = [[[0.0, 1.0], [2.0, 3.0]], [[5.0, 5.0], [5.0, 5.0]]];
        let y = Blocks::seeded(1).forward(&x);
        let sum: f32 = x[0].as_flattened().iter().map(|x| x.exp()).sum();
        for (y, x) in y[0].as_flattened().iter().zip(x[0].as_flattened()) {
            assert_relative_eq!(*y, x - sum.ln(), max_relative = 1e-5);
        }
        for y in y[1].as_flattened() {
            assert_relative_eq!(*y, -f32::ln(4.0), max_relative = 1e-6);
        }
    }
}

mod dilated_pools {
    use super::*;

    fnn::network! {
        struct Apart: [1, 4] -> [1, 2] {
            MaxPool1d(2, stride = 1, dilation = 2),
        }
    }

    fnn::network! {
        struct Both: [2, 7, 8] -> [2, 5, 5] {
            MaxPool2d(2, stride = 1, dilation = (2, 3)),
            AvgPool2d(2, stride = 1, padding = 1, dilation = 2, count_padding = false),
        }
    }

    #[test]
    fn elements_of_a_window_lie_apart() {
        assert_eq!(Apart::seeded(1).forward(&[[1.0, 5.0, 2.0, 3.0]]), [[2.0, 5.0]]);
    }

    #[test]
    fn gradients() {
        let inputs: [[[[f64; 8]; 7]; 2]; 3] = random(1);
        let targets: [[[[f64; 5]; 5]; 2]; 3] = random(2);
        gradient_check(&<Both<f64> as Network>::seeded(1), &MeanSquaredError, &inputs, &targets).assert(1e-6);
    }
}
