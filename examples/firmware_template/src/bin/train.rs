//! Trains the network on the workstation, quantizes it, and writes the file that the firmware includes.
//!
//! `cargo run --features train --bin train`

use std::error::Error;

use fnn::data::Split;
use fnn::metrics::ConfusionMatrix;
use fnn::prelude::*;
use motion::{Motion, NAMES, Readings, readings};

fn main() -> Result<(), Box<dyn Error>> {
    // Replace this by your recordings.
    let all: DataSet<Readings, usize> = (0..1500).map(|seed| (readings(seed % 3, seed as u64), seed % 3)).collect();
    let Split { train, test } = all.hold_out_by_class(0.2, 1)?;

    let trained = Trainer::new(Motion::boxed(1), CrossEntropy, Adam::new(0.005))
        .epochs(10)
        .seed(1)
        .validate(&test)
        .fit(&train)?;

    // Quantizing folds the batch norms first. The report says how far each layer is off.
    let samples = &train.inputs()[..200];
    let (network, report) = trained.network.quantize_and_report(samples, Calibration::MinMax)?;
    println!("\n{report}");
    let matrix = ConfusionMatrix::<3>::of(&network.forward_all(test.inputs()), test.targets());
    println!("{NAMES:?} in int8, on readings that it hasn't seen:\n{matrix}");

    network.save(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/motion.int8"))?;
    Ok(())
}
