//! Classifies cells as malignant or benign by 30 measurements: a table with named classes, class weights, cross-validation, and
//! batch norms that are folded for inference.
//!
//! `cargo run --release --features csv --example tabular -- [SEED]`. The data and its source: `data/breast-cancer`.

use std::env::args;
use std::error::Error;

use fnn::data::{Csv, Missing, Normalizer, Split};
use fnn::metrics::ConfusionMatrix;
use fnn::{
    DataSet, Folded, Trainer,
    losses::CrossEntropy,
    optimizers::{AdamW, Optimizer, Schedule},
    train::{Progress, cross_validate, evaluate},
};

/// The columns of the table that are measurements.
#[rustfmt::skip]
const MEASUREMENTS: [&str; 30] = [
    "radius_mean", "texture_mean", "perimeter_mean", "area_mean", "smoothness_mean",
    "compactness_mean", "concavity_mean", "concave_points_mean", "symmetry_mean", "fractal_dimension_mean",
    "radius_error", "texture_error", "perimeter_error", "area_error", "smoothness_error",
    "compactness_error", "concavity_error", "concave_points_error", "symmetry_error", "fractal_dimension_error",
    "radius_worst", "texture_worst", "perimeter_worst", "area_worst", "smoothness_worst",
    "compactness_worst", "concavity_worst", "concave_points_worst", "symmetry_worst", "fractal_dimension_worst",
];

/// The measurements of a sample.
type Cells = [f32; 30];

fnn::network! {
    /// Scores the two diagnoses. A dense layer right before a `BatchNorm` needs no bias, because the norm has one.
    struct Diagnosis: [30] -> [2] {
        normalize: Normalize,
        hidden1: Dense(16, bias = false),
        BatchNorm,
        Relu,
        Dropout(0.3),
        hidden2: Dense(8, bias = false),
        BatchNorm,
        Relu,
        Dropout(0.3),
        scores: Dense(2),
    }
}

const EPOCHS: usize = 40;
const BATCH: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let seed = args().nth(1).map_or(Ok(1), |seed| seed.parse::<u64>())?;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast-cancer/wdbc.csv");
    // A row in which a cell is missing would be left out; in this table, none is.
    let (all, diagnoses) = Csv::new(path).missing(Missing::Drop).classification::<30, 2>(MEASUREMENTS, "diagnosis")?;
    let Split { train, test } = all.hold_out_by_class(0.25, seed)?;
    println!("{}\n\n{} samples to train on, {} to test on", Diagnosis::summary(), train.len(), test.len());

    // What to compare settings by: the test set is for the end.
    let folds = cross_validate(train.folds_by_class(5, seed)?, |_, Split { train, test }| {
        Ok(evaluate(&fit(train, seed)?, &CrossEntropy, test))
    })?;
    println!("\ncross-validation on the training set\n{folds}");

    let network = fit(&train, seed)?;
    let matrix = ConfusionMatrix::of(&network.forward_all(test.inputs()), test.targets());
    println!("accuracy on the test set {:.1} %\n\n{}", percent(&matrix), matrix.named(&diagnoses.names()));
    println!("\n{}", matrix.report().named(&diagnoses.names()));

    let folded: Folded<Diagnosis> = network.fold_batch_norm();
    let matrix = ConfusionMatrix::of(&folded.forward_all(test.inputs()), test.targets());
    let (before, after) = (Diagnosis::FLASH, Folded::<Diagnosis>::FLASH);
    println!("\nbatch norms folded: {before} bytes of weights become {after}, accuracy {:.1} %", percent(&matrix));
    Ok(())
}

/// Train a network. The normalization is fitted on the training set only, so that nothing leaks from the samples that it is
/// tested on. On one thread, because the folds are trained side by side.
fn fit(train: &DataSet<Cells, usize>, seed: u64) -> Result<Box<Diagnosis>, fnn::Error> {
    let network = Diagnosis { normalize: Normalizer::fit(train.inputs())?, ..Diagnosis::seeded(seed) };
    let steps = EPOCHS * train.len().div_ceil(BATCH);
    let optimizer = AdamW::new(0.01).scheduled(Schedule::cosine(steps as u64));
    // The rarer diagnosis counts as much as the other one.
    let loss = CrossEntropy.class_weights(train.class_weights::<2>());
    let trainer = Trainer::new(network, loss, optimizer).batch_size(BATCH).epochs(EPOCHS).seed(seed).threads(1);
    Ok(trainer.progress(Progress::Silent).fit(train)?.network)
}

fn percent(matrix: &ConfusionMatrix<2>) -> f64 {
    100.0 * matrix.accuracy().unwrap_or(0.0)
}
