//! Several ranks train to the bits of one.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use fnn::data::{Source, from_fn};
use fnn::losses::{CrossEntropy, Loss};
use fnn::optimizers::{Adagrad, Adam, AdamW, AmsGrad, Clip, Lion, Optimizer, Penalty, Plateau, RmsProp, Schedule, Sgd};
use fnn::train::{Checkpoints, Exchange, History, InProcess, Progress, Stopped, Sweep, Trained, TrainingError};
use fnn::{DataSet, Error, Random, Trainer};

use super::Wide;
use super::support::{bits, classes};

fnn::network! {
    /// Deferred gradients and small ones, and randomness.
    #[derive(Clone)]
    struct Deep: [20] -> [4] { wide: Dense(90), Tanh, Dropout(0.3), second: Dense(70, bias = false), Relu, out: Dense(4) }
}

fnn::network! {
    /// Statistics of a chunk, convolutions, and a deferred gradient in a block.
    #[derive(Clone)]
    struct Image: [1, 8, 8] -> [4] {
        conv: Conv2d(5, kernel = 3),
        BatchNorm,
        Relu,
        MaxPool2d(2),
        Flatten,
        Residual { Dense(45), norm: LayerNorm },
        Relu,
        out: Dense(4),
    }
}

/// The result of each rank.
fn on_ranks<R: Send>(count: usize, train: impl Fn(&InProcess) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let train = &train;
        let ranks: Vec<_> = InProcess::ranks(count).into_iter().map(|rank| scope.spawn(move || train(&rank))).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

fn timeless(history: &History) -> History {
    let mut history = history.clone();
    history.epochs.iter_mut().for_each(|epoch| epoch.seconds = None);
    history
}

fn deep<O: Optimizer<SLOTS>, const SLOTS: usize>(
    optimizer: O,
    batch_size: usize,
) -> Trainer<'static, Deep, CrossEntropy, O, SLOTS> {
    let trainer = Trainer::new(Deep::boxed(3), CrossEntropy, optimizer).batch_size(batch_size).epochs(2).seed(1);
    trainer.threads(1).progress(Progress::Silent)
}

/// Train once on one machine, and on each number of ranks.
macro_rules! assert_same_on_ranks {
    ($counts:expr, $data:expr, $trainer:expr, $what:expr) => {
        let one = $trainer.fit(&$data).unwrap();
        for count in $counts {
            for Trained { network, history, .. } in on_ranks(count, |rank| $trainer.fit_on(rank, &$data).unwrap()) {
                assert!(bits(&*network) == bits(&*one.network), "{}, {count} ranks", $what);
                assert_eq!(timeless(&history), timeless(&one.history), "{}, {count} ranks", $what);
            }
        }
    };
}

#[test]
fn ranks_train_to_the_bits_of_one_at_any_number_and_any_mini_batch() {
    let (data, validation) = (classes::<20, 4>(600, 1), classes::<20, 4>(100, 2));
    // One chunk, an incomplete one, two for each rank, and more than one round.
    for batch_size in [16, 50, 250, 600] {
        let trainer = || deep(Adam::new(1e-3), batch_size).validate(&validation);
        assert_same_on_ranks!([1, 2, 3, 4, 8, 11], data, trainer(), batch_size);
    }
}

#[test]
fn with_every_optimizer() {
    let data = classes::<20, 4>(150, 1);
    let schedule = Schedule::cosine(4);
    assert_same_on_ranks!([3], data, deep(Sgd::new(0.1), 100), "SGD");
    assert_same_on_ranks!([3], data, deep(Sgd::new(0.1).momentum(0.9), 100), "momentum");
    assert_same_on_ranks!([3], data, deep(Adam::new(1e-3).scheduled(schedule), 100), "Adam");
    assert_same_on_ranks!([3], data, deep(AdamW::new(1e-3).decay_weights_only(), 100), "AdamW");
    assert_same_on_ranks!([3], data, deep(AmsGrad::new(1e-3), 100), "AMSGrad");
    assert_same_on_ranks!([3], data, deep(Adagrad::new(1e-2), 100), "Adagrad");
    assert_same_on_ranks!([3], data, deep(RmsProp::new(1e-3), 100), "RMSprop");
    assert_same_on_ranks!([3], data, deep(Lion::new(1e-4), 100), "Lion");
}

