//! Cross-validation and sweeps.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use fnn::Error;
use fnn::prelude::*;
use fnn::train::{Checkpoints, Exchange, InProcess, Sweep, SweepResults, Trial, cross_validate};

fnn::network! {
    #[derive(Debug, PartialEq)]
    struct Sides: [1] -> [2] {
        hidden: Dense(3),
        Tanh,
        logits: Dense(2),
    }
}

fn points() -> DataSet<[f32; 1], usize> {
    (0..60).map(|x| ([x as f32 / 30.0 - 1.0], usize::from(x > 29))).collect()
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// The validation loss after training.
fn train(rate: f64, epochs: usize, checkpoints: Option<&PathBuf>) -> Result<f64, Error> {
    let data = points();
    let trainer =
        Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(rate)).epochs(epochs).threads(1).validate(&data);
    let mut trainer = trainer.progress(Progress::Silent);
    if let Some(folder) = checkpoints {
        trainer = trainer.checkpoint(Checkpoints::new(folder)).resume(folder);
    }
    let trained = trainer.fit(&data)?;
    Ok(trained.history.epochs.last().and_then(|epoch| epoch.validation).map_or(f64::NAN, |validation| validation.loss))
}

#[test]
fn each_fold_is_what_it_is_alone() {
    let data = points();
    let alone = |fold: usize, split: &fnn::data::Split<[f32; 1], usize>| {
        let trainer = Trainer::new(Sides::seeded(fold as u64), CrossEntropy, Sgd::new(0.5)).epochs(5).threads(1);
        let trained = trainer.progress(Progress::Silent).fit(&split.train)?;
        Ok(evaluate(&trained.network, &CrossEntropy, &split.test))
    };
    let result = cross_validate(data.folds(4, 1).unwrap(), alone).unwrap();
    assert_eq!(result.folds.len(), 4);
    for (fold, split) in data.folds(4, 1).unwrap().enumerate() {
        assert_eq!(alone(fold, &split).unwrap(), result.folds[fold]);
    }
    let mean = result.folds.iter().map(|fold| fold.loss).sum::<f64>() / 4.0;
    assert!((result.loss() - mean).abs() < 1e-15);
    assert_eq!(result.to_string().lines().count(), 7);
}

#[test]
fn the_first_error_of_a_fold_is_returned() {
    let error = cross_validate([], |_, _: &fnn::data::Split<[f32; 1], usize>| Err(Error::Empty { set: "training" }))
        .unwrap_err();
    assert_eq!(error.to_string(), "cross-validation: expected folds to train on, found none");
    let error = cross_validate(points().folds(3, 1).unwrap(), |fold, _| match fold {
        0 => {
            train(0.1, 1, None).map(|loss| evaluate(&Box::new(Sides::seeded(loss.to_bits())), &CrossEntropy, &points()))
        }
        _ => Err(Error::other(format!("fold {fold} fails"))),
    });
    assert!(error.unwrap_err().to_string().contains("fold 1 fails"));
}

#[test]
fn a_grid_has_all_pairs_and_each_result_is_its_own() {
    let results = Sweep::over([0.01, 0.3])
        .and([1_usize, 4])
        .run(|trial| train(trial.settings.0, trial.settings.1, None))
        .unwrap();
    let settings: Vec<_> = results.trials.iter().map(|trial| trial.settings).collect();
    assert_eq!(settings, [(0.01, 1), (0.01, 4), (0.3, 1), (0.3, 4)]);
    for trial in &results.trials {
        assert_eq!(trial.value, Some(train(trial.settings.0, trial.settings.1, None).unwrap()));
    }
    assert_eq!(results.best().unwrap().settings, (0.3, 4));
    let table = results.to_string();
    assert!(table.lines().nth(1).unwrap().ends_with("(0.3, 4)"), "{table}");
}

