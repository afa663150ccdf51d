//! Checkpoints: a training that is interrupted anywhere ends with the same bits as one that is not.

#![cfg(feature = "std")]

#[path = "checkpoint/check.rs"]
mod check;
#[path = "checkpoint/files.rs"]
mod files;
#[path = "support/mutations.rs"]
mod mutations;
#[path = "checkpoint/refused.rs"]
mod refused;
mod support;

use std::fmt::Debug;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use fnn::data::{Source, augment, one_hot};
use fnn::losses::{CrossEntropy, Loss, SampleWeights};
use fnn::optimizers::{
    Adagrad, Adam, AdamW, AmsGrad, Clip, Decay, Lion, Optimizer, Penalty, Plateau, RmsProp, Schedule, Sgd,
};
use fnn::simd::Simd;
use fnn::train::{Checkpoints, History, Progress, Stopped, Trained, Validation};
use fnn::{DataSet, Error, InvalidSetting, Parameters, Random, Scalar, Trainer};
use mutations::mutated;
use support::bits;

fnn::network! {
    #[derive(Clone)]
    struct Net: [3] -> [2] { first: Dense(5), BatchNorm, Tanh, Dropout(0.3), logits: Dense(2) }
}

fnn::network! {
    struct Wider: [3] -> [2] { first: Dense(6), BatchNorm, Tanh, Dropout(0.3), logits: Dense(2) }
}

fnn::network! {
    struct Large: [64] -> [2] { first: Dense(256), Relu, logits: Dense(2) }
}

type Data = DataSet<[f32; 3], usize>;

fn data(seed: u64) -> Data {
    let mut random = fnn::Random::new(seed);
    let mut sample = || [(); 3].map(|()| random.uniform() as f32 - 0.5);
    (0..22).map(|_| sample()).map(|x| (x, usize::from(x[0] + 0.3 * x[1] * x[2] > 0.0))).collect()
}

fn trainer<'a, O: Optimizer<SLOTS>, const SLOTS: usize>(optimizer: O) -> Trainer<'a, Net, CrossEntropy, O, SLOTS> {
    Trainer::new(Net::seeded(1), CrossEntropy, optimizer).batch_size(6).epochs(4).seed(5).progress(Progress::Silent)
}

/// An empty folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("checkpoint").join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn name(step: u64) -> String {
    format!("step-{step:012}.safetensors")
}

/// A history without what the clock decides.
fn timeless(history: &History) -> History {
    let mut history = history.clone();
    history.epochs.iter_mut().for_each(|epoch| epoch.seconds = None);
    history
}

fn assert_same<N: Parameters<Scalar = f32>>(one: &Trained<N>, other: &Trained<N>, what: &str) {
    assert_eq!(bits(&*one.network), bits(&*other.network), "{what}");
    assert_eq!(timeless(&one.history), timeless(&other.history), "{what}");
}

/// Trains once without a checkpoint, and from a checkpoint after each of its steps.
fn resumes_anywhere<'a, O, V, const SLOTS: usize>(
    test: &str,
    make: impl Fn() -> Trainer<'a, Net, CrossEntropy, O, SLOTS, V>,
) where
    O: Optimizer<SLOTS> + Debug,
    V: Validation<[f32; 3], usize>,
{
    resumes_anywhere_on(&data(1), test, make);
}

fn resumes_anywhere_on<'a, D, F, O, V, const SLOTS: usize>(
    data: &D,
    test: &str,
    make: impl Fn() -> Trainer<'a, Net, F, O, SLOTS, V>,
) where
    D: Source<Input = [f32; 3]>,
    F: Loss<[f32; 2], D::Target> + Debug,
    O: Optimizer<SLOTS> + Debug,
    V: Validation<[f32; 3], D::Target>,
{
    let all = folder(test);
    let at_once = make().fit(data).unwrap();
    let saved = make().checkpoint(Checkpoints::new(&all).every_steps(1).keep(1000)).fit(data).unwrap();
    assert_same(&saved, &at_once, "with checkpoints");
    let steps = data.len().div_ceil(6) * at_once.history.epochs.len();
    assert_eq!(names(&all).len(), steps, "one checkpoint a step");
    for step in 1..=steps as u64 {
        let one = all.join("one");
        fs::create_dir_all(&one).unwrap();
        fs::rename(all.join(name(step)), one.join(name(step))).unwrap();
        let resumed = make().resume(&one).fit(data).unwrap();
        assert_same(&resumed, &at_once, &format!("from step {step}"));
        fs::remove_dir_all(&one).unwrap();
    }
}

