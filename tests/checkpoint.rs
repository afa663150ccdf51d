//! Checkpoints: a training that is interrupted anywhere ends with the same bits as one that is not.

#![cfg(feature = "std")]

#[path = "checkpoint/check.rs"]
mod check;
#[path = "support/mutations.rs"]
mod mutations;
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

/// A source whose samples differ, whose number differs, or that says so.
#[test]
fn another_source_is_refused() {
    struct Stream(u64);
    impl Source for Stream {
        type Input = [f32; 3];
        type Target = usize;

        fn len(&self) -> usize {
            22
        }

        fn read(&self, index: usize, _: &mut Random, input: &mut [f32; 3]) -> Result<usize, Error> {
            *input = [index as f32; 3];
            Ok(index % 2)
        }

        fn fingerprint(&self) -> Result<u64, Error> {
            Ok(self.0)
        }
    }
    let all = folder("sources");
    trainer(Sgd::new(0.1)).checkpoint(&all).fit(&Stream(17)).unwrap();
    let expected = |data: &str| {
        let found = "`22 samples, fingerprint 0000000000000011`";
        format!("the checkpoint differs from this training: training set: expected `{data}`, found {found}")
    };
    let error = trainer(Sgd::new(0.1)).resume(&all).fit(&Stream(18)).unwrap_err().to_string();
    assert!(error.ends_with(&expected("22 samples, fingerprint 0000000000000012")), "{error}");
    assert_eq!(trainer(Sgd::new(0.1)).resume(&all).fit(&Stream(17)).unwrap().history.epochs.len(), 4);

    // By default, it is made from samples: it is another one after a change of the data or of the augmentation.
    let (data, scaled) = (data(1), |factor: f32| move |x: &mut [f32; 3], _: &mut usize, _: &mut Random| x[0] *= factor);
    let fingerprints = [
        Source::fingerprint(&data),
        (&data).augment(scaled(1.0)).fingerprint(),
        (&data).augment(scaled(1.01)).fingerprint(),
        (&data).augment(|_, class, _| *class = 0).fingerprint(),
        (&data).take(21).fingerprint(),
        (&data).take(21).concat((&data).select(vec![21]).unwrap()).fingerprint(),
    ];
    let fingerprints = fingerprints.map(Result::unwrap);
    assert_eq!(fingerprints[1], fingerprints[5]);
    let different: std::collections::BTreeSet<_> = fingerprints.into_iter().collect();
    assert_eq!(different.len(), 5);
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

#[test]
fn anything_that_reads_safetensors_reads_a_checkpoint() {
    let (folder, data) = (folder("foreign"), data(1));
    let train = || trainer(Adam::new(0.01)).moving_average(0.5).early_stopping(9);
    let trained = train().checkpoint(&folder).fit(&data).unwrap();
    let bytes = fs::read(folder.join(name(16))).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    assert_eq!((&*metadata["fnn.content"], &*metadata["fnn.checkpoint"]), ("checkpoint", "1"));
    assert_eq!((&*metadata["fnn.state.step"], &*metadata["fnn.settings.seed"]), ("16", "5"));
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for prefix in ["", "optimizer/0/", "optimizer/1/", "average/", "best/"] {
        assert_eq!(file.tensor(&format!("{prefix}first.weight")).unwrap().shape(), [5, 3], "{prefix}");
    }
    // What is returned is the best average; a file has a matrix by its outputs.
    let best = file.tensor("best/logits.bias").unwrap();
    let best: Vec<f32> = best.data().chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    assert_eq!(best, trained.network.logits.bias);
    let error = Net::<f32>::load(folder.join(name(16))).unwrap_err().to_string();
    assert!(error.contains("found a training checkpoint"), "{error}");
}

#[test]
fn the_last_ones_are_kept_and_the_best_one() {
    let (folder, data) = (folder("kept"), data(1));
    // The better the network learns, the more it is wrong there.
    let wrong = data.targets().iter().map(|class| 1 - class).collect();
    let validation = DataSet::new(data.inputs().to_vec(), wrong).unwrap();
    let trained = trainer(Sgd::new(0.3)).epochs(6).validate(&validation);
    let trained = trained.checkpoint(Checkpoints::new(&folder).keep(2)).fit(&data).unwrap();
    let best = 4 * trained.history.best().unwrap().number as u64;
    assert!(best < 20, "{best}");
    assert_eq!(names(&folder), [name(best), name(20), name(24)]);
}

#[test]
fn intervals_are_those_that_were_asked_for() {
    let run = |name: &str, plan: fn(Checkpoints) -> Checkpoints| {
        let folder = folder(name);
        trainer(Sgd::new(0.1)).checkpoint(plan(Checkpoints::new(&folder)).keep(99)).fit(&data(1)).unwrap();
        names(&folder)
    };
    assert_eq!(run("epochs", |plan| plan.every_epochs(3)), [12, 16].map(name));
    assert_eq!(run("steps", |plan| plan.every_steps(6)), [6, 12, 16].map(name));
    assert_eq!(run("short", |plan| plan.every_minutes(1e-12)), (1..=16).map(name).collect::<Vec<_>>());
    assert_eq!(run("long", |plan| plan.every_minutes(1e9)), [name(16)]);
}

#[test]
fn a_damaged_file_is_passed_over() {
    let (folder, data) = (folder("damaged"), data(1));
    let train = || trainer(Adam::new(0.01));
    let at_once = train().checkpoint(&folder).fit(&data).unwrap();
    let newest = folder.join(name(16));
    let whole = fs::read(&newest).unwrap();
    for length in [0, 7, 8, 100, whole.len() - 1] {
        fs::write(&newest, &whole[..length]).unwrap();
        assert_same(&train().resume(&folder).fit(&data).unwrap(), &at_once, "from the one before");
    }
    for step in [8, 12] {
        fs::remove_file(folder.join(name(step))).unwrap();
    }
    let error = train().resume(&folder).fit(&data).unwrap_err().to_string();
    assert!(error.contains(&name(16)) && error.contains("data: expected"), "{error}");
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let folder = folder("left");
    fs::create_dir_all(&folder).unwrap();
    let part = format!("{}.fnn-0123456789abcdef.part", name(3));
    for name in [&*part, "notes.fnn-0123456789abcdef.part", "notes"] {
        fs::write(folder.join(name), "").unwrap();
    }
    trainer(Sgd::new(0.1)).checkpoint(Checkpoints::new(&folder).keep(1).every_epochs(4)).fit(&data(1)).unwrap();
    assert_eq!(names(&folder), ["notes", "notes.fnn-0123456789abcdef.part", &name(16)]);
}

#[test]
#[cfg(unix)]
fn a_checkpoint_that_cannot_be_written_does_not_end_the_training() {
    let (folder, data) = (folder("unwritable"), data(1));
    let at_once = trainer(Adam::new(0.01)).fit(&data).unwrap();
    // In the way of the second one, whoever has which permissions.
    fs::create_dir_all(folder.join("nothing")).unwrap();
    std::os::unix::fs::symlink("nothing", folder.join(name(8))).unwrap();
    let train = trainer(Adam::new(0.01)).checkpoint(&folder).resume(folder.join("nothing"));
    let error = train.fit(&data).map(drop).unwrap_err().to_string();
    assert!(error.contains("expected a folder without checkpoints"), "{error}");

    fs::remove_file(folder.join(name(8))).unwrap();
    let trained = trainer(Adam::new(0.01)).checkpoint(&folder).on_epoch(|end| {
        let _ = if end.epoch.number == 1 { fs::create_dir(folder.join(name(8))) } else { Ok(()) };
        ControlFlow::Continue(())
    });
    let trained = trained.fit(&data).unwrap();
    assert_eq!(bits(&*trained.network), bits(&*at_once.network));
    let failure = trained.history.checkpoint_failure.unwrap();
    assert!(failure.contains(&name(8)) && failure.contains("expected a regular file"), "{failure}");
    assert!(names(&folder).contains(&name(16)));
}

/// Weights of 64 bits, and texts that JSON escapes.
#[test]
fn numbers_and_texts_are_exact() {
    fnn::network! {
        struct Double: [2] -> [1] { hidden: Dense(3), Tanh, out: Dense(1) }
    }
    let data: DataSet<[f64; 2], [f64; 1]> = (0..9).map(|x| ([f64::from(x) / 7.0, 0.1], [f64::from(x) / 3.0])).collect();
    let make = |epochs| {
        let optimizer = Named { adam: Adam::new(0.1), name: "\"quoted\" \\ \n é" };
        let network = <Double<f64> as fnn::Network>::seeded(1);
        let trainer = Trainer::new(network, fnn::losses::MeanSquaredError, optimizer);
        trainer.batch_size(2).epochs(epochs).progress(Progress::Silent)
    };
    let (at_once, folder) = (make(4).fit(&data).unwrap(), folder("double"));
    make(2).checkpoint(&folder).fit(&data).unwrap();
    let resumed = make(4).resume(&folder).fit(&data).unwrap();
    let bits = |network: &Double<f64>| network.parameters().iter().map(|weight| weight.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&resumed.network), bits(&at_once.network));
    assert_eq!(timeless(&resumed.history), timeless(&at_once.history));
}