#[test]
fn with_all_that_goes_around_it() {
    let data = classes::<20, 4>(300, 1);
    for clip in [Clip::Norm(0.05), Clip::Value(0.001)] {
        for batch_size in [100, 300] {
            let trainer = || {
                let trainer = deep(Adam::new(1e-3), batch_size).clip(clip).moving_average(0.9);
                let trainer = trainer.penalty(Penalty::elastic(1e-4, 1e-2).weights_only());
                trainer.reduce_on_plateau(Plateau::new().patience(1)).early_stopping(3).validate(&data)
            };
            assert_same_on_ranks!([2, 5], data, trainer(), format!("{clip:?}, {batch_size}"));
        }
    }
}

fn images(count: usize) -> DataSet<[[[f32; 8]; 8]; 1], usize> {
    let flat = classes::<64, 4>(count, 1);
    let image = |input: &[f32; 64]| [std::array::from_fn(|row| std::array::from_fn(|column| input[8 * row + column]))];
    flat.inputs().iter().map(image).zip(flat.targets().iter().copied()).collect()
}

#[test]
fn convolutions_and_batch_norms_too() {
    let data = images(300);
    for (batch_size, clip) in [(90, None), (300, None), (100, Some(Clip::Norm(0.1)))] {
        let trainer = || {
            let trainer = Trainer::new(Image::boxed(3), CrossEntropy, Adam::new(1e-3)).batch_size(batch_size);
            let trainer = trainer.epochs(2).progress(Progress::Silent).threads(1);
            if let Some(clip) = clip { trainer.clip(clip) } else { trainer }
        };
        assert_same_on_ranks!([2, 3, 8], data, trainer(), batch_size);
    }
}

#[test]
fn ranks_may_have_several_threads() {
    let data = classes::<20, 4>(200, 1);
    let trainer = |threads| {
        let trainer = Trainer::new(Wide::boxed(3), CrossEntropy, Adam::new(1e-3)).batch_size(200).threads(threads);
        trainer.clip(Clip::Norm(0.1)).progress(Progress::Silent)
    };
    let one = trainer(1).fit(&data).unwrap();
    for Trained { network, .. } in on_ranks(2, |rank| trainer(3).fit_on(rank, &data).unwrap()) {
        assert!(bits(&*network) == bits(&*one.network));
    }
}

#[test]
fn each_rank_reads_its_own_samples() {
    let data = classes::<20, 4>(256, 1);
    let reads = AtomicUsize::new(0);
    let source = from_fn(256, |index, random: &mut Random, input: &mut [f32; 20]| {
        reads.fetch_add(1, Relaxed);
        *input = data.inputs()[index].map(|x| x + random.normal() as f32);
        Ok(data.targets()[index])
    });
    let one = deep(Adam::new(1e-3), 128).fit(&source).unwrap();
    let alone = reads.swap(0, Relaxed);
    for Trained { network, .. } in on_ranks(4, |rank| deep(Adam::new(1e-3), 128).fit_on(rank, &source).unwrap()) {
        assert!(bits(&*network) == bits(&*one.network));
    }
    // In two epochs, each sample once, whatever the number of ranks. Besides, each rank reads one to fill each of two
    // mini-batches, and some for the fingerprint.
    assert_eq!(alone, 512 + 2);
    assert_eq!(reads.into_inner(), 512 + 4 * (2 + 64));
}