#[test]
fn random_settings_depend_on_the_seed_alone() {
    let draw = |seed| {
        let sweep = Sweep::random(4, seed, |random| random.uniform());
        let results = sweep.run(|trial: &Trial<'_, f64>| Ok(*trial.settings)).unwrap();
        results.trials.into_iter().map(|trial| trial.settings).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn failures_come_last_with_their_reason() {
    let results = Sweep::over([2, 0, 1]).run(|trial| match trial.settings {
        0 => Err(Error::other("no data")),
        1 => Ok(f64::NAN),
        value => Ok(f64::from(*value)),
    });
    let results = results.unwrap();
    assert_eq!(results.best().unwrap().settings, 2);
    assert!(results.trials[1].failure.as_ref().unwrap().contains("no data"));
    assert_eq!(results.trials[2].failure.as_deref(), Some("the result is NaN"));
}

#[test]
fn invalid_sweeps_are_errors() {
    let error = |sweep: Sweep<i32>| sweep.run(|_| Ok(0.0)).unwrap_err().to_string();
    assert_eq!(error(Sweep::over([])), "sweep: expected settings to train with, found none");
    let expected =
        "sweep: expected halving with at least 1 epoch, a factor of at least 2, and no fewer epochs at the end, found ";
    assert_eq!(error(Sweep::over([1]).halving(0, 2, 4)), format!("{expected}0, 2 and 4"));
    assert_eq!(error(Sweep::over([1]).halving(1, 1, 4)), format!("{expected}1, 1 and 4"));
    assert_eq!(error(Sweep::over([1]).halving(5, 2, 4)), format!("{expected}5, 2 and 4"));
}

#[test]
fn a_sweep_that_is_run_again_repeats_nothing() {
    let folder = folder("sweep");
    let trainings = AtomicUsize::new(0);
    let run = |fail: bool| {
        Sweep::over([0.01, 0.1, 0.3]).folder(&folder).run(|trial| {
            trainings.fetch_add(1, Relaxed);
            if fail && trial.number == 1 { Err(Error::other("interrupted")) } else { train(*trial.settings, 2, None) }
        })
    };
    let first = run(true).unwrap();
    assert_eq!(trainings.load(Relaxed), 3);
    // A row is lost, as if the sweep had been killed before it was written.
    let file = folder.join("trials.csv");
    let text = fs::read_to_string(&file).unwrap();
    let kept: Vec<_> = text.lines().filter(|line| !line.starts_with("1,")).collect();
    fs::write(&file, kept.join("\n") + "\n").unwrap();
    let second = run(false).unwrap();
    assert_eq!(trainings.load(Relaxed), 4);
    assert_eq!(first.trials[2].value, second.trials[2].value);
    assert_eq!(second.trials[1].value, Some(train(0.1, 2, None).unwrap()));

    let error = Sweep::over([0.02, 0.1, 0.3]).folder(&folder).run(|_| Ok(0.0)).unwrap_err().to_string();
    assert!(error.ends_with("line 2: expected trial 0 with the settings `0.02`, found `0.01`"), "{error}");
}

#[test]
#[cfg(unix)]
fn two_sweeps_do_not_write_to_the_same_folder_at_once() {
    let folder = folder("sweep-shared");
    let sweep = || Sweep::over([0.1]).folder(&folder);
    let results = sweep().run(|_| sweep().run(|_| Ok(0.0)).map(|_| 0.0)).unwrap();
    let expected = "folder: expected a folder that no other training writes to at the same time, found ";
    assert_eq!(results.trials[0].failure, Some(format!("{expected}{}", folder.display())));
}

#[test]
fn halving_continues_the_best_to_the_bits_of_an_uninterrupted_training() {
    let folder = folder("halving");
    let sweep = Sweep::over([0.001, 0.01, 0.1, 0.3]).folder(&folder).halving(1, 2, 4);
    let results = sweep.run(|trial| train(*trial.settings, trial.epochs.unwrap(), trial.folder.as_ref())).unwrap();
    let epochs: Vec<_> = results.trials.iter().map(|trial| trial.epochs.unwrap()).collect();
    assert_eq!(epochs, [1, 1, 2, 4]);
    assert_eq!(results.best().unwrap().settings, 0.3);
    assert_eq!(results.trials[3].value, Some(train(0.3, 4, None).unwrap()));
}

/// A trial that was among the best, and got worse with more epochs, stays among the best of the epochs before.
#[test]
fn halving_that_is_run_again_chooses_the_same_trials() {
    let value = |number: usize, epochs: usize| match (number, epochs) {
        (0, 2) => 10.0,
        (number, _) => number as f64,
    };
    let run = |folder: &PathBuf| {
        let trainings = Mutex::new(Vec::new());
        let results = Sweep::over([0, 1, 2, 3]).folder(folder).halving(1, 2, 4).run(|trial| {
            let epochs = trial.epochs.unwrap();
            trainings.lock().unwrap().push((trial.number, epochs));
            Ok(value(trial.number, epochs))
        });
        let trials: Vec<_> = results.unwrap().trials.into_iter().map(|trial| (trial.epochs, trial.value)).collect();
        let mut trainings = trainings.into_inner().unwrap();
        trainings.sort_by_key(|&(number, epochs)| (epochs, number));
        (trials, trainings)
    };
    let (at_once, trainings) = run(&folder("halving-at-once"));
    assert_eq!(trainings, [(0, 1), (1, 1), (2, 1), (3, 1), (0, 2), (1, 2), (1, 4)]);

    // Interrupted when trial 0 had been trained for two epochs.
    let interrupted = folder("halving-interrupted");
    fs::create_dir_all(&interrupted).unwrap();
    let rows = [(0, 2), (1, 1), (2, 1), (3, 1)].map(|(number, epochs)| {
        format!("{number},\"{number}\",{epochs},{:?},,\"\"\n", value(number, epochs)) //
    });
    let text = format!("trial,settings,epochs,value,seconds,failure\n{}", rows.concat());
    fs::write(interrupted.join("trials.csv"), text).unwrap();
    let (resumed, trainings) = run(&interrupted);
    assert_eq!(trainings, [(1, 2), (1, 4)]);
    assert_eq!(resumed, at_once);

    // Its results are not those of a sweep without halving.
    let all = Sweep::over([0, 1, 2, 3]).folder(&interrupted).run(|trial| Ok(value(trial.number, 100))).unwrap();
    assert!(all.trials.iter().all(|trial| trial.epochs.is_none() && trial.value == Some(f64::from(trial.settings))));
}

/// The results of each rank, and how many trainings there were.
fn on_ranks(count: usize, folder: Option<&PathBuf>) -> (Vec<SweepResults<f64>>, usize) {
    let trainings = AtomicUsize::new(0);
    let run = |rank: &InProcess| {
        let sweep = Sweep::over([0.01, 0.1, 1.0, 0.3, 0.03]).halving(2, 2, 6);
        let sweep = if let Some(folder) = folder { sweep.folder(folder) } else { sweep };
        sweep.run_on(rank, |Trial { settings, epochs, folder, .. }: &Trial<'_, f64>| {
            trainings.fetch_add(1, Relaxed);
            train(**settings, epochs.unwrap_or(1), folder.as_ref())
        })
    };
    let run = &run;
    let results = std::thread::scope(|scope| {
        let ranks: Vec<_> = InProcess::ranks(count).into_iter().map(|rank| scope.spawn(move || run(&rank))).collect();
        ranks.into_iter().map(|rank| timeless(rank.join().unwrap().unwrap())).collect()
    });
    (results, trainings.into_inner())
}

fn timeless(mut results: SweepResults<f64>) -> SweepResults<f64> {
    results.trials.iter_mut().for_each(|trial| trial.seconds = None);
    results
}

#[test]
fn ranks_share_the_trainings_and_have_the_results_of_all() {
    let (one, trainings) = on_ranks(1, None);
    assert_eq!(trainings, 5 + 2 + 1);
    for count in [2, 3, 7] {
        let folder = folder(&format!("sweep-ranks-{count}"));
        for folder in [None, Some(&folder)] {
            let (results, trainings) = on_ranks(count, folder);
            assert!(results.iter().all(|results| *results == one[0]), "{count} ranks");
            assert_eq!((results.len(), trainings), (count, 8), "{count} ranks");
        }
        // Nothing is repeated, whatever the number of ranks, and one file is left.
        assert_eq!(on_ranks(2, Some(&folder)), (vec![one[0].clone(); 2], 0));
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        assert_eq!(files.filter(|path| path.is_file()).collect::<Vec<_>>(), [folder.join("trials.csv")]);
    }
}

#[test]
fn what_a_rank_could_not_share_is_not_lost() {
    let folder = folder("sweep-ranks-left");
    let (one, _) = on_ranks(1, Some(&folder));
    // The ranks were killed before rank 0 had the rows of rank 3.
    let text = fs::read_to_string(folder.join("trials.csv")).unwrap();
    let (rows, row) = text.trim_end().rsplit_once('\n').unwrap();
    fs::write(folder.join("trials.csv"), rows).unwrap();
    fs::write(folder.join("trials-3.csv"), format!("{}\n{row}\n", text.lines().next().unwrap())).unwrap();
    assert_eq!(on_ranks(2, Some(&folder)), (vec![one[0].clone(); 2], 0));
    assert!(!folder.join("trials-3.csv").exists());
}

/// The error of each of two ranks, none of which ends before the other has its error.
fn errors_on_two(sweep: impl Fn(bool) -> Sweep<f64> + Sync) -> [String; 2] {
    let ranks = InProcess::ranks(2);
    let run = |rank: &InProcess| {
        let results = sweep(rank.rank() == 1).run_on(rank, |trial| Ok(*trial.settings));
        results.unwrap_err().to_string()
    };
    std::thread::scope(|scope| {
        let errors: Vec<_> = ranks.iter().map(|rank| scope.spawn(move || run(rank))).collect();
        errors.into_iter().map(|error| error.join().unwrap()).collect::<Vec<_>>().try_into().unwrap()
    })
}

#[test]
fn ranks_with_other_sweeps_are_an_error() {
    let differs = |what: &str| [(); 2].map(|()| format!("rank 1 differs from rank 0: {what}"));
    let errors = errors_on_two(|is_second| Sweep::over([1.0, 2.0 + f64::from(u8::from(is_second))]));
    assert_eq!(errors, differs("settings of trial 1: expected `2.0`, found `3.0`"));

    let errors = errors_on_two(|is_second| Sweep::over(vec![1.0; 2 + usize::from(is_second)]));
    assert_eq!(errors, differs("number of trials: expected `2`, found `3`"));

    let sweep = |is_second| Sweep::over([1.0, 2.0, 3.0]).halving(1, 2 + usize::from(is_second), 9);
    let halving = |factor| format!("`Some(Halving {{ first: 1, factor: {factor}, last: 9 }})`");
    assert_eq!(errors_on_two(sweep), differs(&format!("halving: expected {}, found {}", halving(2), halving(3))));

    let folder = folder("sweep-ranks-one-folder");
    let sweep = |is_second| if is_second { Sweep::over([1.0]).folder(&folder) } else { Sweep::over([1.0]) };
    assert_eq!(errors_on_two(sweep), differs("folder: expected `false`, found `true`"));
}

#[test]
fn what_is_wrong_on_one_rank_ends_all() {
    let ended = |what: &str| [format!("rank 1 cannot go on: {what}"), what.into()];
    let errors = errors_on_two(|is_second| Sweep::over(vec![1.0; usize::from(!is_second)]));
    assert_eq!(errors, ended("sweep: expected settings to train with, found none"));

    let errors = errors_on_two(|is_second| Sweep::over([1.0]).halving(usize::from(!is_second), 2, 9));
    let expected = "halving with at least 1 epoch, a factor of at least 2, and no fewer epochs at the end";
    assert_eq!(errors, ended(&format!("sweep: expected {expected}, found 0, 2 and 9")));

    let (file, folder) = (folder("sweep-ranks-file"), folder("sweep-ranks-no-file"));
    fs::write(&file, "").unwrap();
    let [first, second] = errors_on_two(|is_second| Sweep::over([1.0]).folder(if is_second { &file } else { &folder }));
    assert!(second.starts_with(&file.display().to_string()), "{second}");
    assert_eq!(first, format!("rank 1 cannot go on: {second}"));
}
