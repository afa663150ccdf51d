//! Batch normalization with too few values for statistics: the errors, and frozen statistics instead.

#![cfg(feature = "std")]

#[path = "support/pass.rs"]
mod pass;
#[path = "support/mod.rs"]
mod support;

use fnn::layers::{BatchNorm, Dense, Gradient, Pass, Recorded};
use fnn::losses::{CrossEntropy, MeanSquaredError};
use fnn::optimizers::Sgd;
use fnn::simd::Simd;
use fnn::train::{FineTune, FineTuneBuffers, GradientBuffers, InPlaceBuffers, Progress};
use fnn::{DataSet, Error, Layer, Network, Parameters, Scalar, Trainer, gradient_check};
use pass::{Passes, passes};
use support::{bits, classes};

fnn::network! {
    #[split(Features, Head, at = second, statistics = frozen)]
    #[derive(PartialEq)]
    struct Batch: [3] -> [2] { first: Dense(4), norm: BatchNorm, Tanh, second: Dense(4), last_norm: BatchNorm, Relu, out: Dense(2) }
}
fnn::network! {
    #[derive(PartialEq)]
    struct Frozen: [3] -> [2] { first: Dense(4), norm: BatchNorm(frozen), Tanh, out: Dense(2) }
}
fnn::network! { struct Learns: [3] -> [2] { first: Dense(4), norm: BatchNorm, Tanh, out: Dense(2) } }
fnn::network! { struct Inside: [3] -> [2] { Residual { Dense(3), BatchNorm }, Concat { { Relu }, { Dense(3) } }, Dense(2) } }
fnn::network! { struct Nested: [3] -> [2] { inner: Inside, Relu } }
fnn::network! { struct Images: [1, 4, 4] -> [2] { Conv2d(2, kernel = 3), BatchNorm, Flatten, Dense(2) } }

#[test]
fn the_smallest_batch_is_that_of_the_layer_that_needs_most() {
    assert_eq!(<Batch as Layer>::SMALLEST_BATCH, 2);
    assert_eq!(<Inside as Layer>::SMALLEST_BATCH, 2);
    assert_eq!(<Nested as Layer>::SMALLEST_BATCH, 2);
    assert_eq!(<Frozen as Layer>::SMALLEST_BATCH, 1);
    // Four positions of an image are four values.
    assert_eq!(<Images as Layer>::SMALLEST_BATCH, 1);
    assert_eq!((<Features as Layer>::SMALLEST_BATCH, <Head as Layer>::SMALLEST_BATCH), (2, 1));
}

/// The error of `fit`, if any.
fn refused(samples: usize, batch_size: usize) -> Option<String> {
    let trainer = Trainer::new(Learns::seeded(1), CrossEntropy, Sgd::new(0.1)).progress(Progress::Silent);
    match trainer.batch_size(batch_size).fit(&classes::<3, 2>(samples, 1)) {
        Ok(_) => None,
        Err(error) => {
            assert!(matches!(error.reason, Error::Setting { name: "batch size", .. }));
            Some(error.reason.to_string())
        }
    }
}

#[test]
fn fit_refuses_mini_batches_of_one() {
    let message = refused(8, 1).unwrap();
    assert!(
        message.contains("`BatchNorm(frozen)`") && message.ends_with("found 1: `Learns` needs 2, and a chunk has 1"),
        "{message}"
    );
    let message = refused(9, 4).unwrap();
    assert!(message.contains("found 4, and a last mini-batch of 1: "), "{message}");
    assert!(refused(1, 32).is_some());
    for (samples, batch_size) in [(8, 2), (8, 4), (10, 4), (33, 33), (65, 64 + 1), (97, usize::MAX), (66, 64)] {
        assert_eq!(refused(samples, batch_size), None, "{samples} {batch_size}");
    }
    // A last mini-batch of one, behind one of several chunks.
    assert!(refused(65, 64).is_some());
}