/// Has a name.
#[derive(Clone, Debug)]
struct Named {
    adam: Adam,
    name: &'static str,
}

impl Optimizer<2> for Named {
    fn update<V: Simd, S: Scalar>(&self, simd: V, step: u64, weights: &mut [S], gradient: &[S], slots: [&mut [S]; 2]) {
        self.adam.update(simd, step, weights, gradient, slots);
    }

    fn learning_rate(&self) -> f64 {
        self.adam.learning_rate()
    }

    fn with_learning_rate(&self, learning_rate: f64) -> Self {
        Self { adam: self.adam.with_learning_rate(learning_rate), name: self.name }
    }

    fn validate<S: Scalar>(&self) -> Result<(), InvalidSetting> {
        Optimizer::<2>::validate::<S>(&self.adam)
    }
}

// What is refused.

fn refused<O, V, const SLOTS: usize>(trainer: Trainer<'_, Net, CrossEntropy, O, SLOTS, V>, data: &Data) -> String
where
    O: Optimizer<SLOTS> + Debug,
    V: Validation<[f32; 3], usize>,
{
    match trainer.fit(data).unwrap_err().reason {
        error @ Error::Checkpoint { .. } => error.to_string(),
        error => panic!("{error}"),
    }
}

#[test]
fn another_training_is_refused_with_what_differs() {
    let (folder, data, other) = (folder("refused"), data(1), data(2));
    let train = || trainer(Adam::new(0.01)).resume(&folder);
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let assert_names = |field: &str, error: String| {
        let start = format!("the checkpoint differs from this training: {field}: expected");
        assert!(error.contains(&start) && error.contains("found"), "{error}");
    };
    assert_names("batch size", refused(train().batch_size(8), &data));
    assert_names("seed", refused(train().seed(6), &data));
    assert_names("shuffle", refused(train().shuffle(false), &data));
    assert_names("clip", refused(train().clip(Clip::Norm(1.0)), &data));
    assert_names("penalty", refused(train().penalty(Penalty::l2(0.1)), &data));
    assert_names("moving average", refused(train().moving_average(0.5), &data));
    assert_names("plateau", refused(train().reduce_on_plateau(Plateau::new()), &data));
    assert_names("early stopping", refused(train().early_stopping(3), &data));
    assert_names("validation set", refused(train().validate(&other), &data));
    assert_names("training set", refused(train(), &other));
    assert_names("optimizer", refused(trainer(Adam::new(0.02)).resume(&folder), &data));
    assert_names("optimizer", refused(trainer(AdamW::new(0.01)).resume(&folder), &data));
    let scheduled = trainer(Adam::new(0.01).scheduled(Schedule::cosine(16))).resume(&folder);
    assert_names("optimizer", refused(scheduled, &data));
    let error = refused(train().seed(6).batch_size(8), &data);
    assert!(error.contains("\n  batch size: expected `8`, found `6`\n  seed: expected `6`, found `5`"), "{error}");
    let last = DataSet::new(data.inputs().to_vec(), data.targets().iter().rev().copied().collect()).unwrap();
    assert_names("training set", refused(train(), &last));
}

#[test]
fn another_network_is_refused_and_stays_as_it_is() {
    let (folder, data) = (folder("network"), data(1));
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let wider = Trainer::new(Wider::seeded(1), CrossEntropy, Adam::new(0.01)).batch_size(6).epochs(4).seed(5);
    let error = wider.progress(Progress::Silent).resume(&folder).fit(&data).unwrap_err();
    assert_eq!(bits(&*error.network), bits(&Wider::<f32>::seeded(1)));
    let text = error.reason.to_string();
    assert!(text.contains("first.weight: expected F32 of shape [6, 3], found F32 of shape [5,3]"), "{text}");
}

#[test]
fn another_format_is_refused() {
    let (folder, data) = (folder("format"), data(1));
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let change = |from: &str, to: &str| {
        let bytes = fs::read(folder.join(name(16))).unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let changed = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        fs::write(folder.join(name(16)), changed).unwrap();
        let error = refused(trainer(Adam::new(0.01)).resume(&folder), &data);
        fs::write(folder.join(name(16)), bytes).unwrap();
        error
    };
    let error = change(r#""fnn.checkpoint":"1""#, r#""fnn.checkpoint":"2""#);
    assert!(error.contains("version of the format: expected `1`, found `2`"), "{error}");
    let error = change(r#""fnn.content":"checkpoint""#, r#""fnn.content":"checkpoimt""#);
    assert!(error.contains("content: expected `checkpoint`"), "{error}");
    // A step that isn't one of the epoch after the history, and a history that is none.
    let error = change(r#""fnn.state.step":"16""#, r#""fnn.state.step":"15""#);
    assert!(error.contains("step: expected fewer than 4 after 4 epochs, found 15 in all"), "{error}");
    let error = change("[[1,", "[[2,");
    assert!(error.contains("history: expected an array"), "{error}");
}

#[test]
fn a_folder_of_other_checkpoints_is_not_written_to() {
    let (folder, data) = (folder("taken"), data(1));
    trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap();
    let before = names(&folder);
    let error = trainer(Adam::new(0.01)).checkpoint(&folder).fit(&data).unwrap_err().to_string();
    assert!(error.contains("expected a folder without checkpoints"), "{error}");
    assert_eq!(names(&folder), before);
}

#[test]
#[cfg(unix)]
fn two_trainings_do_not_write_to_the_same_folder_at_once() {
    let (folder, data) = (folder("shared"), data(1));
    let trained = trainer(Adam::new(0.01)).checkpoint(&folder).on_epoch(|_| {
        for other in [trainer(Sgd::new(0.1)), trainer(Sgd::new(0.1)).resume(&folder)] {
            let error = other.checkpoint(&folder).fit(&data).map(drop).unwrap_err().to_string();
            let expected = "checkpoints: expected a folder that no other training writes to at the same time, found ";
            assert_eq!(error, format!("{expected}{}", folder.display()));
        }
        ControlFlow::Continue(())
    });
    trained.fit(&data).unwrap();
    // Afterwards, it goes on there.
    trainer(Adam::new(0.01)).epochs(6).checkpoint(&folder).resume(&folder).fit(&data).unwrap();
}

#[test]
fn settings_are_checked() {
    for (plan, found) in [
        (Checkpoints::new("x").keep(0), "to keep at least 1, found 0"),
        (Checkpoints::new("x").every_epochs(0), "found every 0 epochs"),
        (Checkpoints::new("x").every_steps(0), "found every 0 steps"),
        (Checkpoints::new("x").every_minutes(f64::NAN), "found every NaN minutes"),
    ] {
        let error = trainer(Sgd::new(0.1)).checkpoint(plan).fit(&data(1)).unwrap_err().to_string();
        assert!(error.contains(found), "{error}");
    }
}

// The flag.

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
fn a_folder_that_is_a_file_is_an_error() {
    let file = folder("file").with_extension("txt");
    fs::write(&file, "").unwrap();
    let error = trainer(Adam::new(0.01)).resume(&file).fit(&data(1)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", file.display())), "{error}");
    fs::remove_file(file).unwrap();
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