// The bits.

#[test]
fn a_training_resumes_anywhere_with_each_optimizer() {
    resumes_anywhere("sgd", || trainer(Sgd::new(0.1)));
    resumes_anywhere("momentum", || trainer(Sgd::new(0.1).momentum(0.9)));
    resumes_anywhere("adam", || trainer(Adam::new(0.01)));
    resumes_anywhere("adamw", || trainer(AdamW::new(0.01).weight_decay(0.1).decay_weights_only()));
    resumes_anywhere("amsgrad", || trainer(AmsGrad::new(0.01)));
    resumes_anywhere("adagrad", || trainer(Adagrad::new(0.01)));
    resumes_anywhere("rmsprop", || trainer(RmsProp::new(0.01)));
    resumes_anywhere("lion", || trainer(Lion::new(0.01)));
}

#[test]
fn a_training_resumes_anywhere_with_data_that_is_read() {
    let (data, validation) = (data(1), data(2));
    let noise = |input: &mut [f32; 3], _: &mut usize, random: &mut Random| augment::noise(input, 0.1, random);
    let plain = || trainer(Adam::new(0.01));
    resumes_anywhere_on(&(&data).augment(noise), "augmented", plain);
    resumes_anywhere_on(&(&data).balanced().unwrap().augment(noise), "balanced", plain);
    let weights: Vec<f64> = (0..22).map(f64::from).collect();
    resumes_anywhere_on(&(&data).sampled(&weights).unwrap(), "sampled", plain);
    let noisy_validation = (&validation).augment(noise);
    resumes_anywhere_on(&(&data).augment(noise), "validation", || {
        trainer(Sgd::new(0.1)).validate(&noisy_validation).early_stopping(3).reduce_on_plateau(Plateau::new())
    });
    let mixed = (&data).map(|&input, class, _| (input, one_hot::<f32, 2>(class))).mix_up(0.4).unwrap();
    resumes_anywhere_on(&mixed, "mixed", plain);
    let weighted = data.clone().weighted(|input, _| 1.0 + input[0]);
    let weighted_trainer = || {
        let trainer = Trainer::new(Net::seeded(1), SampleWeights(CrossEntropy), Adam::new(0.01));
        trainer.batch_size(6).epochs(4).seed(5).progress(Progress::Silent)
    };
    resumes_anywhere_on(&weighted, "weighted", weighted_trainer);
    resumes_anywhere_on(&(&weighted).take(20).concat(&weighted), "weighted-read", || weighted_trainer().threads(3));
}

