//! Classifies cells as malignant or benign by 30 measurements: tabular data, batch normalization, and folding it for inference.
//!
//! `cargo run --release --example tabular -- [SEED]`. The data and its source: `data/breast-cancer`.

use std::env::args;
use std::error::Error;
use std::path::Path;

use fnn::data::{Normalizer, Split};
use fnn::metrics::ConfusionMatrix;
use fnn::{
    DataSet, Folded, Trainer,
    losses::CrossEntropy,
    optimizers::{AdamW, Optimizer, Schedule},
    train::{Progress, Trained},
};

/// The measurements of a sample.
type Cells = [f32; 30];

/// The classes, in the order of their scores.
const DIAGNOSES: [&str; 2] = ["benign", "malignant"];

fnn::network! {
    /// Scores the two diagnoses. A dense layer right before a `BatchNorm` needs no bias, because the norm has one.
    struct Diagnosis: [30] -> [2] {
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
    let all = read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast-cancer/wdbc.csv"))?;
    let Split { train, test } = all.hold_out_by_class(0.25, seed)?;

    // Fit on the training set only, so that nothing leaks from the test set.
    let normalizer = Normalizer::fit(train.inputs())?;
    let normal = |set: DataSet<Cells, usize>| set.map_inputs(|cells| normalizer.transform(&cells));
    let (train, test) = (normal(train), normal(test));
    println!("{}\n\n{} samples to train on, {} to test on", Diagnosis::summary(), train.len(), test.len());

    let steps = EPOCHS * train.len().div_ceil(BATCH);
    let optimizer = AdamW::new(0.01).scheduled(Schedule::cosine(steps as u64));
    let Trained { network, .. } = Trainer::new(Diagnosis::seeded(seed), CrossEntropy, optimizer)
        .batch_size(BATCH)
        .epochs(EPOCHS)
        .seed(seed)
        .progress(Progress::Silent)
        .fit(&train)?;

    let matrix = ConfusionMatrix::of(&network.forward_all(test.inputs()), test.targets());
    println!("\naccuracy on the test set {:.1} %\n\n{matrix}", percent(&matrix));
    println!("\n{}", matrix.report().named(&DIAGNOSES));

    let folded: Folded<Diagnosis> = network.fold_batch_norm();
    let matrix = ConfusionMatrix::of(&folded.forward_all(test.inputs()), test.targets());
    let (before, after) = (Diagnosis::FLASH, Folded::<Diagnosis>::FLASH);
    println!("\nbatch norms folded: {before} bytes of weights become {after}, accuracy {:.1} %", percent(&matrix));
    Ok(())
}

fn percent(matrix: &ConfusionMatrix<2>) -> f64 {
    100.0 * matrix.accuracy().unwrap_or(0.0)
}

/// Read the table: a header, then 30 columns of numbers and one with the diagnosis.
fn read(path: impl AsRef<Path>) -> Result<DataSet<Cells, usize>, Box<dyn Error>> {
    let mut samples = Vec::new();
    for (row, record) in csv::Reader::from_path(path)?.records().enumerate() {
        let record = record?;
        let numbers: Vec<f32> = record.iter().take(30).map(str::parse).collect::<Result<_, _>>()?;
        let cells = Cells::try_from(numbers).map_err(|_| format!("row {row} has too few numbers"))?;
        let class = DIAGNOSES.iter().position(|diagnosis| record.get(30) == Some(*diagnosis));
        samples.push((cells, class.ok_or_else(|| format!("row {row} has no diagnosis"))?));
    }
    Ok(samples.into_iter().collect())
}
