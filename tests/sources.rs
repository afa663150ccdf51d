//! Training on data that is not in memory: the same bits as in memory, at any number of threads, and with errors.

#![cfg(feature = "std")]

mod support;

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use fnn::data::{ArrayFile, NumberType, Source, from_fn, one_hot};
use fnn::losses::{CrossEntropy, Loss, SampleWeights};
use fnn::optimizers::Adam;
use fnn::train::{History, Progress, Stopped, Trained, evaluate, try_evaluate};
use fnn::{DataSet, Error, Random, Trainer};
use support::{bits, classes};

fnn::network! {
    struct Net: [20] -> [4] { hidden: Dense(64), Relu, Dropout(0.3), wide: Dense(64), Relu, out: Dense(4) }
}

fn trainer<'a>() -> Trainer<'a, Net, CrossEntropy, Adam, 2> {
    Trainer::new(Net::boxed(3), CrossEntropy, Adam::new(1e-3)).batch_size(60).epochs(3).progress(Progress::Silent)
}

/// A source that reads the samples of another one, so that it is not in memory.
fn read<S: Source>(source: S) -> impl Source<Input = S::Input, Target = S::Target> {
    source.map(|&input, target, _| (input, target))
}

fn losses(history: &History) -> Vec<(u64, Option<u64>)> {
    let bits = |epoch: &fnn::train::Epoch| (epoch.training.loss.to_bits(), epoch.monitored.map(f64::to_bits));
    history.epochs.iter().map(bits).collect()
}

fn assert_same(one: &Trained<Net>, other: &Trained<Net>, what: impl Debug) {
    assert!(bits(&*one.network) == bits(&*other.network), "{what:?}");
    assert_eq!(losses(&one.history), losses(&other.history), "{what:?}");
}

#[test]
fn samples_that_are_read_give_the_bits_of_samples_in_memory() {
    let (data, test) = (classes::<20, 4>(500, 1), classes::<20, 4>(70, 2));
    let in_memory = trainer().validate(&test).early_stopping(9).fit(&data).unwrap();
    for threads in [1, 2, 3, 8] {
        let (data, test) = (read(&data), read(&test));
        let trainer = trainer().threads(threads).validate(&test).early_stopping(9);
        assert_same(&trainer.fit(&data).unwrap(), &in_memory, threads);
    }
    // Without a validation set, the training set is evaluated.
    let in_memory = trainer().early_stopping(9).shuffle(false).fit(&data).unwrap();
    assert_same(&trainer().early_stopping(9).shuffle(false).fit(&read(&data)).unwrap(), &in_memory, "training set");
    let one_batch = trainer().full_batch().fit(&data).unwrap();
    assert_same(&trainer().full_batch().fit(&read(&data)).unwrap(), &one_batch, "full batch");
}

#[test]
fn the_learning_rate_curve_is_the_same() {
    let data = classes::<20, 4>(500, 1);
    let in_memory = trainer().find_learning_rate(&data, 1e-4..=1.0, 30).unwrap();
    assert_eq!(trainer().find_learning_rate(&read(&data), 1e-4..=1.0, 30).unwrap(), in_memory);
}

#[test]
fn an_augmentation_is_the_same_at_any_number_of_threads_and_differs_between_epochs_and_samples() {
    let data = classes::<20, 4>(500, 1);
    let noisy = (&data).augment(|input, _, random| input.iter_mut().for_each(|x| *x += 0.1 * random.normal() as f32));
    let one = trainer().threads(1).fit(&noisy).unwrap();
    for threads in [2, 3, 8] {
        assert_same(&trainer().threads(threads).fit(&noisy).unwrap(), &one, threads);
    }
    assert!(bits(&*one.network) != bits(&*trainer().fit(&data).unwrap().network));
    assert!(bits(&*one.network) != bits(&*trainer().seed(1).fit(&noisy).unwrap().network));

    // What the random numbers of each sample are in each epoch.
    let seen = std::sync::Mutex::new(Vec::new());
    let watched = from_fn(10, |index, random, input: &mut [f32; 20]| {
        *input = [0.0; 20];
        seen.lock().unwrap().push((index, random.next_u64()));
        Ok(0usize)
    });
    trainer().epochs(2).threads(1).fit(&watched).unwrap();
    let mut seen = seen.into_inner().unwrap();
    // The first of all is read twice, to learn what targets are.
    assert_eq!(seen.len(), 22);
    seen.drain(..2);
    assert!((0..10).all(|index| seen.iter().filter(|(other, _)| *other == index).count() == 2));
    let mut numbers: Vec<_> = seen.iter().map(|(_, number)| number).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 20);
}

