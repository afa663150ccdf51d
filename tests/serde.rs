//! Histories, reports and settings as JSON and back.
#![cfg(feature = "serde")]

use fnn::metrics::ConfusionMatrix;
use fnn::optimizers::{Momentum, Schedule, Scheduled};
use fnn::prelude::*;
use fnn::train::{History, Monitor};

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