/// Another reason than statistics.
#[derive(Clone, Debug, Parameters)]
#[repr(C)]
struct Tripled<S: Scalar = f32> {
    nothing: [S; 0],
}

impl<S: Scalar> Layer for Tripled<S> {
    type Input = [S; 3];
    type Output = [S; 3];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = ();
    const KIND: &'static str = "Tripled";
    const MACS: u64 = 0;
    const SMALLEST_BATCH: usize = 3;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; 3]], outputs: &mut [[S; 3]], (): &mut ()) {
        outputs.copy_from_slice(inputs);
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[S; 3]],
        _: Gradient<'_, Self>,
        _: Option<&mut [[S; 3]]>,
        (): &mut (),
    ) {
    }
}

#[test]
fn a_layer_of_your_own_names_its_smallest_batch() {
    fn message(samples: usize, batch_size: usize) -> Option<String> {
        let data: DataSet<_, _> = (0..samples).map(|_| ([0.5; 3], 1)).collect();
        let trainer = Trainer::new(Tripled { nothing: [] }, CrossEntropy, Sgd::new(0.1)).batch_size(batch_size);
        trainer.progress(Progress::Silent).fit(&data).err().map(|error| error.reason.to_string())
    }
    assert_eq!(message(12, 4), None);
    assert!(message(12, 2).unwrap().ends_with("found 2: `Tripled` needs 3, and a chunk has 2"));
    // A chunk of 32, and one of 2.
    assert!(message(68, 34).unwrap().ends_with("found 34: `Tripled` needs 3, and a chunk has 2"));
}

#[test]
fn what_is_frozen_is_trained_by_one_sample_at_a_time() {
    let data = classes::<3, 2>(200, 1);
    let trainer = Trainer::new(Frozen::seeded(1), CrossEntropy, Sgd::new(0.05)).batch_size(1).epochs(20);
    let trained = trainer.progress(Progress::Silent).fit(&data).unwrap();
    let last = trained.history.epochs.last().unwrap().training;
    assert!(last.accuracy.unwrap() > 0.95, "{last:?}");
    // Constants stay constant.
    let (norm, before) = (&trained.network.norm, Frozen::seeded(1).norm);
    assert_eq!((norm.running_mean, norm.running_var), (before.running_mean, before.running_var));
    assert_eq!(norm.num_batches_tracked, 0.0);
    assert!(norm.weight != before.weight && norm.bias != before.bias);
}

/// With σ² + ε = 4 and = 16, all results have few digits: x̂ = (x − μ) / √(σ² + ε), y = w·x̂ + b,
/// dw = Σ g·x̂, db = Σ g, dx = w / √(σ² + ε) · g. As in PyTorch's evaluation mode.
#[test]
fn frozen_statistics_are_constants_through_which_gradients_go() {
    let mut norm = BatchNorm::<[[f64; 2]; 2], { f64::to_bits(1.0) }, { f64::to_bits(0.1) }, true>::zeroed();
    (norm.weight, norm.bias) = ([3.0, -2.0], [0.5, 1.0]);
    (norm.running_mean, norm.running_var) = ([1.0, -4.0], [3.0, 15.0]);
    let inputs = [[[3.0, -1.0], [0.0, 4.0]], [[1.0, 5.0], [-8.0, -4.0]]];
    let gradients = [[[1.0, 2.0], [-1.0, 0.5]], [[4.0, -1.0], [2.0, 8.0]]];
    let Passes { outputs, input_gradients, gradient } = passes(&norm, &inputs, &gradients);
    assert_eq!(outputs, [[[3.5, -2.5], [-1.0, -3.0]], [[0.5, 6.5], [3.0, 1.0]]]);
    assert_eq!(outputs[0], norm.forward(&inputs[0]));
    assert_eq!(input_gradients, [[[1.5, 3.0], [0.5, -0.25]], [[6.0, -1.5], [-1.0, -4.0]]]);
    // 1·1 + 2·(−1) + 4·0 + (−1)·2 and −1·1 + 0.5·2 + 2·(−1) + 8·0
    assert_eq!((gradient.weight, gradient.bias), ([-3.0, -2.0], [6.0, 9.5]));
    assert_eq!((gradient.running_mean, gradient.running_var, gradient.num_batches_tracked), ([0.0; 2], [0.0; 2], 0.0));
}