/// Each sampler, mix-up, sample weights, and a file.
#[test]
fn whatever_is_read_is_the_same_at_any_number_of_threads() {
    fn check<L: Loss<[f32; 4], D::Target> + Copy, D: Source<Input = [f32; 20]>>(what: &str, loss: L, data: &D) {
        let train = |threads| {
            let trainer = Trainer::new(Net::boxed(3), loss, Adam::new(1e-3)).batch_size(60).epochs(2);
            trainer.threads(threads).progress(Progress::Silent).fit(data).unwrap()
        };
        let one = train(1);
        [2, 3, 8].into_iter().for_each(|threads| assert_same(&train(threads), &one, (what, threads)));
    }
    let data = classes::<20, 4>(300, 1);
    check("balanced", CrossEntropy, &(&data).balanced().unwrap());
    let weights: Vec<f64> = (0..300).map(|index| f64::from(index % 7)).collect();
    check("sampled", CrossEntropy, &(&data).sampled(&weights).unwrap());
    let mixed = (&data).map(|&input, class, _| (input, one_hot::<f32, 4>(class))).mix_up(0.3).unwrap();
    check("mixed", CrossEntropy, &mixed);
    let weighted = data.clone().weighted(|input, _| input[0].abs());
    check("weighted", SampleWeights(CrossEntropy), &weighted);
    check("weighted and read", SampleWeights(CrossEntropy), &read(&weighted));

    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let bytes: Vec<u8> = data.inputs().as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(folder.join("sources-inputs"), bytes).unwrap();
    std::fs::write(folder.join("sources-classes"), data.targets().iter().map(|&class| class as u8).collect::<Vec<_>>())
        .unwrap();
    let inputs = ArrayFile::<[f32; 20]>::raw(folder.join("sources-inputs"), NumberType::F32).unwrap();
    let targets = ArrayFile::<usize>::raw(folder.join("sources-classes"), NumberType::U8).unwrap();
    let file = inputs.with_targets(targets).unwrap();
    check("file", CrossEntropy, &file);
    assert_same(&trainer().fit(&file).unwrap(), &trainer().fit(&data).unwrap(), "the file is the set");
}

#[test]
fn sources_are_made_of_sources() {
    let data: DataSet<[f32; 1], usize> = (0..10).map(|x| ([x as f32], x)).collect();
    let values = |source: &dyn Source<Input = [f32; 1], Target = usize>| {
        let value = |index| {
            let mut input = [f32::NAN];
            let target = source.read(index, &mut Random::new(0), &mut input).unwrap();
            assert_eq!(input[0], target as f32);
            target
        };
        (0..source.len()).map(value).collect::<Vec<_>>()
    };
    assert_eq!(values(&(&data).take(3)), [0, 1, 2]);
    assert_eq!(values(&(&data).take(30)).len(), 10);
    let error = (&data).take(3).read(3, &mut Random::new(0), &mut [0.0]).unwrap_err().to_string();
    assert_eq!(error, "index of a sample: expected an index below the number of samples, found 3 of 3");
    let selected = (&data).select(vec![7, 7, 1]).unwrap();
    assert_eq!((values(&selected), selected.row(2)), (vec![7, 7, 1], 1));
    assert_eq!(values(&(&data).take(2).concat(&selected).concat(Box::new(&data).take(1))), [0, 1, 7, 7, 1, 0]);
    let error = (&data).select(vec![3, 10]).unwrap_err().to_string();
    assert_eq!(error, "index of a sample: expected an index below the number of samples, found 10 of 10");
    let boxed: Box<dyn Source<Input = [f32; 1], Target = usize>> = Box::new(data);
    assert_eq!((values(&boxed).len(), boxed.in_memory().is_some()), (10, true));
}

