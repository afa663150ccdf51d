//! Properties of resuming from a file of arbitrary bytes, shared with the fuzz target.

use std::fs;
use std::path::PathBuf;

use fnn::losses::CrossEntropy;
use fnn::optimizers::Adam;
use fnn::train::{Checkpoints, Progress, Trained, TrainingError};
use fnn::{DataSet, Trainer};

fnn::network! {
    /// Small enough that a mutation of its checkpoint often hits something.
    pub(crate) struct Tiny: [2] -> [2] { hidden: Dense(2), BatchNorm, Relu, out: Dense(2) }
}

type Fit = Result<Trained<Tiny>, TrainingError<Tiny>>;

/// Trains for two mini-batches, with checkpoints in a folder that at first has this file.
fn fit(file: Option<&[u8]>) -> (Fit, PathBuf) {
    let data: DataSet<[f32; 2], usize> = [([0.0, 1.0], 1), ([1.0, 0.5], 0), ([0.5, 0.0], 0), ([1.0, 1.0], 1)].into();
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let folder = std::env::temp_dir().join(format!("fnn-checkpoint-{}-{thread}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the checkpoint");
    if let Some(file) = file {
        fs::write(folder.join("step-000000000001.safetensors"), file).expect("the checkpoint is written");
    }
    let trainer = Trainer::new(Tiny::seeded(1), CrossEntropy, Adam::new(0.01)).batch_size(2).epochs(1).seed(1);
    let trainer = trainer.threads(1).progress(Progress::Silent).resume(&folder);
    let fit = match file {
        Some(_) => trainer.fit(&data),
        None => trainer.checkpoint(Checkpoints::new(&folder).every_steps(1)).fit(&data),
    };
    (fit, folder)
}

/// The bytes of a checkpoint after one mini-batch.
#[allow(dead_code, reason = "the fuzz target begins with nothing")]
pub(crate) fn good() -> Vec<u8> {
    let (fit, folder) = fit(None);
    fit.expect("nothing is wrong");
    let bytes = fs::read(folder.join("step-000000000001.safetensors")).expect("a checkpoint after the first step");
    fs::remove_dir_all(folder).expect("the folder is there");
    bytes
}

/// Resume from `bytes`: either training goes on from them, or there is an error with a message. Returns whether it goes
/// on.
pub(crate) fn check(bytes: &[u8]) -> bool {
    let (fit, folder) = fit(Some(bytes));
    let _ = fs::remove_dir_all(folder);
    match fit {
        Ok(trained) => {
            assert!(trained.network.parameters().iter().all(|weight| weight.is_finite()));
            true
        }
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty() && message.len() < 100_000, "{message}");
            false
        }
    }
}