#[test]
fn gradients_through_frozen_statistics_are_right() {
    let mut network = <Frozen<f64> as Network>::seeded(3);
    (network.norm.running_mean, network.norm.running_var) = ([0.3, -0.2, 0.1, 1.0], [0.5, 2.0, 1.5, 0.1]);
    network.norm.weight = [1.5, -0.5, 2.0, 0.7];
    let inputs = [[0.3, -1.0, 0.7], [1.2, 0.4, -0.6]];
    gradient_check(&network, &CrossEntropy, &inputs[..1], &[1]).assert(1e-6);
    gradient_check(&network, &MeanSquaredError, &inputs, &[[0.5, -0.5], [1.0, 2.0]]).assert(1e-6);
}

/// Both kinds have the same weights under the same names.
#[test]
fn a_frozen_network_takes_the_weights_of_one_that_was_not() {
    let data = classes::<3, 2>(64, 1);
    let trainer = Trainer::new(Learns::seeded(1), CrossEntropy, Sgd::new(0.1)).epochs(3).progress(Progress::Silent);
    let trained = trainer.fit(&data).unwrap().network;
    let mut frozen = Frozen::zeroed();
    frozen.parameters_mut().copy_from_slice(trained.parameters());
    let names = |network: &dyn Fn(&mut Vec<String>)| {
        let mut names = Vec::new();
        network(&mut names);
        names
    };
    let learns = names(&|names| trained.for_each(&mut |name, _, _| names.push(name.to_string())));
    assert_eq!(learns, names(&|names| frozen.for_each(&mut |name, _, _| names.push(name.to_string()))));
    let sample = data.inputs()[0];
    assert_eq!(frozen.forward(&sample), trained.forward(&sample));
    // A training step computes the same outputs as inference.
    let (mut buffers, mut gradient) = (GradientBuffers::<_, 1>::new(), Frozen::zeroed());
    let loss = buffers.gradient(&frozen, &MeanSquaredError, &[sample], &[frozen.forward(&sample)], &mut gradient);
    assert_eq!(loss, 0.0);
}

#[test]
fn a_frozen_norm_folds_as_any() {
    fnn::network! { struct Folds: [3] -> [4] { Dense(4), norm: BatchNorm(frozen) } }
    let mut network = Folds::seeded(1);
    (network.norm.running_mean, network.norm.running_var) = ([0.3, -0.2, 0.1, 1.0], [0.5, 2.0, 1.5, 0.1]);
    let folded: fnn::Folded<Folds> = network.fold_batch_norm();
    assert_eq!(fnn::Folded::<Folds>::PARAMETERS, Dense::<3, 4>::PARAMETERS);
    let x = [0.5, -1.0, 0.25];
    for (one, other) in network.forward(&x).into_iter().zip(folded.forward(&x)) {
        assert!((one - other).abs() < 1e-5);
    }
}

fnn::network! {
    struct Together: [2, 3, 5] -> [3] {
        norm: BatchNorm, Sigmoid, Flatten, first: Dense(8), last_norm: BatchNorm, Elu, out: Dense(3), out_norm: BatchNorm(frozen), Relu,
    }
}
fnn::network! {
    /// The same layers with views between a norm and its activation, which then has a pass over memory of its own.
    struct Apart: [2, 3, 5] -> [3] {
        norm: BatchNorm, Flatten, Sigmoid, first: Dense(8), last_norm: BatchNorm, Reshape(8, 1), Elu, Flatten, out: Dense(3),
        out_norm: BatchNorm(frozen), Reshape(3, 1), Relu, Flatten,
    }
}

