//! Optimizers, schedules, clipping and averaging against PyTorch, step by step: `tests/fixtures/optimizers.py`.
//!
//! The absolute deviation from PyTorch's results in `f64` after each of twenty steps is at most 1e-5 in `f32` and 1e-9 in `f64`.
//! `--nocapture` prints it.

#![cfg(feature = "std")]

#[path = "support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;

use fixtures::{Tensors, compare};
use fnn::{
    DataSet, Layer, Parameters, Scalar, Trainer,
    losses::CrossEntropy,
    optimizers::{
        Adagrad, Adam, AdamW, AmsGrad, Clip, Lion, MovingAverage, Optimizer, Penalty, Plateau, RmsProp, Schedule, Sgd,
        State, gradient_norm,
    },
    train::{GradientBuffers, Progress},
    weights::Role,
};

fnn::network! { struct WithLayerNorm: [4] -> [3] { first: Dense(6), norm: LayerNorm, Tanh, second: Dense(3) } }
fnn::network! { struct WithBatchNorm: [4] -> [3] { first: Dense(6), norm: BatchNorm, Tanh, second: Dense(3) } }
fnn::network! { struct Pod: [4] -> [3] { first: Dense(6), Tanh, second: Dense(3) } }

const STEPS: usize = 20;
const BATCH: usize = 8;

/// Changes to the gradient before the optimizer's step.
trait Between {
    fn adjust<N: Parameters>(&self, network: &N, gradient: &mut N);
}

impl Between for () {
    fn adjust<N: Parameters>(&self, _: &N, _: &mut N) {}
}

impl Between for Penalty {
    fn adjust<N: Parameters>(&self, network: &N, gradient: &mut N) {
        self.add_gradient(network, gradient);
    }
}

impl Between for Clip {
    fn adjust<N: Parameters>(&self, _: &N, gradient: &mut N) {
        self.apply(gradient);
    }
}

fn start<N: Parameters>(network: &str) -> Box<N> {
    let mut start = N::zeroed_box();
    let tensors = Tensors::read("optimizers");
    let numbers = tensors.get(&format!("start.{network}"));
    assert_eq!(numbers.len(), N::PARAMETERS);
    for (weight, &value) in start.parameters_mut().iter_mut().zip(numbers) {
        *weight = N::Scalar::from_f64(value);
    }
    start
}

fn batches<S: Scalar>() -> DataSet<[S; 4], usize> {
    let data = Tensors::read("opt.data");
    data.samples("x").into_iter().zip(data.classes("y")).collect()
}

/// Compare the result of `see` with PyTorch's after each step, and return the largest deviation.
fn follow<S: Scalar, N, const SLOTS: usize>(
    network: &str,
    optimizer: &impl Optimizer<SLOTS>,
    between: &impl Between,
    tolerance: f64,
    mut see: impl FnMut(usize, &N, &N, &mut dyn FnMut(&str, &[S])),
) -> f64
where
    N: Layer<Scalar = S, Input = [S; 4], Output = [S; 3]>,
{
    let (tensors, data) = (Tensors::read("optimizers"), batches());
    let mut network = start::<N>(network);
    let mut memory = GradientBuffers::<N, BATCH>::boxed();
    let (mut gradient, mut state) = (N::zeroed_box(), State::boxed());
    let mut largest = 0.0f64;
    for step in 0..STEPS {
        let batch = BATCH * step..BATCH * (step + 1);
        let (inputs, targets) = (&data.inputs()[batch.clone()], &data.targets()[batch]);
        memory.gradient(&*network, &CrossEntropy, inputs, targets, &mut gradient);
        let raw = gradient.boxed_copy();
        between.adjust(&*network, &mut *gradient);
        optimizer.step(&mut *network, &*gradient, &mut *state);
        see(step, &network, &raw, &mut |kind, ours| {
            let theirs = &tensors.get(kind)[ours.len() * step..ours.len() * (step + 1)];
            largest = largest.max(compare(&format!("{kind}, step {}", step + 1), ours, theirs, tolerance));
        });
    }
    largest
}

