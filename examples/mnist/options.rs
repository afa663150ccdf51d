//! What can be chosen on the command line.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

const HELP: &str = "\
Trains a network of 784-128-10 units on handwritten digits.

cargo run --release --example mnist -- [OPTIONS]

  --epochs NUMBER          passes over the training set [10]
  --batch-size NUMBER      samples of one mini-batch [64]
  --learning-rate NUMBER   at the start, from where it falls along a cosine [0.1]
  --seed NUMBER            of the first weights and of the samples' order [1]
  --threads NUMBER         threads to train on [one for each core]
  --data FOLDER            of MNIST's four files, or Fashion-MNIST's [data/mnist]
  --save FILE              where the trained weights go, as safetensors [nowhere]
  --help                   this text";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) epochs: usize,
    pub(crate) batch_size: usize,
    pub(crate) learning_rate: f64,
    pub(crate) seed: u64,
    pub(crate) threads: Option<usize>,
    pub(crate) data: PathBuf,
    pub(crate) save: Option<PathBuf>,
}

impl Options {
    /// Read the command line. `None` where it asks for help, which is printed.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let mut options =
            Self { epochs: 10, batch_size: 64, learning_rate: 0.1, seed: 1, threads: None, data: folder(), save: None };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("epochs") => options.epochs = arguments.value()?.parse()?,
                Long("batch-size") => options.batch_size = arguments.value()?.parse()?,
                Long("learning-rate") => options.learning_rate = arguments.value()?.parse()?,
                Long("seed") => options.seed = arguments.value()?.parse()?,
                Long("threads") => options.threads = Some(arguments.value()?.parse()?),
                Long("data") => options.data = arguments.value()?.into(),
                Long("save") => options.save = Some(arguments.value()?.into()),
                Long("help") | Short('h') => {
                    println!("{HELP}");
                    return Ok(None);
                }
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

/// Where the digits are: below the current folder, or else below the package's.
fn folder() -> PathBuf {
    let folder = Path::new("data/mnist");
    if folder.exists() { folder.into() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join(folder) }
}