/// In one pass over memory or in two, in inference, in training, and where each layer is updated right away.
#[test]
fn a_norm_and_its_activation_compute_what_they_do_apart() {
    let data: DataSet<[[[f32; 5]; 3]; 2], [f32; 3]> = (0..60)
        .map(|index| {
            let number = |place: usize| ((index * 31 + place * 17) % 23) as f32 / 7.0 - 1.5;
            let row = |row: usize| core::array::from_fn(|column| number(row * 5 + column));
            let plane = |channel: usize| core::array::from_fn(|place| row(channel * 3 + place));
            (core::array::from_fn(plane), core::array::from_fn(number))
        })
        .collect();
    let (mut together, mut apart) = (Together::seeded(3), Apart::zeroed());
    apart.parameters_mut().copy_from_slice(together.parameters());
    assert_eq!(together.forward_all(data.inputs()), apart.forward_all(data.inputs()));
    let mut by_inputs = [vec![[[[0.0; 5]; 3]; 2]; 20], vec![[[[0.0; 5]; 3]; 2]; 20]];
    let (mut one, mut other) = (Together::zeroed(), Apart::zeroed());
    let (inputs, targets) = (&data.inputs()[..20], &data.targets()[..20]);
    let [by_one, by_other] = &mut by_inputs;
    GradientBuffers::<_, 20>::boxed().gradients(&together, &MeanSquaredError, inputs, targets, &mut one, by_one);
    GradientBuffers::<_, 20>::boxed().gradients(&apart, &MeanSquaredError, inputs, targets, &mut other, by_other);
    assert_eq!(bits(&one), bits(&other));
    assert!(by_one == by_other && one.norm.weight != [0.0; 2]);

    let mut buffers = (InPlaceBuffers::<Together, 20>::new(), InPlaceBuffers::<Apart, 20>::new());
    buffers.0.train(&mut together, &MeanSquaredError, &Sgd::new(0.1), inputs, targets);
    buffers.1.train(&mut apart, &MeanSquaredError, &Sgd::new(0.1), inputs, targets);
    assert_eq!(bits(&together), bits(&apart));
    let one = Trainer::new(together, MeanSquaredError, Sgd::new(0.1)).batch_size(40).progress(Progress::Silent);
    let other = Trainer::new(apart, MeanSquaredError, Sgd::new(0.1)).batch_size(40).progress(Progress::Silent);
    assert_eq!(bits(&*one.fit(&data).unwrap().network), bits(&*other.fit(&data).unwrap().network));
}

/// As on a microcontroller: the last layers learn one sample at a time, with the statistics from training.
#[test]
fn the_part_that_learns_has_frozen_statistics() {
    let mut network = Batch::seeded(1);
    (network.last_norm.running_mean, network.last_norm.running_var) = ([0.3, -0.2, 0.1, 1.0], [0.5, 2.0, 1.5, 0.1]);
    let (frozen, head) = network.split();
    assert_eq!(head.last_norm.running_mean, [0.3, -0.2, 0.1, 1.0]);
    let mut tuned = FineTune { frozen, head: head.clone() };
    let sample = [0.5, -0.5, 1.0];
    assert_eq!(tuned.forward(&sample), network.forward(&sample));
    let mut buffers = FineTuneBuffers::<Features, Head, 1>::new();
    let first = buffers.train(&mut tuned, &CrossEntropy, &Sgd::new(0.1), &[sample], &[1]);
    let second = buffers.train(&mut tuned, &CrossEntropy, &Sgd::new(0.1), &[sample], &[1]);
    assert!(second < first);
    assert_eq!(tuned.head.last_norm.running_mean, head.last_norm.running_mean);
    assert_ne!(bits(&tuned.head), bits(head));

    let mut alone = InPlaceBuffers::<Frozen, 1>::new();
    let mut network = Frozen::seeded(2);
    let (one, data) = (network.clone(), DataSet::from([(sample, 1)]));
    alone.train(&mut network, &CrossEntropy, &Sgd::new(0.1), data.inputs(), data.targets());
    assert_ne!(bits(&one), bits(&network));
}
