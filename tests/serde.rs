//! Histories, reports and settings as JSON and back.
#![cfg(feature = "serde")]

use fnn::metrics::{ConfusionMatrix, PrecisionRecallCurve, RocCurve};
use fnn::optimizers::{Momentum, Schedule, Scheduled};
use fnn::prelude::*;
use fnn::train::{Evaluation, History, Metric, Monitor, Sweep, SweepResults};

#[test]
fn a_history_survives_json() {
    fnn::network! {
        struct Sides: [1] -> [2] { Dense(2) }
    }
    let points: DataSet<[f32; 1], usize> = (0..40).map(|x| ([x as f32 / 20.0 - 1.0], usize::from(x > 19))).collect();
    let trainer = Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(0.5)).epochs(3).progress(Progress::Silent);
    let trainer = trainer.metric("half", |_| 0.5).monitor(Monitor::Largest("half")).early_stopping(5).validate(&points);
    let history = trainer.fit(&points).unwrap().history;
    let text = serde_json::to_string(&history).unwrap();
    assert!(text.contains(r#""monitor":{"Largest":"half"}"#), "{text}");
    let back: History = serde_json::from_str(&text).unwrap();
    assert_eq!(back, history);
    assert_eq!(back.best(), history.best());
}

#[test]
fn settings_survive_json() {
    let optimizer = Sgd::new(0.1).momentum(0.9).scheduled(Schedule::cosine(100));
    let text = serde_json::to_string(&optimizer).unwrap();
    let back: Scheduled<Momentum> = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{back:?}"), format!("{optimizer:?}"));
}

#[test]
fn reports_are_objects() {
    let mut matrix = ConfusionMatrix::<2>::new();
    matrix.record(0, 0);
    matrix.record(1, 0);
    let json = serde_json::to_value(matrix).unwrap();
    assert_eq!(json, serde_json::json!({ "counts": [[1, 0], [1, 0]], "unpredicted": [0, 0] }));
    let json = serde_json::to_value(matrix.report()).unwrap();
    assert_eq!(json["classes"][0]["precision"], 0.5);
    assert_eq!(json["accuracy"], 0.5);
}

#[test]
fn numbers_that_json_does_not_have_survive_it() {
    // No sample reaches the first threshold.
    let scores = [(f64::INFINITY, true), (0.5, false), (f64::NEG_INFINITY, true)];
    let roc = RocCurve::of(scores).unwrap();
    let text = serde_json::to_string(&roc).unwrap();
    assert!(text.contains(r#""threshold":"inf""#), "{text}");
    assert_eq!(serde_json::from_str::<RocCurve>(&text).unwrap(), roc);
    let precision = PrecisionRecallCurve::of(scores).unwrap();
    let text = serde_json::to_string(&precision).unwrap();
    assert_eq!(serde_json::from_str::<PrecisionRecallCurve>(&text).unwrap(), precision);

    let metric = Metric { name: "ratio".into(), value: f64::NAN };
    let text = serde_json::to_string(&metric).unwrap();
    assert_eq!(text, r#"{"name":"ratio","value":"NaN"}"#);
    assert!(serde_json::from_str::<Metric>(&text).unwrap().value.is_nan());
    let whole = |number| format!(r#"{{"name":"ratio","value":{number}}}"#);
    assert_eq!(["7", "-7", "0.5"].map(|n| serde_json::from_str::<Metric>(&whole(n)).unwrap().value), [7.0, -7.0, 0.5]);
    let error = serde_json::from_str::<Metric>(&whole("\"seven\"")).unwrap_err().to_string();
    assert!(error.starts_with("invalid value: string \"seven\", expected a number, `NaN`, `inf` or `-inf`"), "{error}");
    let empty: Evaluation = serde_json::from_str(r#"{"loss":"NaN","accuracy":null}"#).unwrap();
    assert!(empty.loss.is_nan());

    let results =
        Sweep::over([1, 2]).run(|trial| Ok(if *trial.settings == 1 { f64::INFINITY } else { f64::NAN })).unwrap();
    let back: SweepResults<i32> = serde_json::from_str(&serde_json::to_string(&results).unwrap()).unwrap();
    assert_eq!(back, results);
}