/// In `f32` and in `f64` in a custom loop, and in `f32` in the trainer with these settings.
macro_rules! check {
    ($kind:literal, $network:ident $start:literal, $optimizer:expr, $between:expr, $($with:tt)*) => {{
        let (optimizer, between) = ($optimizer, $between);
        let single = follow::<_, $network, _>($start, &optimizer, &between, 1e-5, |_, network, _, compare| {
            compare($kind, network.parameters());
        });
        let double = follow::<_, $network<f64>, _>($start, &optimizer, &between, 1e-9, |_, network, _, compare| {
            compare($kind, network.parameters());
        });
        let trainer = Trainer::new(start::<$network>($start), CrossEntropy, optimizer);
        let trainer = trainer.batch_size(BATCH).shuffle(false).progress(Progress::Silent);
        let trained = trainer $($with)*.fit(&batches()).unwrap().network;
        let tensors = Tensors::read("optimizers");
        let last = &tensors.get($kind)[(STEPS - 1) * $network::PARAMETERS..];
        let trainer = compare(concat!($kind, ", trainer"), trained.parameters(), last, 1e-5);
        println!("{:<28} f32 {:.1e}  trainer {:.1e}  f64 {:.1e}", $kind, single, trainer, double);
    }};
    ($kind:literal, $network:ident $start:literal, $optimizer:expr) => {
        check!($kind, $network $start, $optimizer, (),)
    };
}

#[test]
fn all_optimizers() {
    check!("sgd_decay", Pod "plain", Sgd::new(0.1).weight_decay(0.1));
    check!("sgd_dampening", Pod "plain", Sgd::new(0.1).weight_decay(0.01).momentum(0.9).dampening(0.5));
    check!("sgd_nesterov", Pod "plain", Sgd::new(0.1).momentum(0.8).nesterov());
    check!("adam_decay", Pod "plain", Adam::new(0.01).betas(0.8, 0.99).epsilon(1e-6).weight_decay(0.1));
    check!("adamw", Pod "plain", AdamW::new(0.01).betas(0.8, 0.99).weight_decay(0.1));
    check!("amsgrad", Pod "plain", AmsGrad::new(0.01).betas(0.8, 0.9).weight_decay(0.01));
    check!("rmsprop", Pod "plain", RmsProp::new(0.01).alpha(0.9).weight_decay(0.01));
    check!("rmsprop_momentum", Pod "plain", RmsProp::new(0.01).momentum(0.5));
    check!("rmsprop_centred", Pod "plain", RmsProp::new(0.01).centred());
    let both = RmsProp::new(0.01).alpha(0.9).epsilon(1e-6).momentum(0.9).centred();
    check!("rmsprop_centred_momentum", Pod "plain", both);
    check!("adagrad", Pod "plain", Adagrad::new(0.1).learning_rate_decay(0.05).weight_decay(0.01));
    check!("lion", Pod "plain", Lion::new(0.01).weight_decay(0.1));
}

#[test]
fn schedules() {
    let tensors = Tensors::read("optimizers");
    for (name, schedule) in [
        ("step", Schedule::step(7, 0.5)),
        ("exponential", Schedule::exponential(0.9)),
        ("cosine", Schedule::cosine(60)),
        ("restarts", Schedule::cosine_with_restarts(5, 2.0)),
        ("one_cycle", Schedule::one_cycle(60)),
        ("warm_up_cosine", Schedule::cosine(50).warm_up(10)),
    ] {
        let factors: Vec<f64> = (1..=60).map(|step| schedule.factor(step)).collect();
        let largest = compare(name, &factors, tensors.get(&format!("schedule.{name}")), 1e-9);
        println!("schedule.{name}: largest deviation {largest:.1e}");
    }
}

#[test]
fn plateaus() {
    let tensors = Tensors::read("optimizers");
    for (name, mut plateau) in [
        ("plain", Plateau::new().factor(0.5).patience(2)),
        ("cooldown", Plateau::new().factor(0.5).patience(1).threshold(0.1).cooldown(3)),
        ("least", Plateau::new().patience(0).floor(0.02)),
        ("tiny", Plateau::new().factor(1e-3).patience(0)),
    ] {
        let mut rate = 0.8;
        let rates = tensors.get("plateau.losses").iter().map(|&loss| {
            rate = plateau.see(loss, rate);
            rate
        });
        let largest = compare(name, &rates.collect::<Vec<_>>(), tensors.get(&format!("plateau.{name}")), 1e-12);
        println!("plateau.{name}: largest deviation {largest:.1e}");
    }
}