/// A source of which a sample fails from the second epoch on, with the steps before that.
/// As of a recording that goes on: each sample that is read is followed by another one.
#[test]
fn samples_that_come_later_wait_for_the_next_training() {
    struct Growing {
        data: DataSet<[f32; 20], usize>,
        reads: AtomicUsize,
        last: AtomicUsize,
    }
    impl Source for Growing {
        type Input = [f32; 20];
        type Target = usize;

        fn len(&self) -> usize {
            100 + self.reads.load(Relaxed)
        }

        fn read(&self, index: usize, random: &mut Random, input: &mut [f32; 20]) -> Result<usize, Error> {
            self.reads.fetch_add(1, Relaxed);
            self.last.fetch_max(index, Relaxed);
            self.data.read(index, random, input)
        }
    }
    for threads in [1, 3] {
        let data = Growing { data: classes::<20, 4>(1000, 1), reads: AtomicUsize::new(0), last: AtomicUsize::new(0) };
        let trained = trainer().epochs(3).threads(threads).fit(&data).unwrap();
        assert_eq!(trained.history.epochs.len(), 3);
        let (last, reads) = (data.last.into_inner(), data.reads.into_inner());
        assert!(last < 200 && (300..600).contains(&reads), "{reads} reads, the last sample is {last}");

        let set = classes::<20, 4>(100, 1);
        let data = Growing { data: classes::<20, 4>(1000, 1), reads: AtomicUsize::new(0), last: AtomicUsize::new(0) };
        trainer().epochs(3).threads(threads).validate(&data).fit(&set).unwrap();
        let (last, reads) = (data.last.into_inner(), data.reads.into_inner());
        assert!(last < 200 && (300..600).contains(&reads), "{reads} reads, the last validated sample is {last}");
    }
}

#[test]
fn an_error_in_the_middle_ends_the_training_with_the_network_after_the_steps_before_it() {
    let data = classes::<20, 4>(500, 1);
    for threads in [1, 3] {
        for (bad, what) in [
            (None, "the training set, sample 77: the disk is gone"),
            (Some(f32::NAN), "the training set, sample 77: the input: expected finite numbers, found NaN at element 3"),
        ] {
            let reads = AtomicUsize::new(0);
            let failing = from_fn(500, |index, random, input: &mut [f32; 20]| {
                let target = data.read(index, random, input)?;
                if index == 77 && reads.fetch_add(1, Relaxed) == 1 {
                    input[3] = bad.ok_or_else(|| Error::other("the disk is gone"))?;
                }
                Ok(target)
            });
            let error = trainer().threads(threads).fit(&failing).unwrap_err();
            assert_eq!(error.to_string(), what);
            assert_eq!(error.history.epochs.len(), 1);
            match &error.reason {
                Error::Read { set: "training", sample: 77, source } => assert!(matches!(**source, Error::Other(_))),
                Error::Sample { set: "training", sample: 77, row: 77, .. } => assert!(bad.is_some()),
                other => panic!("{other}"),
            }
            // The same training, stopped by a flag that is set while the same mini-batch is read.
            let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
            let stopping = from_fn(500, |index, random, input: &mut [f32; 20]| {
                if index == 77 && reads.fetch_add(1, Relaxed) == 1 {
                    stop.store(true, Relaxed);
                }
                data.read(index, random, input)
            });
            let stopped = trainer().threads(1).stop_flag(&stop).fit(&stopping).unwrap();
            assert_eq!(stopped.history.stopped, Some(Stopped::Flag));
            let after_steps = |steps: usize| {
                let stop = AtomicBool::new(false);
                let count = AtomicUsize::new(0);
                let loss = Counted { count: &count, samples: 60 * steps, stop: &stop };
                let trainer = Trainer::new(Net::boxed(3), loss, Adam::new(1e-3)).batch_size(60).epochs(3);
                trainer.progress(Progress::Silent).threads(1).stop_flag(&stop).fit(&data).unwrap().network
            };
            let steps = (9..18).find(|&steps| bits(&*after_steps(steps)) == bits(&*error.network));
            assert!(steps.is_some(), "the network is that after a step of the second epoch");
        }
    }
}