/// An empty folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ranks").join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn another_number_of_ranks_resumes_a_checkpoint() {
    let data = classes::<20, 4>(300, 1);
    let trainer = || deep(Adam::new(1e-3), 64).epochs(3).moving_average(0.9).early_stopping(3).validate(&data);
    let whole = trainer().fit(&data).unwrap();
    for (before, after) in [(1, 3), (3, 1), (4, 2)] {
        let folder = folder(&format!("{before}-{after}"));
        let checkpoints = Checkpoints::new(&folder).every_steps(2);
        // In the middle of the second epoch; a flag on one rank stops all.
        let stopped = on_ranks(before, |rank| {
            let (stop, is_last) = (AtomicBool::new(false), rank.rank() + 1 == before);
            let trainer = trainer().checkpoint(checkpoints.clone()).resume(&folder).stop_flag(&stop);
            let trainer = trainer.on_epoch(|_| {
                stop.store(is_last, Relaxed);
                ControlFlow::Continue(())
            });
            trainer.fit_on(rank, &data).unwrap().history
        });
        assert!(stopped.iter().all(|history| history.stopped == Some(Stopped::Flag) && history.epochs.len() == 1));
        let resumed = on_ranks(after, |rank| {
            let stop = AtomicBool::new(false);
            let trainer = trainer().checkpoint(checkpoints.clone()).resume(&folder).stop_flag(&stop);
            trainer.fit_on(rank, &data).unwrap()
        });
        for Trained { network, history, .. } in resumed {
            assert!(bits(&*network) == bits(&*whole.network), "{before} ranks, then {after}");
            assert_eq!(timeless(&history), timeless(&whole.history));
        }
    }
}

fn messages<N>(results: Vec<Result<Trained<N>, TrainingError<N>>>) -> Vec<String> {
    results.into_iter().map(|result| result.unwrap_err().to_string()).collect()
}

#[test]
fn ranks_that_differ_are_an_error_that_says_in_what() {
    let (data, other) = (classes::<20, 4>(100, 1), classes::<20, 4>(100, 2));
    let results = on_ranks(3, |rank| {
        let (rate, data) = if rank.rank() == 2 { (2e-3, &other) } else { (1e-3, &data) };
        deep(Adam::new(rate), 20 + rank.rank() / 2).fit_on(rank, data)
    });
    for message in messages(results) {
        assert!(message.starts_with("rank 2 differs from rank 0\n  optimizer: expected `Adam { learning_rate: 0.001"));
        assert!(message.contains("\n  training set: expected `100 samples, fingerprint "), "{message}");
        assert!(message.ends_with("\n  batch size: expected `20`, found `21`"), "{message}");
    }

    let results = on_ranks(2, |rank| {
        let trainer = Trainer::new(Deep::boxed(rank.rank() as u64), CrossEntropy, Sgd::new(0.1));
        trainer.progress(Progress::Silent).fit_on(rank, &data)
    });
    for message in messages(results) {
        assert!(
            message.starts_with("rank 1 differs from rank 0: initial weights: expected `fingerprint "),
            "{message}"
        );
    }
}

#[test]
fn an_error_on_one_rank_ends_all() {
    let data = classes::<20, 4>(100, 1);
    let results = on_ranks(2, |rank| deep(Adam::new(1e-3), rank.rank()).fit_on(rank, &data));
    assert_eq!(
        messages(results),
        ["batch size: expected at least 1, found 0", "rank 0 cannot go on: batch size: expected at least 1, found 0"]
    );

    // A sample that only the second rank reads, in the second epoch.
    let read = |index: usize, input: &mut [f32; 20]| {
        *input = data.inputs()[index];
        Ok(data.targets()[index])
    };
    let results = on_ranks(2, |rank| {
        let (count, is_second) = (AtomicUsize::new(0), rank.rank() == 1);
        let source = from_fn(100, |index, _: &mut Random, input: &mut [f32; 20]| {
            let broken = is_second && index == 70 && count.fetch_add(1, Relaxed) > 1;
            if broken { Err(Error::other("the disk is gone")) } else { read(index, input) }
        });
        deep(Adam::new(1e-3), 100).epochs(9).shuffle(false).fit_on(rank, &source.take(100))
    });
    assert_eq!(
        messages(results),
        [
            "rank 1 cannot go on: the training set, sample 70: the disk is gone",
            "the training set, sample 70: the disk is gone"
        ]
    );
}