#[test]
fn weight_decay_of_weights_only() {
    let sgd = Sgd::new(0.1).momentum(0.9).weight_decay(0.1).decay_weights_only();
    check!("sgd_weights_only", WithLayerNorm "layer_norm", sgd);
    check!("batch_norm_weights_only", WithBatchNorm "batch_norm", sgd.scheduled(Schedule::constant()));
    let adam = AdamW::new(0.01).weight_decay(0.5).scheduled(Schedule::constant()).decay_weights_only();
    check!("adamw_weights_only", WithLayerNorm "layer_norm", adam);
}

#[test]
fn every_optimizer_leaves_its_weight_decay_out() {
    fn check<O: Optimizer<SLOTS> + PartialEq + std::fmt::Debug, const SLOTS: usize>(optimizer: O, without: O) {
        assert_eq!(optimizer.without_weight_decay(), without);
        assert_eq!(optimizer.decay_weights_only().for_vectors().unwrap().optimizer, without);
    }
    check(Sgd::new(0.1).weight_decay(0.1), Sgd::new(0.1));
    check(Sgd::new(0.1).momentum(0.5).weight_decay(0.1), Sgd::new(0.1).momentum(0.5));
    check(Adam::new(0.1).weight_decay(0.1), Adam::new(0.1));
    check(AdamW::new(0.1), AdamW::new(0.1).weight_decay(0.0));
    check(AmsGrad::new(0.1).weight_decay(0.1), AmsGrad::new(0.1));
    check(RmsProp::new(0.1).centred().weight_decay(0.1), RmsProp::new(0.1).centred());
    check(Adagrad::new(0.1).weight_decay(0.1), Adagrad::new(0.1));
    check(Lion::new(0.1).weight_decay(0.1), Lion::new(0.1));
}

#[test]
fn the_roles_of_everything_that_layers_have() {
    fnn::network! {
        struct Net: [3, 6, 6] -> [3] {
            conv: Conv2d(4, kernel = 3, padding = same),
            BatchNorm,
            PRelu,
            Residual { DepthwiseConv2d(kernel = 3, padding = same, bias = false), GroupNorm(2) },
            Concat { { Conv2d(2, kernel = 1) }, { Conv2d(2, kernel = 1, bias = false), RmsNorm } },
            Flatten,
            LayerNorm,
            Dense(3),
        }
    }
    let (mut arrays, mut start) = (Vec::new(), 0);
    Net::boxed(1).for_each(&mut |name, shape, _| {
        let (name, end) = (name.to_string(), start + shape.length());
        let role = match () {
            () if name.contains("running_") || name.contains("num_") => Role::RunningStatistics,
            () if name.contains("norm") || name.contains("relu") || name.ends_with("bias") => Role::Vector,
            () => Role::Weight,
        };
        arrays.push((role, start..end));
        start = end;
    });
    let mut ranges = Vec::new();
    Net::<f32>::roles(0, &mut |role, range| ranges.push((role, range)));
    assert_eq!(ranges.first().unwrap().1.start, 0);
    assert_eq!(ranges.last().unwrap().1.end, Net::PARAMETERS);
    assert!(ranges.windows(2).all(|pair| pair[0].1.end == pair[1].1.start));
    for (role, array) in arrays {
        let holds = |(of, range): &(Role, std::ops::Range<usize>)| {
            *of == role && range.start <= array.start && array.end <= range.end
        };
        assert!(ranges.iter().any(holds), "{array:?} is {role:?}: {ranges:?}");
    }
}

