//! Metrics of one's own, what early stopping and the best checkpoint monitor, and logs.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use fnn::prelude::*;
use fnn::train::{Checkpoints, Monitor, Stopped};

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

/// A trainer whose metric "score" has these values, epoch after epoch.
fn with_scores<'a>(scores: &'a [f64], epoch: &'a Cell<usize>) -> Trainer<'a, Sides, CrossEntropy, Sgd, 0> {
    let next = move |_: &Sides| {
        epoch.set(epoch.get() + 1);
        scores[(epoch.get() - 1) % scores.len()]
    };
    Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(0.05))
        .progress(Progress::Silent)
        .seed(3)
        .metric("score", next)
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn early_stopping_keeps_the_epoch_with_the_largest_metric() {
    let (data, epoch) = (points(), Cell::new(0));
    let scores = [0.1, 0.7, 0.9, 0.3, 0.8, 0.85, 0.2];
    let trainer = with_scores(&scores, &epoch).epochs(7).monitor(Monitor::Largest("score")).early_stopping(3);
    let stopped = trainer.fit(&data).unwrap();
    assert_eq!((stopped.history.kept, stopped.history.stopped), (Some(3), Some(Stopped::EarlyStopping)));
    assert_eq!(stopped.history.epochs.len(), 6);
    assert_eq!(stopped.history.epochs[4].monitored, Some(0.8));
    // The weights are those after three epochs.
    epoch.set(0);
    let three = with_scores(&scores, &epoch).epochs(3).fit(&data).unwrap();
    assert_eq!(stopped.network, three.network);

    epoch.set(0);
    let trainer = with_scores(&scores, &epoch).epochs(7).monitor(Monitor::Smallest("score")).early_stopping(3);
    assert_eq!(trainer.fit(&data).unwrap().history.kept, Some(1));
}

#[test]
fn a_plateau_sees_the_metric() {
    let (data, epoch) = (points(), Cell::new(0));
    let scores = [0.5, 0.6, 0.7, 0.7, 0.7, 0.8];
    let plateau = fnn::optimizers::Plateau::new().factor(0.5).patience(1);
    let trainer = with_scores(&scores, &epoch).epochs(6).monitor(Monitor::Largest("score")).reduce_on_plateau(plateau);
    let rates: Vec<_> = trainer.fit(&data).unwrap().history.epochs.iter().map(|epoch| epoch.learning_rate).collect();
    assert_eq!(rates, [0.05, 0.05, 0.05, 0.05, 0.05, 0.025]);
}

#[test]
fn accuracy_can_be_monitored() {
    let data = points();
    let trainer = Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(0.5)).progress(Progress::Silent).epochs(30);
    let history = trainer.monitor(Monitor::Accuracy).early_stopping(30).validate(&data).fit(&data).unwrap().history;
    let best = history.best().unwrap();
    let accuracies = history.epochs.iter().map(|epoch| epoch.validation.unwrap().accuracy.unwrap());
    assert_eq!(best.monitored, accuracies.max_by(f64::total_cmp));
    assert_eq!(history.kept, Some(best.number));
}

#[test]
fn accuracy_of_a_regression_is_an_error() {
    fnn::network! {
        struct Line: [1] -> [1] { Dense(1) }
    }
    let data: DataSet<[f32; 1], [f32; 1]> = (0..8).map(|x| ([x as f32], [x as f32])).collect();
    let trainer = Trainer::new(Line::seeded(1), MeanSquaredError, Sgd::new(0.001)).progress(Progress::Silent);
    let error = trainer.monitor(Monitor::Accuracy).fit(&data).unwrap_err();
    assert_eq!(error.to_string(), "monitor: expected a loss that defines which answers are correct, found no accuracy");
}