/// Cross-entropy that sets a flag after a number of gradients.
#[derive(Clone, Copy)]
struct Counted<'a> {
    count: &'a AtomicUsize,
    samples: usize,
    stop: &'a AtomicBool,
}

impl Loss<[f32; 4], usize> for Counted<'_> {
    fn value(&self, output: &[f32; 4], target: &usize) -> fnn::losses::Term<f32> {
        CrossEntropy.value(output, target)
    }

    fn gradient(&self, output: &[f32; 4], target: &usize, gradient: &mut [f32; 4]) -> fnn::losses::Term<f32> {
        if self.count.fetch_add(1, Relaxed) + 1 == self.samples {
            self.stop.store(true, Relaxed);
        }
        CrossEntropy.gradient(output, target, gradient)
    }
}

#[test]
fn errors_before_training_say_which_set_and_sample() {
    let data = classes::<20, 4>(100, 1);
    let broken = from_fn(10, |_, _, _: &mut [f32; 20]| Err::<usize, _>(Error::other("no sensor")));
    let none = from_fn(0, |_, _, _: &mut [f32; 20]| Ok(0usize));
    let error = trainer().fit(&broken).unwrap_err();
    assert_eq!(error.to_string(), "the training set, sample 0: no sensor");
    assert_eq!(bits(&*error.network), bits(&*Net::boxed(3)));
    assert_eq!(trainer().fit(&none).unwrap_err().to_string(), "the training set has no samples");
    assert_eq!(trainer().validate(&none).fit(&data).unwrap_err().to_string(), "the validation set has no samples");
    let error = trainer().validate(&broken).fit(&data).unwrap_err();
    assert_eq!(error.to_string(), "the validation set, sample 0: no sensor");
    let wrong = read(&data).augment(|_, target, _| *target += 3);
    let error = trainer().fit(&wrong).unwrap_err().to_string();
    assert!(error.contains("the target: expected a class below the number of outputs, found "), "{error}");
}

#[test]
fn an_evaluation_of_a_source_is_that_of_the_set() {
    let (network, data) = (Net::boxed(1), classes::<20, 4>(1000, 2));
    let expected = evaluate(&network, &CrossEntropy, &data);
    assert_eq!(try_evaluate(&network, &CrossEntropy, &data).unwrap(), expected);
    assert_eq!(try_evaluate(&network, &CrossEntropy, &read(&data)).unwrap(), expected);
    let broken = read(&data).augment(|input, _, _| input[7] *= if input[0] > 2.0 { f32::INFINITY } else { 1.0 });
    let first = data.inputs().iter().position(|input| input[0] > 2.0).unwrap();
    let error = try_evaluate(&network, &CrossEntropy, &broken).unwrap_err().to_string();
    assert!(error.starts_with(&format!("the validation set, sample {first}: ")), "{error}");
    let in_memory = DataSet::from([([0.0; 20], 1_usize), ([0.0; 20], 4)]);
    let error = try_evaluate(&network, &CrossEntropy, &in_memory).unwrap_err().to_string();
    let expected = "the target: expected a class below the number of outputs, found 4";
    assert_eq!(error, format!("the validation set, sample 1: {expected}"));
}

/// A large set's order is computed, and covers each sample once.
#[test]
fn more_samples_than_a_table_has_are_all_read_once() {
    let samples = (1 << 20) + 1000;
    let counts: Vec<AtomicUsize> = (0..samples).map(|_| AtomicUsize::new(0)).collect();
    let source = from_fn(samples, |index, _, input: &mut [f32; 1]| {
        counts[index].fetch_add(1, Relaxed);
        *input = [0.5];
        Ok([1.0f32])
    });
    fnn::network! { struct Line: [1] -> [1] { out: Dense(1) } }
    let trainer = Trainer::new(Line::boxed(1), fnn::losses::MeanSquaredError, fnn::optimizers::Sgd::new(0.01));
    trainer.batch_size(4096).progress(Progress::Silent).fit(&source).unwrap();
    // The first one is read before, once for each buffer.
    assert_eq!(counts[0].load(Relaxed), 3);
    assert!(counts[1..].iter().all(|count| count.load(Relaxed) == 1));
}