#[test]
fn a_training_resumes_anywhere_with_each_setting() {
    let validation = data(2);
    resumes_anywhere("schedule", || trainer(Adam::new(0.01).scheduled(Schedule::cosine(16).warm_up(3))));
    resumes_anywhere("norm", || trainer(Sgd::new(0.1)).clip(Clip::Norm(0.1)));
    resumes_anywhere("value", || trainer(Sgd::new(0.1)).clip(Clip::Value(0.01)));
    resumes_anywhere("penalty", || trainer(Sgd::new(0.1)).penalty(Penalty::l2(0.1)));
    resumes_anywhere("average", || trainer(Sgd::new(0.5)).moving_average(Decay::new(0.9).warm_up()));
    resumes_anywhere("order", || trainer(Sgd::new(0.5)).shuffle(false));
    resumes_anywhere("full batch", || trainer(Sgd::new(0.5)).batch_size(6).validate(&validation));
    // Each epoch lowers the rate.
    let plateau = Plateau::new().factor(0.5).patience(0).threshold(0.9);
    resumes_anywhere("plateau", || trainer(Adam::new(0.05)).reduce_on_plateau(plateau));
    // Ends early, as the first epoch is the best one.
    let stops = || trainer(Sgd::new(5.0)).epochs(9).early_stopping(2).validate(&validation);
    assert_eq!(stops().fit(&data(1)).unwrap().history.stopped, Some(Stopped::EarlyStopping));
    resumes_anywhere("early stopping", stops);
    resumes_anywhere("all", || {
        trainer(Adam::new(0.05).scheduled(Schedule::cosine(16)))
            .moving_average(0.8)
            .clip(Clip::Norm(0.5))
            .penalty(Penalty::l2(0.01))
            .reduce_on_plateau(plateau)
            .early_stopping(3)
            .validate(&validation)
    });
    resumes_anywhere("callback", || {
        trainer(Sgd::new(0.1)).on_epoch(|end| match end.epoch.number {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    });
}

#[test]
fn the_number_of_threads_may_change() {
    let data: DataSet<[f32; 64], usize> = (0..200).map(|i| ([(i % 7) as f32 / 7.0; 64], i % 2)).collect();
    let make = |threads| {
        let trainer = Trainer::new(Large::seeded(1), CrossEntropy, Adam::new(0.01)).batch_size(100).epochs(3);
        trainer.threads(threads).progress(Progress::Silent)
    };
    let (at_once, folder) = (make(1).fit(&data).unwrap(), folder("threads"));
    make(3).epochs(1).checkpoint(&folder).fit(&data).unwrap();
    assert_same(&make(2).resume(&folder).fit(&data).unwrap(), &at_once, "other threads");
}

#[test]
fn more_epochs_go_on() {
    let (folder, data) = (folder("more"), data(1));
    let at_once = trainer(Adam::new(0.01)).epochs(7).fit(&data).unwrap();
    let make = |epochs| trainer(Adam::new(0.01)).epochs(epochs).checkpoint(&folder).resume(&folder);
    for epochs in [2, 2, 5, 7] {
        assert_eq!(make(epochs).fit(&data).unwrap().history.epochs.len(), epochs);
    }
    assert_same(&make(7).fit(&data).unwrap(), &at_once, "in parts");
}

// The files.

/// Sets a flag in a step.
#[derive(Clone)]
struct Stops {
    sgd: Sgd,
    step: u64,
    flag: &'static AtomicBool,
}

impl Debug for Stops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.sgd.fmt(f)
    }
}

impl Optimizer<0> for Stops {
    fn update<V: Simd, S: Scalar>(&self, simd: V, step: u64, weights: &mut [S], gradient: &[S], slots: [&mut [S]; 0]) {
        self.flag.store(step == self.step, Relaxed);
        self.sgd.update(simd, step, weights, gradient, slots);
    }

    fn learning_rate(&self) -> f64 {
        self.sgd.learning_rate()
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { sgd: self.sgd.with_learning_rate(learning_rate), ..*self }
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        self.sgd.validate::<S>()
    }
}

#[test]
fn a_flag_ends_after_the_step_and_the_training_goes_on_from_there() {
    static FLAG: AtomicBool = AtomicBool::new(false);
    let (data, validation) = (data(1), data(2));
    let make = |step| {
        let optimizer = Stops { sgd: Sgd::new(0.3), step, flag: &FLAG };
        trainer(optimizer).early_stopping(9).validate(&validation).stop_flag(&FLAG)
    };
    let at_once = make(99).fit(&data).unwrap();
    assert_eq!(at_once.history.stopped, None);
    for step in 1..16 {
        let folder = folder("flag");
        let cut = make(step).checkpoint(&folder).fit(&data).unwrap();
        assert_eq!(cut.history.stopped, Some(Stopped::Flag));
        let whole = step as usize / 4;
        assert_eq!(timeless(&cut.history).epochs, timeless(&at_once.history).epochs[..whole]);
        let best = cut.history.best().map(|best| best.number);
        assert_eq!(cut.history.kept, best);
        assert_eq!(names(&folder).last(), Some(&name(step)));
        FLAG.store(false, Relaxed);
        let resumed = make(99).resume(&folder).fit(&data).unwrap();
        assert_same(&resumed, &at_once, &format!("after step {step}"));
    }
}

#[test]
fn no_mutation_does_harm() {
    let mut random = fnn::Random::new(1);
    let good = check::good();
    assert!(check::check(&good));
    for length in (0..good.len()).step_by(7) {
        assert!(!check::check(&good[..length]), "a file cut off at {length}");
    }
    for _ in 0..1_000 {
        let bytes = mutated(&good, &mut random);
        check::check(&bytes);
    }
}
