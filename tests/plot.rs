//! What pictures show.
#![cfg(feature = "plot")]

use fnn::metrics::{CalibrationCurve, ConfusionMatrix, PrecisionRecallCurve, RocCurve};
use fnn::plot;
use fnn::prelude::*;

/// The texts in a picture.
fn texts(picture: &plot::Picture) -> Vec<String> {
    let parts = picture.svg().split("<text").skip(1);
    parts.filter_map(|part| Some(part.split_once('>')?.1.split_once('<')?.0.trim().to_string())).collect()
}

#[test]
fn a_learning_curve_marks_the_best_epoch() {
    fnn::network! {
        struct Sides: [1] -> [2] { Dense(2) }
    }
    let points: DataSet<[f32; 1], usize> = (0..40).map(|x| ([x as f32 / 20.0 - 1.0], usize::from(x > 19))).collect();
    let trainer = || Trainer::new(Sides::seeded(1), CrossEntropy, Sgd::new(0.5)).epochs(4).progress(Progress::Silent);
    let history = trainer().validate(&points).fit(&points).unwrap().history;
    let shown = texts(&plot::learning_curve(&history));
    assert!(shown.contains(&"validation set, after the epoch".into()), "{shown:?}");
    assert!(shown.contains(&"best epoch, 4".into()), "{shown:?}");
    let shown = texts(&plot::learning_curve(&trainer().fit(&points).unwrap().history));
    assert!(!shown.iter().any(|text| text.contains("validation")), "{shown:?}");
    // Of nothing, a picture without curves.
    assert!(plot::learning_curve(&Default::default()).svg().ends_with("</svg>\n"));
    let curve = trainer().find_learning_rate(&points, 1e-3..=10.0, 100).unwrap();
    assert!(plot::learning_rates(&curve).svg().contains("polyline"));
}

#[test]
fn a_confusion_matrix_shows_counts_and_names() {
    let mut matrix = ConfusionMatrix::<2>::new();
    (0..7).for_each(|_| matrix.record(0, 0));
    (0..3).for_each(|_| matrix.record(1, 0));
    let shown = texts(&plot::confusion(&matrix, Some(&["benign", "malignant"])));
    for text in ["7", "3", "0", "benign", "malignant", "malign"] {
        assert!(shown.contains(&text.into()), "{text}: {shown:?}");
    }
    assert!(texts(&plot::confusion(&matrix, None)).contains(&"1".into()));
}

#[test]
fn curves_show_their_areas() {
    let pairs = || [(0.9, true), (0.8, true), (0.7, false), (0.3, true), (0.1, false)];
    let roc = plot::roc(&RocCurve::of(pairs()).unwrap());
    assert!(texts(&roc).contains(&"area 0.8333".into()));
    let curve = plot::precision_recall(&PrecisionRecallCurve::of(pairs()).unwrap());
    assert!(texts(&curve).contains(&"average precision 0.9167".into()), "{:?}", texts(&curve));
    assert!(plot::calibration(&CalibrationCurve::of(pairs(), 5).unwrap()).svg().contains("perfect"));
    assert!(plot::predictions(&[[1.0_f32], [2.5]], &[[1.0], [2.0]]).svg().contains("samples"));
    assert!(plot::predictions(&[[f64::MAX], [f64::NAN]], &[[f64::MIN], [1.0]]).svg().ends_with("</svg>\n"));
    assert!(plot::predictions::<f32>(&[], &[]).svg().ends_with("</svg>\n"));
}

#[test]
fn pictures_are_saved_whole() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("filters.svg");
    let picture = plot::filters(&[[[[0.5_f32, -1.0], [f32::NAN, 0.0]]; 2]; 3]);
    picture.save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), picture.svg());
    assert_eq!(picture.svg().matches("<rect").count(), 1 + 3 * 2 * 4);
}