/// Says that there are this many ranks, and that it is this one.
struct Claim {
    rank: usize,
    ranks: usize,
}

impl Exchange for Claim {
    fn rank(&self) -> usize {
        self.rank
    }

    fn ranks(&self) -> usize {
        self.ranks
    }

    fn all_gather(&self, _: &mut [u8], _: &[usize]) -> Result<(), Error> {
        Ok(())
    }

    fn all_to_all(&self, _: &[u8], _: &[usize], _: &mut [u8], _: &[usize]) -> Result<(), Error> {
        Ok(())
    }

    fn abandon(&self, _: &str) {}
}

#[test]
fn a_rank_that_there_is_not_is_an_error() {
    let data = classes::<20, 4>(100, 1);
    for (rank, ranks) in [(0, 0), (2, 2), (3, 2)] {
        let expected = format!("exchange: expected a rank below the number of ranks, found rank {rank} of {ranks}");
        let trained = deep(Adam::new(1e-3), 20).fit_on(&Claim { rank, ranks }, &data);
        assert_eq!(trained.unwrap_err().to_string(), expected);
        let swept = Sweep::over([1.0]).run_on(&Claim { rank, ranks }, |trial| Ok(*trial.settings));
        assert_eq!(swept.unwrap_err().to_string(), expected);
    }
}

/// Cross-entropy that panics in a later step of one rank, or has an infinite gradient in it.
struct Failing {
    rank: usize,
    panics: bool,
    seen: AtomicUsize,
}

impl std::fmt::Debug for Failing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Failing")
    }
}

impl Loss<[f32; 4], usize> for &Failing {
    fn value(&self, output: &[f32; 4], target: &usize) -> fnn::losses::Term<f32> {
        CrossEntropy.value(output, target)
    }

    fn gradient(&self, output: &[f32; 4], target: &usize, gradient: &mut [f32; 4]) -> fnn::losses::Term<f32> {
        let term = CrossEntropy.gradient(output, target, gradient);
        if self.seen.fetch_add(1, Relaxed) == 150 && self.rank == 1 {
            assert!(!self.panics, "no more power");
            gradient[0] = f32::INFINITY;
        }
        term
    }
}

fn failing(panics: bool) -> Vec<Result<Trained<Deep>, TrainingError<Deep>>> {
    let data = classes::<20, 4>(128, 1);
    on_ranks(2, |rank| {
        let loss = Failing { rank: rank.rank(), panics, seen: AtomicUsize::new(0) };
        let trainer = Trainer::new(Deep::boxed(3), &loss, Sgd::new(0.1)).batch_size(64).epochs(4).threads(1);
        trainer.progress(Progress::Silent).fit_on(rank, &data)
    })
}

#[test]
fn a_panic_on_one_rank_ends_all() {
    let messages = messages(failing(true));
    assert_eq!(messages[1], "the training panicked: no more power");
    assert_eq!(messages[0], "rank 1 cannot go on: the training panicked: no more power");
}

#[test]
fn a_gradient_that_is_not_finite_is_the_same_error_on_all() {
    let results = failing(false);
    let networks: Vec<_> = results.iter().map(|result| bits(&*result.as_ref().unwrap_err().network)).collect();
    assert!(networks[0] == networks[1]);
    let messages = messages(results);
    assert_eq!(messages[0], messages[1]);
    assert!(messages[0].contains("is not finite; the previous weights are kept"), "{}", messages[0]);
}