#[test]
fn metrics_that_do_not_exist_or_are_not_numbers_are_errors() {
    let (data, epoch) = (points(), Cell::new(0));
    let error = with_scores(&[0.5], &epoch).monitor(Monitor::Largest("f1")).fit(&data).unwrap_err();
    let expected = "monitored metric: expected the name of a metric of the trainer, found `f1`, among [\"score\"]";
    assert_eq!(error.to_string(), expected);
    let error = with_scores(&[0.5], &epoch).metric("score", |_| 1.0).fit(&data).unwrap_err();
    assert_eq!(error.to_string(), "metric: expected metrics with different names, found `score` twice");
    // The file would have two columns of this name.
    let error = with_scores(&[0.5], &epoch).metric("seconds", |_| 1.0).fit(&data).unwrap_err();
    assert_eq!(
        error.to_string(),
        "metric: expected metrics with other names than the columns of a log, found `seconds`"
    );
    epoch.set(0);
    let scores = [0.5, f64::NAN];
    let error = with_scores(&scores, &epoch).epochs(3).monitor(Monitor::Largest("score")).fit(&data).unwrap_err();
    assert!(error.to_string().contains("metric `score`") && error.to_string().contains("epoch 2"), "{error}");
    // What is not monitored may be NaN.
    epoch.set(0);
    let trained = with_scores(&scores, &epoch).epochs(3).fit(&data).unwrap();
    assert!(trained.history.epochs[1].metrics[0].value.is_nan());
}

#[test]
fn logs_have_a_row_per_epoch_in_both_formats() {
    let (data, epoch, folder) = (points(), Cell::new(0), folder("logs"));
    let (csv, json) = (folder.join("deep/run.csv"), folder.join("run.jsonl"));
    let trainer = with_scores(&[0.5, 0.25], &epoch).epochs(2).validate(&data).log(&csv).log(&json);
    let history = trainer.fit(&data).unwrap().history;
    let text = fs::read_to_string(&csv).unwrap();
    assert_eq!(text, history.to_csv());
    let mut lines = text.lines();
    assert!(lines.next().unwrap().ends_with(",learning_rate,seconds,score"));
    let loss = history.epochs[0].validation.unwrap().loss;
    assert_eq!(lines.next().unwrap().split(',').nth(3), Some(&*format!("{loss:?}")));
    assert!(lines.next().unwrap().ends_with(",0.25") && lines.next().is_none());
    assert_eq!(fs::read_to_string(&json).unwrap(), history.to_json_lines());
}

#[test]
fn a_log_of_another_format_or_that_cannot_be_written() {
    let (data, epoch, folder) = (points(), Cell::new(0), folder("logs-bad"));
    let error = with_scores(&[0.5], &epoch).log("run.txt").fit(&data).unwrap_err();
    assert_eq!(error.to_string(), "log: expected a file whose name ends in `.csv` or `.jsonl`, found run.txt");
    fs::create_dir_all(folder.join("run.csv")).unwrap();
    let history = with_scores(&[0.5], &epoch).epochs(2).log(folder.join("run.csv")).fit(&data).unwrap().history;
    assert_eq!(history.epochs.len(), 2);
    assert!(history.log_failure.unwrap().starts_with("the log could not be written, "));
}

#[test]
fn a_resumed_training_has_all_metrics_and_a_complete_log() {
    let (data, epoch, folder) = (points(), Cell::new(0), folder("logs-resumed"));
    let scores = [0.1, 0.7, 0.9, 0.3, 0.8, 0.85, 0.2];
    let run = |epochs: usize, place: &str| {
        let folder = folder.join(place);
        let trainer = with_scores(&scores, &epoch).epochs(epochs).monitor(Monitor::Largest("score")).early_stopping(3);
        let trainer = trainer.log(folder.join("run.csv")).checkpoint(Checkpoints::new(&folder)).resume(&folder);
        let trained = trainer.fit(&data).unwrap();
        let metrics: Vec<_> = trained.history.epochs.iter().map(|epoch| epoch.metrics[0].value).collect();
        let rows = fs::read_to_string(folder.join("run.csv")).unwrap().lines().count();
        (trained.network, metrics, trained.history.kept, rows)
    };
    let whole = run(7, "whole");
    epoch.set(0);
    run(2, "parts");
    assert_eq!(run(7, "parts"), whole);
    assert_eq!(whole.1, scores[..6]);
    assert_eq!(whole.3, 7);

    // A training that monitors something else is another one.
    let trainer = with_scores(&scores, &epoch).epochs(7).early_stopping(3).resume(folder.join("parts"));
    let error = trainer.checkpoint(Checkpoints::new(folder.join("parts"))).fit(&data).unwrap_err().to_string();
    assert!(error.contains("monitor: expected `Loss`, found `Largest("), "{error}");
}