#[test]
fn penalties() {
    let (l1, l2, both) = (Penalty::l1(0.01), Penalty::l2(0.1), Penalty::elastic(0.01, 0.1).weights_only());
    check!("l1", Pod "plain", Sgd::new(0.1).momentum(0.9), l1, .penalty(l1));
    check!("l2", Pod "plain", Adam::new(0.01), l2, .penalty(l2));
    check!("elastic", WithLayerNorm "layer_norm", Sgd::new(0.1).momentum(0.9), both, .penalty(both));
    let network = start::<WithLayerNorm<f64>>("layer_norm");
    let values = [l1, l2, both].map(|penalty| penalty.value(&*network));
    compare("the penalties", &values, Tensors::read("optimizers").get("penalty"), 1e-12);
}

#[test]
fn a_penalty_is_clipped_with_the_gradient() {
    struct Both(Penalty, Clip);

    impl Between for Both {
        fn adjust<N: Parameters>(&self, network: &N, gradient: &mut N) {
            self.0.add_gradient(network, gradient);
            self.1.apply(gradient);
        }
    }

    let penalty = Penalty::elastic(0.01, 0.1).weights_only();
    for clip in [Clip::Norm(0.4), Clip::Value(0.05)] {
        let (mut last, both) = (start::<WithLayerNorm>("layer_norm"), Both(penalty, clip));
        let sgd = Sgd::new(0.1).weight_decay(0.1).decay_weights_only();
        follow("layer_norm", &sgd, &both, 0.0, |_, network: &WithLayerNorm, _, _| last = network.boxed_copy());
        let trainer = Trainer::new(start::<WithLayerNorm>("layer_norm"), CrossEntropy, sgd).batch_size(BATCH);
        let trainer = trainer.shuffle(false).progress(Progress::Silent).penalty(penalty).clip(clip);
        let trained = trainer.fit(&batches()).unwrap().network;
        let by_hand: Vec<f64> = last.parameters().iter().map(|&weight| weight.into()).collect();
        compare("by hand", trained.parameters(), &by_hand, 1e-6);
    }
}

/// The loss is that of the first mini-batch, whatever the penalty.
#[test]
fn a_reported_loss_is_without_the_penalty() {
    let loss = |penalty| {
        let trainer = Trainer::new(start::<Pod>("plain"), CrossEntropy, Sgd::new(0.0)).progress(Progress::Silent);
        trainer.penalty(penalty).fit(&batches()).unwrap().history.epochs[0].training.loss
    };
    assert_eq!(loss(Penalty::l2(10.0)), loss(Penalty::l1(0.0)));
}

#[test]
fn moving_averages() {
    fn largest<S: Scalar>(tolerance: f64) -> f64 {
        let (sgd, mut average) = (Sgd::new(0.5).momentum(0.9), MovingAverage::<WithBatchNorm<S>>::boxed());
        follow("batch_norm", &sgd, &(), tolerance, |_, network, _, compare| {
            average.update(network, 0.9);
            compare("average", network.parameters());
            compare("average.average", average.network.parameters());
        })
    }

    let sgd = Sgd::new(0.5).momentum(0.9);
    let trainer = Trainer::new(start::<WithBatchNorm>("batch_norm"), CrossEntropy, sgd).moving_average(0.9);
    let trained = trainer.batch_size(BATCH).shuffle(false).progress(Progress::Silent).fit(&batches()).unwrap();
    let tensors = Tensors::read("optimizers");
    let last = &tensors.get("average.average")[(STEPS - 1) * WithBatchNorm::PARAMETERS..];
    let trainer = compare("average, trainer", trained.network.parameters(), last, 1e-5);
    println!("average: f32 {:.1e}  trainer {trainer:.1e}  f64 {:.1e}", largest::<f32>(1e-5), largest::<f64>(1e-9));
}

#[test]
fn clipping() {
    let sgd = Sgd::new(0.5).momentum(0.9);
    let clip = Clip::Value(0.05);
    check!("clip_value", Pod "plain", sgd, clip, .clip(clip));
    let clip = Clip::Norm(0.4);
    check!("clip_norm", Pod "plain", sgd, clip, .clip(clip));
    follow::<_, Pod<f64>, _>("plain", &sgd, &clip, 1e-9, |_, _, gradient, compare| {
        compare("clip_norm.norm", &[gradient_norm(gradient)]);
    });
}
